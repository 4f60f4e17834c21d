use ports::{Embedder, ProductIndex, ProductStore};
use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

type Refresh = dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

/// A fresh, empty adapter of the port `P`, and what a suite must know of it.
pub struct Subject<P: ?Sized> {
    port: Arc<P>,
    refresh: Option<Box<Refresh>>,
    size: usize,
    kept: Vec<Box<dyn Any + Send + Sync>>,
}

impl Subject<dyn ProductStore> {
    /// A store whose writes are seen at once.
    pub fn store(store: impl ProductStore + 'static) -> Self {
        Self::new(Arc::new(store))
    }
}

impl Subject<dyn ProductIndex> {
    /// An index whose writes are seen at once.
    pub fn index(index: impl ProductIndex + 'static) -> Self {
        Self::new(Arc::new(index))
    }
}

impl Subject<dyn Embedder> {
    /// An embedder.
    pub fn embedder(embedder: impl Embedder + 'static) -> Self {
        Self::new(Arc::new(embedder))
    }
}

impl<P: ?Sized> Subject<P> {
    fn new(port: Arc<P>) -> Self {
        Self { port, refresh: None, size: 2_000, kept: Vec::new() }
    }

    /// The same, where what was written is seen after `refresh` at the latest.
    #[must_use]
    pub fn refreshed_by<F>(self, refresh: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self { refresh: Some(Box::new(move || Box::pin(refresh()))), ..self }
    }

    /// The same, where rules about many products use `size` of them; 2,000 unless told.
    #[must_use]
    pub fn of_size(self, size: usize) -> Self {
        Self { size, ..self }
    }

    /// The same, which keeps `guard` for as long as it is used: a folder, a schema, a server.
    #[must_use]
    pub fn keeping(mut self, guard: impl Any + Send + Sync) -> Self {
        self.kept.push(Box::new(guard));
        self
    }

    /// Makes all that was written visible.
    pub async fn refresh(&self) {
        if let Some(refresh) = &self.refresh {
            refresh().await;
        }
    }

    /// How many products make many.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The adapter, for a task of its own.
    pub fn share(&self) -> Arc<P> {
        Arc::clone(&self.port)
    }
}

impl<P: ?Sized> Deref for Subject<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.port
    }
}

impl<P: ?Sized + fmt::Debug> fmt::Debug for Subject<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("port", &self.port)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

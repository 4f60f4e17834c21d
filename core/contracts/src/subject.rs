use akin_entities::ProductId;
use akin_ports::{ChangeQueue, DeadLetters, Embedder, ProductIndex, ProductStore, RunLog};
use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

type Done = Pin<Box<dyn Future<Output = ()> + Send>>;
type Refresh = dyn Fn() -> Done + Send + Sync;
type Pass = dyn Fn(Duration) -> Done + Send + Sync;

/// A fresh, empty adapter of the port `P`, with what a suite needs to know about it.
pub struct Subject<P: ?Sized> {
    port: Arc<P>,
    refresh: Option<Box<Refresh>>,
    pass: Option<Box<Pass>>,
    set_back: Option<Box<Pass>>,
    dead_letters: Option<Arc<dyn DeadLetters>>,
    runs: Option<Arc<dyn RunLog>>,
    refused: Option<ProductId>,
    size: usize,
    kept: Vec<Box<dyn Any + Send + Sync>>,
}

impl Subject<dyn ProductStore> {
    /// Returns a store whose writes are visible at once, with the log of its runs.
    pub fn store(store: impl ProductStore + 'static, runs: impl RunLog + 'static) -> Self {
        Self { runs: Some(Arc::new(runs)), ..Self::new(Arc::new(store)) }
    }

    /// Returns the log of the store's runs.
    pub fn runs(&self) -> &dyn RunLog {
        &**self.runs.as_ref().expect("the subject of a store has a log of its runs")
    }
}

impl Subject<dyn ProductIndex> {
    /// Returns an index whose writes are visible at once.
    pub fn index(index: impl ProductIndex + 'static) -> Self {
        Self::new(Arc::new(index))
    }
}

impl Subject<dyn Embedder> {
    /// Returns an embedder.
    pub fn embedder(embedder: impl Embedder + 'static) -> Self {
        Self::new(Arc::new(embedder))
    }
}

impl Subject<dyn RunLog> {
    /// Returns a run log whose records are visible at once. `move_leases` moves the ends of all leases
    /// by so many microseconds.
    pub fn run_log<F>(
        log: impl RunLog + 'static,
        move_leases: impl Fn(i64) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let sooner = Arc::new(move_leases);
        let later = Arc::clone(&sooner);
        let micros = |time: Duration| i64::try_from(time.as_micros()).expect("a time");
        Self {
            pass: Some(Box::new(move |time| Box::pin(sooner(-micros(time))))),
            set_back: Some(Box::new(move |time| Box::pin(later(micros(time))))),
            ..Self::new(Arc::new(log))
        }
    }

    /// Sets the clock back by `time`: leases end that much later.
    pub async fn set_back(&self, time: Duration) {
        let set_back = self.set_back.as_ref().expect("the subject of a run log has a clock");
        set_back(time).await;
    }
}

impl Subject<dyn ChangeQueue> {
    /// Returns a queue with its dead letters. `pass` makes time pass: leases and delays end that much
    /// sooner.
    pub fn queue<F>(
        queue: Arc<dyn ChangeQueue>,
        dead_letters: Arc<dyn DeadLetters>,
        pass: impl Fn(Duration) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self {
            pass: Some(Box::new(move |time| Box::pin(pass(time)))),
            dead_letters: Some(dead_letters),
            ..Self::new(queue)
        }
    }

    /// Returns the dead letters of the queue.
    pub fn dead_letters(&self) -> &dyn DeadLetters {
        &**self.dead_letters.as_ref().expect("the subject of a queue has dead letters")
    }
}

impl<P: ?Sized> Subject<P> {
    fn new(port: Arc<P>) -> Self {
        Self {
            port,
            refresh: None,
            pass: None,
            set_back: None,
            dead_letters: None,
            runs: None,
            refused: None,
            size: 2_000,
            kept: Vec::new(),
        }
    }

    /// Returns the subject of an adapter whose writes are visible after `refresh` at the latest.
    #[must_use]
    pub fn refreshed_by<F>(self, refresh: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self { refresh: Some(Box::new(move || Box::pin(refresh()))), ..self }
    }

    /// Returns the subject with `size` products for rules about many; the default is 2,000.
    #[must_use]
    pub fn of_size(self, size: usize) -> Self {
        Self { size, ..self }
    }

    /// Returns the subject of an adapter that cannot hold a product with the id `refused`.
    #[must_use]
    pub fn refusing(self, refused: ProductId) -> Self {
        Self { refused: Some(refused), ..self }
    }

    /// Returns the subject, holding `guard` (a folder, a schema, a server) for as long as it lives.
    #[must_use]
    pub fn keeping(mut self, guard: impl Any + Send + Sync) -> Self {
        self.kept.push(Box::new(guard));
        self
    }

    /// Makes all writes visible.
    pub async fn refresh(&self) {
        if let Some(refresh) = &self.refresh {
            refresh().await;
        }
    }

    /// Makes `time` pass.
    pub async fn pass(&self, time: Duration) {
        let pass = self.pass.as_ref().expect("a subject with time is told how it passes");
        pass(time).await;
    }

    /// Returns an id that the adapter cannot hold; `None` if it holds every id.
    pub fn refused(&self) -> Option<&ProductId> {
        self.refused.as_ref()
    }

    /// Returns the number of products of rules about many.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Returns the adapter, to be used by another task.
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

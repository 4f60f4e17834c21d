use super::Settings;
use akin_ports::PortResult;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// Reads the settings again when the server has rejected the user or the password: the secret that
/// they come from may have been rotated.
#[derive(Clone)]
pub struct Renewal(Arc<dyn Fn() -> RenewedSettings + Send + Sync>);

/// Settings that are being read.
pub type RenewedSettings = Pin<Box<dyn Future<Output = PortResult<Settings>> + Send>>;

impl Renewal {
    /// Creates a renewal by `read`, which is called once for each rejected connection.
    pub fn new(read: impl Fn() -> RenewedSettings + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    pub(crate) async fn read(&self) -> PortResult<Settings> {
        (self.0)().await
    }
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Renewal")
    }
}

use tokio_rustls::rustls::crypto::ring;

/// Selects the TLS implementation of this process, unless one is selected already.
///
/// Two are compiled in, one for each server's client, and rustls panics at the first connection
/// when it has to guess.
pub(crate) fn install() {
    if ring::default_provider().install_default().is_err() {
        tracing::trace!("a TLS implementation is already installed");
    }
}

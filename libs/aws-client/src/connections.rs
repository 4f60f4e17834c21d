//! Connections to services, of which none that has been idle for long is used again.

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// The longest time that a connection may be idle. Services close idle connections after some 20 s.
const MAX_IDLE: Duration = Duration::from_secs(15);

/// The number of idle connections kept per service.
const MAX_IDLE_CONNECTIONS: usize = 4;

/// Pools of connections, one for each pair of timeouts.
///
/// A process that was frozen, as a Lambda is between its calls, finds connections that died without a
/// word: its monotonic clock stood still, so that they look fresh to the pool's own timer. So the time
/// between two requests is also measured by the wall clock, and a pool that was unused for
/// [`MAX_IDLE`] is replaced.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    pools: Mutex<HashMap<Timeouts, Pool>>,
}

/// The timeouts of connecting and reading.
type Timeouts = (Option<Duration>, Option<Duration>);

#[derive(Debug)]
struct Pool {
    connector: SharedHttpConnector,
    used: SystemTime,
}

impl HttpClient for Connections {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let now = components.time_source().map_or_else(SystemTime::now, |clock| clock.now());
        self.connector(settings, now, || new_pool(settings, components))
    }
}

impl Connections {
    fn connector(
        &self,
        settings: &HttpConnectorSettings,
        now: SystemTime,
        new: impl Fn() -> SharedHttpConnector,
    ) -> SharedHttpConnector {
        let timeouts = (settings.connect_timeout(), settings.read_timeout());
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = pools.entry(timeouts).or_insert_with(|| Pool { connector: new(), used: now });
        // A clock that was set back tells nothing, so the pool is replaced then too.
        if now.duration_since(pool.used).is_ok_and(|idle| idle <= MAX_IDLE) {
            pool.used = now;
        } else {
            *pool = Pool { connector: new(), used: now };
        }
        pool.connector.clone()
    }
}

fn new_pool(
    settings: &HttpConnectorSettings,
    components: &RuntimeComponents,
) -> SharedHttpConnector {
    let mut builder = Connector::builder()
        .connector_settings(settings.clone())
        .pool_idle_timeout(MAX_IDLE)
        .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
        .proxy_config(ProxyConfig::from_env());
    builder.set_sleep_impl(components.sleep_impl());
    let connector = builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build();
    SharedHttpConnector::new(connector)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use std::cell::Cell;

    #[derive(Debug)]
    struct NoConnection;

    impl HttpConnector for NoConnection {
        fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
            HttpConnectorFuture::ready(Err(ConnectorError::user("not connected".into())))
        }
    }

    /// Asks for a connector at each of these seconds, and returns how many pools were made.
    fn pools(seconds: &[u64]) -> usize {
        let connections = Connections::default();
        let settings = HttpConnectorSettings::builder().build();
        let made = Cell::new(0);
        for second in seconds {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(*second);
            connections.connector(&settings, now, || {
                made.set(made.get() + 1);
                SharedHttpConnector::new(NoConnection)
            });
        }
        made.get()
    }

    #[test]
    fn connections_are_kept_while_they_are_used() {
        assert_eq!(pools(&[100, 100, 115, 130, 145]), 1);
    }

    #[test]
    fn connections_that_were_idle_for_long_are_not_used_again() {
        assert_eq!(pools(&[100, 116, 117]), 2);
        assert_eq!(pools(&[100, 90, 91]), 2, "the clock was set back");
    }

    #[test]
    fn calls_with_other_timeouts_have_connections_of_their_own() {
        let connections = Connections::default();
        let made = Cell::new(0);
        for timeout in [1, 2, 1] {
            let timeout = Duration::from_secs(timeout);
            let settings = HttpConnectorSettings::builder().read_timeout(timeout).build();
            connections.connector(&settings, SystemTime::UNIX_EPOCH, || {
                made.set(made.get() + 1);
                SharedHttpConnector::new(NoConnection)
            });
        }
        assert_eq!(made.get(), 2);
    }
}

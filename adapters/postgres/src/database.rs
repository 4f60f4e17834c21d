//! The connection pool. Calls have a time limit, and are repeated after transient errors.

use crate::error::Failure;
use crate::names::Names;
use crate::settings::Settings;
use akin_ports::PortResult;
use async_trait::async_trait;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, Postgres};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// The maximum number of attempts of a call that met a conflict or lost its connection.
const MAX_ATTEMPTS: u32 = 6;

/// The pause before the second attempt. Each next pause is twice as long, at most 1.5 s in total.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The margin of the client's time limit over the server's, whose error is more specific.
const CLIENT_MARGIN: Duration = Duration::from_secs(2);

/// The minimum size of the pool: changes are relayed from the outbox, over one connection, to the queue,
/// over another one.
const MIN_CONNECTIONS: u32 = 2;

/// A connection that was idle for longer is pinged before it is used.
const MAX_UNCHECKED_IDLE: Duration = Duration::from_secs(1);

/// An open database.
#[derive(Debug)]
pub(crate) struct Database {
    pool: PgPool,
    pub(crate) names: Names,
    pub(crate) settings: Settings,
    losses: Arc<ConnectionLosses>,
}

/// The time when a connection was last lost. Older connections are discarded: a server that
/// restarts closes all of them.
#[derive(Debug, Default)]
struct ConnectionLosses(Mutex<Option<Instant>>);

impl ConnectionLosses {
    fn record(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn happened_within(&self, age: Duration) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() < age)
    }
}

/// A unit of work on one connection. It may run twice, if its first response was lost.
#[async_trait]
pub(crate) trait Call: Sync {
    /// The result of the call.
    type Answer: Send;

    /// The time limit, if it is longer than that of a statement.
    fn time_limit(&self) -> Option<Duration> {
        None
    }

    /// Runs the call.
    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure>;
}

impl Database {
    /// Creates a pool that connects on first use.
    pub(crate) fn new(settings: Settings, names: Names) -> Self {
        let losses = Arc::new(ConnectionLosses::default());
        let (known_losses, session) = (Arc::clone(&losses), session(&settings));
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections.get().max(MIN_CONNECTIONS))
            .acquire_timeout(settings.connect_timeout())
            .idle_timeout(Duration::from_mins(5))
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                let session = session.clone();
                Box::pin(async move {
                    connection.execute(AssertSqlSafe(session)).await?;
                    Ok(())
                })
            })
            .before_acquire(move |connection, metadata| {
                let losses = Arc::clone(&known_losses);
                Box::pin(async move {
                    if losses.happened_within(metadata.age) {
                        return Ok(false);
                    }
                    if metadata.idle_for > MAX_UNCHECKED_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            });
        let pool = pool.connect_lazy_with(settings.connect_options());
        Self { pool, names, settings, losses }
    }

    /// Runs `call`, and repeats it after transient errors.
    pub(crate) async fn call<C: Call>(&self, call: &C) -> PortResult<C::Answer> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..MAX_ATTEMPTS {
            match self.attempt(call).await {
                Err(failure) if failure.is_transient() => {
                    tracing::debug!(?failure, "a call to Postgres is repeated");
                    sleep(pause).await;
                    pause *= 2;
                }
                result => return result.map_err(|failure| self.port(failure)),
            }
        }
        self.attempt(call).await.map_err(|failure| self.port(failure))
    }

    async fn attempt<C: Call>(&self, call: &C) -> Result<C::Answer, Failure> {
        let mut connection = self.acquire().await?;
        let limit = call.time_limit().unwrap_or(self.settings.statement_timeout()) + CLIENT_MARGIN;
        let result = timeout(limit, call.run(&mut connection, &self.names)).await;
        let result = result.unwrap_or(Err(Failure::Slow(limit)));
        if let Err(failure) = &result
            && failure.ends_connection()
        {
            connection.close_on_drop();
            if failure.is_transient() {
                self.losses.record();
            }
        }
        result
    }

    /// Takes a connection. If its user or password is rejected, the settings are read again once.
    async fn acquire(&self) -> Result<PoolConnection<Postgres>, Failure> {
        let failure = match self.pool.acquire().await {
            Ok(connection) => return Ok(connection),
            Err(error) => Failure::from(error),
        };
        match &self.settings.renewal {
            Some(renewal) if failure.is_rejected_login() => {
                let renewed = renewal.read().await?;
                self.pool.set_connect_options(renewed.connect_options());
                Ok(self.pool.acquire().await?)
            }
            _ => Err(failure),
        }
    }

    fn port(&self, failure: Failure) -> akin_ports::PortError {
        failure.into_port(&self.settings.server())
    }
}

/// Returns the statements that set up each session. Searches gain nothing from JIT, and need plans
/// for their actual values: the number of rows that a filter leaves decides how to find them.
fn session(settings: &Settings) -> String {
    let timeout = settings.statement_timeout().as_millis();
    let idle = 2 * timeout;
    format!(
        "SET statement_timeout = {timeout}; SET idle_in_transaction_session_timeout = {idle}; \
         SET jit = off; SET plan_cache_mode = force_custom_plan; \
         SET hnsw.iterative_scan = relaxed_order; SET hnsw.ef_search = 400; \
         SET hnsw.max_scan_tuples = 200000; SET hnsw.scan_mem_multiplier = 8"
    )
}

/// Opens a connection outside the pool. Its errors are specific. If the user or the password is
/// rejected, the settings are read again once.
pub(crate) async fn connect(settings: &Settings) -> Result<PgConnection, Failure> {
    let connected = connect_once(settings).await;
    match (&settings.renewal, connected) {
        (Some(renewal), Err(failure)) if failure.is_rejected_login() => {
            connect_once(&renewal.read().await?).await
        }
        (_, connected) => connected,
    }
}

async fn connect_once(settings: &Settings) -> Result<PgConnection, Failure> {
    let limit = settings.connect_timeout();
    let connected = timeout(limit, async {
        let host = (settings.host(), settings.port);
        if let Err(error) = tokio::net::lookup_host(host).await {
            let what = format!("the host cannot be resolved ({error})");
            return Err(Failure::misconfigured(what, "set POSTGRES_HOST to the server's name"));
        }
        let options: PgConnectOptions = settings.connect_options();
        let mut connection = PgConnection::connect_with(&options).await?;
        connection.execute(AssertSqlSafe(session(settings))).await?;
        Ok(connection)
    });
    connected.await.unwrap_or(Err(Failure::Unreachable(limit)))
}

/// A statement with bound values.
pub(crate) type SqlQuery = sqlx::query::Query<'static, Postgres, sqlx::postgres::PgArguments>;

/// Creates a query from a statement that contains only this crate's own text and quoted names.
pub(crate) fn query(statement: String) -> SqlQuery {
    sqlx::query(AssertSqlSafe(statement))
}

/// Returns the value of column `at`.
pub(crate) fn get<'r, T>(row: &'r PgRow, at: usize) -> Result<T, sqlx::Error>
where
    T: sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>,
{
    sqlx::Row::try_get(row, at)
}

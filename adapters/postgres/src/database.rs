//! The pool of connections, and how a call uses one: with a limit of time, and again where that
//! helps.

use crate::error::Failure;
use crate::names::Names;
use crate::settings::Settings;
use akin_ports::PortResult;
use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, Postgres};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// How often a call is made again that met another or lost its connection.
const MAX_ATTEMPTS: u32 = 6;

/// Before the second try; each next pause is twice as long, so that a call waits 1.5 s at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// What a statement may take longer at the client than at the server, which says more.
const PATIENCE: Duration = Duration::from_secs(2);

/// A connection that lay idle for so long is asked whether it still lives.
const FRESH: Duration = Duration::from_secs(1);

/// A database, open.
#[derive(Debug)]
pub(crate) struct Database {
    pool: PgPool,
    pub(crate) names: Names,
    pub(crate) settings: Settings,
    losses: Arc<Losses>,
}

/// When a connection was last lost. Those that are older than that are not trusted: a server that
/// restarts ends all of them.
#[derive(Debug, Default)]
struct Losses(Mutex<Option<Instant>>);

impl Losses {
    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn since(&self, age: Duration) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() < age)
    }
}

/// Something to be done on one connection. It may be done twice, if its first answer was lost.
#[async_trait]
pub(crate) trait Call: Sync {
    /// What it answers.
    type Answer: Send;

    /// How long it may take, if that is longer than a statement may.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// Does it.
    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure>;
}

impl Database {
    /// A pool that connects when it is used.
    pub(crate) fn new(settings: Settings, names: Names) -> Self {
        let losses = Arc::new(Losses::default());
        let (known, session) = (Arc::clone(&losses), session(&settings));
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections.get())
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
            .before_acquire(move |connection, held| {
                let known = Arc::clone(&known);
                Box::pin(async move {
                    if known.since(held.age) {
                        return Ok(false);
                    }
                    if held.idle_for > FRESH {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            });
        let pool = pool.connect_lazy_with(settings.connect_options());
        Self { pool, names, settings, losses }
    }

    /// Makes `call`, and again if it passes.
    pub(crate) async fn call<C: Call>(&self, call: &C) -> PortResult<C::Answer> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..MAX_ATTEMPTS {
            match self.attempt(call).await {
                Err(failure) if failure.is_passing() => {
                    tracing::debug!(?failure, "a call to Postgres is made again");
                    sleep(pause).await;
                    pause *= 2;
                }
                done => return done.map_err(|failure| self.port(failure)),
            }
        }
        self.attempt(call).await.map_err(|failure| self.port(failure))
    }

    async fn attempt<C: Call>(&self, call: &C) -> Result<C::Answer, Failure> {
        let mut connection = self.pool.acquire().await?;
        let limit = call.patience().unwrap_or(self.settings.statement_timeout()) + PATIENCE;
        let done = timeout(limit, call.run(&mut connection, &self.names)).await;
        let done = done.unwrap_or(Err(Failure::Slow(limit)));
        if let Err(failure) = &done
            && failure.ends_connection()
        {
            connection.close_on_drop();
            if failure.is_passing() {
                self.losses.note();
            }
        }
        done
    }

    fn port(&self, failure: Failure) -> akin_ports::PortError {
        failure.port(&self.settings.place())
    }
}

/// What a connection is told before it is used. A search needs no compiler, and a plan that knows
/// the values: how many rows they leave decides how to find them.
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

/// A connection of its own, outside of any pool: says at once what is wrong.
pub(crate) async fn connect(settings: &Settings) -> Result<PgConnection, Failure> {
    let limit = settings.connect_timeout();
    let connected = timeout(limit, async {
        let host = (settings.host(), settings.port);
        if let Err(error) = tokio::net::lookup_host(host).await {
            let what = format!("the host is unknown ({error})");
            return Err(Failure::misconfigured(what, "set POSTGRES_HOST to the server's name"));
        }
        let options: PgConnectOptions = settings.connect_options();
        let mut connection = PgConnection::connect_with(&options).await?;
        connection.execute(AssertSqlSafe(session(settings))).await?;
        Ok(connection)
    });
    connected.await.unwrap_or(Err(Failure::Unreachable(limit)))
}

/// A query of a statement that this crate filled with names; values are bound.
pub(crate) fn query(
    statement: String,
) -> sqlx::query::Query<'static, Postgres, sqlx::postgres::PgArguments> {
    sqlx::query(AssertSqlSafe(statement))
}

/// The value of a row's column `at`.
pub(crate) fn get<'r, T>(row: &'r PgRow, at: usize) -> Result<T, sqlx::Error>
where
    T: sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>,
{
    sqlx::Row::try_get(row, at)
}

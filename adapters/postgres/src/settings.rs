mod renewal;
mod values;

pub use renewal::{Renewal, RenewedSettings};
pub use values::SslMode;

use crate::names::Names;
use akin_entities::Currency;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

/// The connection to Postgres, and how it is used.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Without this, clap panics on the second `Settings` that a command flattens.
#[command(next_help_heading = "Postgres")]
pub struct Settings {
    /// The server's name or address.
    #[arg(
        id = "postgres_host",
        long = "postgres-host",
        env = "POSTGRES_HOST",
        value_name = "HOST"
    )]
    pub host: Option<String>,

    /// The server's port.
    #[arg(
        id = "postgres_port",
        long = "postgres-port",
        env = "POSTGRES_PORT",
        value_name = "PORT",
        default_value_t = 5432
    )]
    pub port: u16,

    /// The user name.
    #[arg(
        id = "postgres_user",
        long = "postgres-user",
        env = "POSTGRES_USER",
        value_name = "USER"
    )]
    pub user: Option<String>,

    /// The user's password; prefer the environment to a flag.
    #[arg(
        id = "postgres_password",
        long = "postgres-password",
        env = "POSTGRES_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    pub password: Option<SecretString>,

    /// The name of the database.
    #[arg(id = "postgres_db", long = "postgres-db", env = "POSTGRES_DB", value_name = "NAME")]
    pub database: Option<String>,

    /// The TLS mode, as in libpq: `disable`, `prefer`, `require`, `verify-ca`, `verify-full`.
    #[arg(id = "postgres_sslmode", long = "postgres-sslmode", env = "POSTGRES_SSLMODE",
        value_name = "MODE", default_value_t = SslMode::VerifyFull)]
    pub sslmode: SslMode,

    /// A PEM file of certificate authorities to trust in addition to the system's.
    #[arg(
        id = "postgres_sslrootcert",
        long = "postgres-sslrootcert",
        env = "POSTGRES_SSLROOTCERT",
        value_name = "FILE"
    )]
    pub ssl_root_cert: Option<PathBuf>,

    /// The table of products; another program's table is adopted.
    #[arg(
        id = "postgres_raw_product_table_name",
        long = "postgres-raw-product-table-name",
        env = "POSTGRES_RAW_PRODUCT_TABLE_NAME",
        value_name = "TABLE",
        default_value = "raw_products"
    )]
    pub raw_product_table_name: String,

    /// The table of embeddings; another program's table is adopted.
    #[arg(
        id = "postgres_embedded_product_table_name",
        long = "postgres-embedded-product-table-name",
        env = "POSTGRES_EMBEDDED_PRODUCT_TABLE_NAME",
        value_name = "TABLE",
        default_value = "embedded_products"
    )]
    pub embedded_product_table_name: String,

    /// The maximum number of products per read.
    #[arg(
        id = "postgres_fetch_batch_size",
        long = "postgres-fetch-batch-size",
        env = "POSTGRES_FETCH_BATCH_SIZE",
        value_name = "N",
        default_value = "1000"
    )]
    pub fetch_batch_size: NonZeroUsize,

    /// The maximum number of products per write.
    #[arg(
        id = "postgres_upsert_batch_size",
        long = "postgres-upsert-batch-size",
        env = "POSTGRES_UPSERT_BATCH_SIZE",
        value_name = "N",
        default_value = "500"
    )]
    pub upsert_batch_size: NonZeroUsize,

    /// The maximum number of connections of this process, at least 2.
    #[arg(
        id = "postgres_max_connections",
        long = "postgres-max-connections",
        env = "POSTGRES_MAX_CONNECTIONS",
        value_name = "N",
        default_value = "10"
    )]
    pub max_connections: NonZeroU32,

    /// How many seconds to wait for a connection.
    #[arg(
        id = "postgres_connect_timeout",
        long = "postgres-connect-timeout",
        env = "POSTGRES_CONNECT_TIMEOUT",
        value_name = "SECONDS",
        default_value = "5"
    )]
    pub connect_timeout: NonZeroU64,

    /// How many seconds a statement may take.
    #[arg(
        id = "postgres_statement_timeout",
        long = "postgres-statement-timeout",
        env = "POSTGRES_STATEMENT_TIMEOUT",
        value_name = "SECONDS",
        default_value = "30"
    )]
    pub statement_timeout: NonZeroU64,

    /// Up to how many products vector search is exact. Above, it uses an HNSW graph.
    #[arg(
        id = "postgres_exact_rows",
        long = "postgres-exact-rows",
        env = "POSTGRES_EXACT_ROWS",
        value_name = "N",
        default_value_t = 10_000
    )]
    pub exact_rows: u32,

    /// The currency of prices in an adopted table.
    #[arg(id = "postgres_adopted_currency", long = "postgres-adopted-currency",
        env = "POSTGRES_ADOPTED_CURRENCY", value_name = "CODE", default_value = "HKD",
        value_parser = Currency::new)]
    pub adopted_currency: Currency,

    /// Reads the settings again when the user or the password is rejected.
    #[arg(skip)]
    pub renewal: Option<Renewal>,
}

/// Variables of libpq that the driver would obey and nothing can override, and what to do instead.
const STRAY_VARIABLES: [(&str, &str); 3] = [
    ("PGOPTIONS", "akin sets up its sessions itself"),
    ("PGSSLCERT", "akin logs in by --postgres-user (POSTGRES_USER) and a password"),
    ("PGSSLKEY", "akin logs in by --postgres-user (POSTGRES_USER) and a password"),
];

/// Characters of addresses and connection strings, which contain passwords.
const OF_URLS: [char; 4] = ['/', '@', '?', '='];

impl Settings {
    /// Returns all missing or invalid settings by name, without connecting.
    pub fn problems(&self) -> Vec<String> {
        let is_set = |name: &str| std::env::var_os(name).is_some();
        let stray = STRAY_VARIABLES.into_iter().filter(|(name, _)| is_set(name));
        let stray =
            stray.map(|(name, instead)| format!("{name} is set: unset it, since {instead}"));
        let mut problems = self.own_problems();
        problems.extend(stray);
        problems
    }

    fn own_problems(&self) -> Vec<String> {
        let required = [
            (&self.host, "--postgres-host (POSTGRES_HOST)"),
            (&self.user, "--postgres-user (POSTGRES_USER)"),
            (&self.database, "--postgres-db (POSTGRES_DB)"),
        ];
        let missing = required.iter().filter(|(value, _)| is_blank(value.as_ref()));
        let mut problems: Vec<_> = missing.map(|(_, name)| format!("{name} is not set")).collect();
        problems.extend(self.addresses());
        problems.extend(self.names().err().map(|problem| {
            let settings = "POSTGRES_RAW_PRODUCT_TABLE_NAME, POSTGRES_EMBEDDED_PRODUCT_TABLE_NAME";
            format!("{settings}: {problem}")
        }));
        let file = self.ssl_root_cert.as_ref().filter(|file| !file.is_file());
        problems.extend(file.map(|file| {
            format!(
                "--postgres-sslrootcert (POSTGRES_SSLROOTCERT): no such file: {}",
                file.display()
            )
        }));
        problems
    }

    /// Returns the settings that contain more than a host or a database. Messages name both, so they are
    /// refused before a password in them is printed.
    fn addresses(&self) -> impl Iterator<Item = String> {
        let named = [
            (&self.host, "--postgres-host (POSTGRES_HOST) must be a host name or an address"),
            (&self.database, "--postgres-db (POSTGRES_DB) must be the name of a database"),
        ];
        let is_more = |value: &Option<String>| value.iter().any(|value| value.contains(OF_URLS));
        let refused = named.into_iter().filter(move |(value, _)| is_more(value));
        refused.map(|(_, rule)| {
            format!(
                "{rule}, without any of / @ ? =; --postgres-port, --postgres-user and \
                 POSTGRES_PASSWORD give the rest"
            )
        })
    }

    pub(crate) fn names(&self) -> Result<Names, String> {
        Names::new(&self.raw_product_table_name, &self.embedded_product_table_name)
    }

    /// Returns the server's address and database, for messages.
    pub(crate) fn server(&self) -> String {
        let database = self.database.as_deref().unwrap_or_default();
        format!("{}:{}/{database}", self.host(), self.port)
    }

    pub(crate) fn host(&self) -> &str {
        self.host.as_deref().unwrap_or_default()
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.connect_timeout.get())
    }

    pub(crate) fn statement_timeout(&self) -> Duration {
        Duration::from_secs(self.statement_timeout.get())
    }

    /// Returns the options of a connection. The driver reads `PG...` variables: those that could be set
    /// to something else are set here, and [`Settings::problems`] refuses the others.
    pub(crate) fn connect_options(&self) -> PgConnectOptions {
        install_crypto_provider();
        let options = PgConnectOptions::new_without_pgpass()
            .host(self.host())
            .port(self.port)
            .username(self.user.as_deref().unwrap_or_default())
            .password(self.password.as_ref().map_or("", ExposeSecret::expose_secret))
            .database(self.database.as_deref().unwrap_or_default())
            .application_name("akin")
            .ssl_mode(self.ssl_mode());
        match &self.ssl_root_cert {
            Some(file) => options.ssl_root_cert(file),
            // No certificate besides the system's, in place of the one that PGSSLROOTCERT names.
            None => options.ssl_root_cert_from_pem(Vec::new()),
        }
    }

    /// Returns the TLS mode. As in libpq, `require` verifies the authority if a file is set.
    fn ssl_mode(&self) -> PgSslMode {
        match self.sslmode {
            SslMode::Disable => PgSslMode::Disable,
            SslMode::Prefer => PgSslMode::Prefer,
            SslMode::Require if self.ssl_root_cert.is_some() => PgSslMode::VerifyCa,
            SslMode::Require => PgSslMode::Require,
            SslMode::VerifyCa => PgSslMode::VerifyCa,
            SslMode::VerifyFull => PgSslMode::VerifyFull,
        }
    }
}

/// Installs a cryptography provider if the process has none. sqlx panics if two are compiled in and
/// none is chosen, and `OpenSearch`'s client brings another.
fn install_crypto_provider() {
    let ring = tokio_rustls::rustls::crypto::ring::default_provider();
    if ring.install_default().is_err() {
        tracing::trace!("the process already has a cryptography provider");
    }
}

fn is_blank(value: Option<&String>) -> bool {
    value.is_none_or(|value| value.trim().is_empty())
}

#[cfg(test)]
mod tests;

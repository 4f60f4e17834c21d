mod values;

pub use values::{Password, SslMode};

use crate::names::Names;
use akin_entities::Currency;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

/// Which server, which database, which tables, and how long to wait.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Every adapter has its settings; without this clap panics on the second.
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

    /// Who connects.
    #[arg(
        id = "postgres_user",
        long = "postgres-user",
        env = "POSTGRES_USER",
        value_name = "USER"
    )]
    pub user: Option<String>,

    /// The user's password; better in the environment than in a flag.
    #[arg(
        id = "postgres_password",
        long = "postgres-password",
        env = "POSTGRES_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    pub password: Option<Password>,

    /// The database.
    #[arg(id = "postgres_db", long = "postgres-db", env = "POSTGRES_DB", value_name = "NAME")]
    pub database: Option<String>,

    /// TLS as libpq has it: `disable`, `prefer`, `require`, `verify-ca`, `verify-full`.
    #[arg(id = "postgres_sslmode", long = "postgres-sslmode", env = "POSTGRES_SSLMODE",
        value_name = "MODE", default_value_t = SslMode::VerifyFull)]
    pub sslmode: SslMode,

    /// A PEM file of authorities that may sign the server's certificate, besides the system's.
    #[arg(
        id = "postgres_sslrootcert",
        long = "postgres-sslrootcert",
        env = "POSTGRES_SSLROOTCERT",
        value_name = "FILE"
    )]
    pub ssl_root_cert: Option<PathBuf>,

    /// The table of the products; another program's is adopted.
    #[arg(
        id = "postgres_raw_product_table_name",
        long = "postgres-raw-product-table-name",
        env = "POSTGRES_RAW_PRODUCT_TABLE_NAME",
        value_name = "TABLE",
        default_value = "raw_products"
    )]
    pub raw_product_table_name: String,

    /// The table of the embeddings; another program's is adopted.
    #[arg(
        id = "postgres_embedded_product_table_name",
        long = "postgres-embedded-product-table-name",
        env = "POSTGRES_EMBEDDED_PRODUCT_TABLE_NAME",
        value_name = "TABLE",
        default_value = "embedded_products"
    )]
    pub embedded_product_table_name: String,

    /// How many products one statement reads.
    #[arg(
        id = "postgres_fetch_batch_size",
        long = "postgres-fetch-batch-size",
        env = "POSTGRES_FETCH_BATCH_SIZE",
        value_name = "N",
        default_value = "1000"
    )]
    pub fetch_batch_size: NonZeroUsize,

    /// How many products one statement writes.
    #[arg(
        id = "postgres_upsert_batch_size",
        long = "postgres-upsert-batch-size",
        env = "POSTGRES_UPSERT_BATCH_SIZE",
        value_name = "N",
        default_value = "500"
    )]
    pub upsert_batch_size: NonZeroUsize,

    /// How many connections this process may hold.
    #[arg(
        id = "postgres_max_connections",
        long = "postgres-max-connections",
        env = "POSTGRES_MAX_CONNECTIONS",
        value_name = "N",
        default_value = "10"
    )]
    pub max_connections: NonZeroU32,

    /// How long to wait for a connection, in seconds.
    #[arg(
        id = "postgres_connect_timeout",
        long = "postgres-connect-timeout",
        env = "POSTGRES_CONNECT_TIMEOUT",
        value_name = "SECONDS",
        default_value = "5"
    )]
    pub connect_timeout: NonZeroU64,

    /// How long a statement may take, in seconds.
    #[arg(
        id = "postgres_statement_timeout",
        long = "postgres-statement-timeout",
        env = "POSTGRES_STATEMENT_TIMEOUT",
        value_name = "SECONDS",
        default_value = "30"
    )]
    pub statement_timeout: NonZeroU64,

    /// Up to so many products a search by meaning compares with all of them, which is exact; among
    /// more it asks an HNSW graph.
    #[arg(
        id = "postgres_exact_rows",
        long = "postgres-exact-rows",
        env = "POSTGRES_EXACT_ROWS",
        value_name = "N",
        default_value_t = 10_000
    )]
    pub exact_rows: u32,

    /// The currency of the prices in an adopted table, which names none.
    #[arg(id = "postgres_adopted_currency", long = "postgres-adopted-currency",
        env = "POSTGRES_ADOPTED_CURRENCY", value_name = "CODE", default_value = "HKD",
        value_parser = Currency::new)]
    pub adopted_currency: Currency,
}

impl Settings {
    /// Everything that is missing or wrong, by the names of the settings; nothing is connected to.
    pub fn problems(&self) -> Vec<String> {
        let required = [
            (&self.host, "--postgres-host (POSTGRES_HOST)"),
            (&self.user, "--postgres-user (POSTGRES_USER)"),
            (&self.database, "--postgres-db (POSTGRES_DB)"),
        ];
        let missing = required.iter().filter(|(value, _)| is_blank(value.as_ref()));
        let mut problems: Vec<_> = missing.map(|(_, name)| format!("{name} is not set")).collect();
        problems.extend(self.names().err().map(|fault| {
            let settings = "POSTGRES_RAW_PRODUCT_TABLE_NAME, POSTGRES_EMBEDDED_PRODUCT_TABLE_NAME";
            format!("{settings}: {fault}")
        }));
        let file = self.ssl_root_cert.as_ref().filter(|file| !file.is_file());
        problems.extend(file.map(|file| {
            format!("--postgres-sslrootcert (POSTGRES_SSLROOTCERT): no file {}", file.display())
        }));
        problems
    }

    pub(crate) fn names(&self) -> Result<Names, String> {
        Names::new(&self.raw_product_table_name, &self.embedded_product_table_name)
    }

    /// Where the server is, for messages.
    pub(crate) fn place(&self) -> String {
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

    /// How to connect. What `PG...` variables say otherwise counts for nothing.
    pub(crate) fn connect_options(&self) -> PgConnectOptions {
        choose_cryptography();
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(self.host())
            .port(self.port)
            .username(self.user.as_deref().unwrap_or_default())
            .password(self.password.as_ref().map_or("", Password::as_str))
            .database(self.database.as_deref().unwrap_or_default())
            .application_name("akin")
            .ssl_mode(self.verified_mode());
        if let Some(file) = &self.ssl_root_cert {
            options = options.ssl_root_cert(file);
        }
        options
    }

    /// As libpq does, `require` verifies the authority where one is named.
    fn verified_mode(&self) -> PgSslMode {
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

/// sqlx takes the process's cryptography, and panics where two were compiled in (`OpenSearch`'s client
/// brings the other) and none was chosen.
fn choose_cryptography() {
    let ring = tokio_rustls::rustls::crypto::ring::default_provider();
    if ring.install_default().is_err() {
        // Whoever chose before has chosen well.
        tracing::trace!("the process has its cryptography");
    }
}

fn is_blank(value: Option<&String>) -> bool {
    value.is_none_or(|value| value.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        settings: Settings,
    }

    fn settings(arguments: &[&str]) -> Settings {
        Command::try_parse_from([&["akin"], arguments].concat()).unwrap().settings
    }

    #[test]
    fn all_that_is_missing_is_named_at_once() {
        let given = ["--postgres-sslrootcert", "/nowhere.pem", "--postgres-user", " "];
        let problems = settings(&given).problems().join("\n");
        for name in ["POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_DB", "POSTGRES_SSLROOTCERT"] {
            assert!(problems.contains(name), "{problems}");
        }
    }

    #[test]
    fn the_server_is_verified_unless_told_otherwise() {
        assert_eq!(settings(&[]).sslmode, SslMode::VerifyFull);
        assert!(matches!(settings(&[]).verified_mode(), PgSslMode::VerifyFull));
        let require = settings(&["--postgres-sslmode", "require"]);
        assert!(matches!(require.verified_mode(), PgSslMode::Require));
        let named = Settings { ssl_root_cert: Some("/ca.pem".into()), ..require };
        assert!(matches!(named.verified_mode(), PgSslMode::VerifyCa));
        assert!(Command::try_parse_from(["akin", "--postgres-sslmode", "allow"]).is_err());
    }

    #[test]
    fn a_password_is_not_printed() {
        let shown = format!("{:?}", settings(&["--postgres-password", "hunter2"]));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

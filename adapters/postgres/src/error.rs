//! Maps database errors to [`PortError`], with the remedy. The only such mapping.

use akin_ports::{ErrorKind, PortError};
use sqlx::Error;
use sqlx::postgres::PgDatabaseError;
use std::error::Error as _;
use std::io;
use std::time::Duration;

/// The name of this adapter in errors.
pub(crate) const SYSTEM: &str = "postgres";

/// The SQLSTATE of an exception that a trigger raises.
const TRIGGER: &str = "P0001";

/// An error of the server `server`, with the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{server}: {what}; {remedy}")]
struct FailureReport {
    server: String,
    what: String,
    remedy: &'static str,
}

/// The reason why a call failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An error of the server or the connection.
    Sql(Error),
    /// No response within this time.
    Slow(Duration),
    /// No connection within this time.
    Unreachable(Duration),
    /// An error that this adapter detected.
    Detected(ErrorKind, String, &'static str),
    /// An error that the port reported.
    Port(PortError),
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Sql(error)
    }
}

impl Failure {
    /// Creates an error for stored data that is inconsistent.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        let remedy = "another program changed akin's tables: restore a backup, or drop the tables \
                      and ingest again";
        Self::Detected(ErrorKind::Corrupt, what.into(), remedy)
    }

    /// Creates an error for input that will be refused again.
    pub(crate) fn refused(what: impl Into<String>, remedy: &'static str) -> Self {
        Self::Detected(ErrorKind::Refused, what.into(), remedy)
    }

    /// Creates an error that an operator must fix.
    pub(crate) fn misconfigured(what: impl Into<String>, remedy: &'static str) -> Self {
        Self::Detected(ErrorKind::Misconfigured, what.into(), remedy)
    }

    /// Returns whether a value was refused, so that the same statement may succeed for other rows.
    pub(crate) fn is_about_values(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        let code = code(error).unwrap_or_default();
        code == TRIGGER || matches!(code.get(..2), Some("22" | "23" | "54"))
    }

    /// Returns whether the server refused the statement, and will refuse it again.
    pub(crate) fn is_refusal(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        let (kind, _) = kind_and_remedy(error);
        matches!(kind, ErrorKind::Refused | ErrorKind::Misconfigured)
    }

    /// Returns whether the server rejected the user or the password.
    pub(crate) fn is_rejected_login(&self) -> bool {
        matches!(self, Self::Sql(error) if matches!(code(error).as_deref(), Some("28P01" | "28000")))
    }

    /// Returns whether a value that must be unique exists.
    pub(crate) fn is_repetition(&self) -> bool {
        matches!(self, Self::Sql(error) if code(error).as_deref() == Some("23505"))
    }

    /// Returns the error of the server, if it is one.
    pub(crate) fn database_error(&self) -> Option<&PgDatabaseError> {
        let Self::Sql(error) = self else { return None };
        error.as_database_error()?.try_downcast_ref()
    }

    /// Describes this on one line, without the server and the remedy.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Port(error) => error.report(),
            Self::Detected(_, what, _) => what.clone(),
            Self::Slow(limit) => format!("no response within {} s", limit.as_secs_f32()),
            Self::Unreachable(limit) => format!("no connection within {} s", limit.as_secs_f32()),
            Self::Sql(error) => with_causes(error),
        }
    }

    /// Returns whether the connection must be closed.
    pub(crate) fn ends_connection(&self) -> bool {
        match self {
            Self::Sql(error) => is_loss(error),
            Self::Slow(_) => true,
            Self::Detected(..) | Self::Port(_) | Self::Unreachable(_) => false,
        }
    }

    /// Returns whether the same call may succeed at once: it met a conflict, or lost its
    /// connection.
    pub(crate) fn is_transient(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        is_loss(error) || matches!(code(error).as_deref(), Some("40001" | "40P01" | "53300"))
    }

    /// Converts this into the port's error, naming the `server`.
    pub(crate) fn into_port(self, server: &str) -> PortError {
        let what = self.describe();
        let (kind, remedy) = match self {
            Self::Port(error) => return error,
            Self::Detected(kind, _, remedy) => (kind, remedy),
            Self::Slow(_) => {
                let remedy = "try again later, or raise POSTGRES_STATEMENT_TIMEOUT";
                (ErrorKind::Unavailable, remedy)
            }
            Self::Unreachable(_) => {
                let remedy = "check POSTGRES_HOST, POSTGRES_PORT and the network, or raise \
                              POSTGRES_CONNECT_TIMEOUT";
                (ErrorKind::Unavailable, remedy)
            }
            Self::Sql(error) => kind_and_remedy(&error),
        };
        let report = FailureReport { server: server.to_owned(), what, remedy };
        PortError::new(SYSTEM, kind, report)
    }
}

/// Creates an error of the settings.
pub(crate) fn settings(what: impl Into<String>) -> PortError {
    PortError::new(SYSTEM, ErrorKind::Misconfigured, what.into())
}

/// Joins the messages of an error and its causes, without repetitions, on one line.
fn with_causes(error: &Error) -> String {
    let mut message = match error {
        Error::Database(database) => database.message().to_owned(),
        Error::PoolTimedOut => "all connections are in use".to_owned(),
        other => other.to_string(),
    };
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !message.contains(&text) && !text.contains(&message) {
            message.push_str(": ");
            message.push_str(&text);
        }
        cause = error.source();
    }
    message.replace('\n', " ")
}

fn code(error: &Error) -> Option<String> {
    error.as_database_error()?.code().map(Into::into)
}

/// Returns whether the connection was lost, by the network or a server that stops.
fn is_loss(error: &Error) -> bool {
    match error {
        // An invalid response, such as an untrusted certificate, will be the same next time.
        Error::Io(cause) => cause.kind() != io::ErrorKind::InvalidData,
        Error::Protocol(_) | Error::WorkerCrashed => true,
        Error::Database(_) => {
            let code = code(error).unwrap_or_default();
            code.starts_with("08") || matches!(&*code, "57P01" | "57P02" | "57P03")
        }
        _ => false,
    }
}

fn kind_and_remedy(error: &Error) -> (ErrorKind, &'static str) {
    match error {
        Error::Database(_) => by_code(&code(error).unwrap_or_default()),
        Error::Io(cause) => by_io(cause),
        Error::PoolTimedOut => {
            (ErrorKind::Unavailable, "try again later, or raise POSTGRES_MAX_CONNECTIONS")
        }
        Error::Protocol(_) | Error::PoolClosed | Error::WorkerCrashed => {
            (ErrorKind::Unavailable, "try again")
        }
        Error::Tls(_) => (ErrorKind::Misconfigured, TLS),
        Error::Configuration(_) | Error::InvalidArgument(_) => {
            (ErrorKind::Misconfigured, "check the POSTGRES_* settings")
        }
        _ => (ErrorKind::Corrupt, "run `akin migrate`; if that does not help, restore a backup"),
    }
}

const TLS: &str = "set POSTGRES_SSLROOTCERT to the certificate of the authority that signed the \
                   server's certificate, POSTGRES_HOST to the name in it, or POSTGRES_SSLMODE to a \
                   mode that the server supports";

fn by_io(cause: &io::Error) -> (ErrorKind, &'static str) {
    // An untrusted certificate is reported as invalid data.
    if cause.kind() == io::ErrorKind::InvalidData {
        return (ErrorKind::Misconfigured, TLS);
    }
    let remedy = match cause.kind() {
        io::ErrorKind::ConnectionRefused => {
            "connection refused: start the server, or set POSTGRES_HOST and POSTGRES_PORT"
        }
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
            "the server closed the connection: try again, or check the server's log"
        }
        _ => "check POSTGRES_HOST, POSTGRES_PORT and the network",
    };
    (ErrorKind::Unavailable, remedy)
}

/// Maps a SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn by_code(code: &str) -> (ErrorKind, &'static str) {
    use ErrorKind::{Corrupt, Misconfigured, Refused, Unavailable};
    match code {
        "28P01" => (Misconfigured, "check POSTGRES_USER and POSTGRES_PASSWORD"),
        "28000" => (
            Misconfigured,
            "set POSTGRES_USER, POSTGRES_DB and POSTGRES_SSLMODE to values that the server's \
            pg_hba.conf allows",
        ),
        "3D000" => (Misconfigured, "create the database, or set POSTGRES_DB to one that exists"),
        "0A000" | "58P01" => (
            Misconfigured,
            "if the extension \"vector\" is missing, install pgvector 0.8 or newer on the server",
        ),
        "42501" => (
            Misconfigured,
            "grant POSTGRES_USER the right, or run `akin migrate` as the tables' owner",
        ),
        "42P01" | "42703" | "42704" | "42883" | "42P07" | "42701" => (
            Misconfigured,
            "run `akin migrate`, or set POSTGRES_RAW_PRODUCT_TABLE_NAME and \
             POSTGRES_EMBEDDED_PRODUCT_TABLE_NAME to akin's tables",
        ),
        "23502" => (Misconfigured, "give the column a default: akin does not write it"),
        TRIGGER => (Refused, "correct the value, or the trigger that refuses it"),
        "55P03" => (Unavailable, "another process has locked the tables: try again later"),
        "57014" => (Unavailable, "try again later, or raise POSTGRES_STATEMENT_TIMEOUT"),
        "53100" => (Unavailable, "nothing was lost: free disk space on the server, then try again"),
        _ => match code.get(..2) {
            Some("08" | "25" | "40" | "53" | "55" | "57" | "58") => {
                (Unavailable, "try again later")
            }
            Some("22" | "23" | "54") => (Refused, "correct the value"),
            Some("XX") => (Corrupt, "check the server's log"),
            _ => (Misconfigured, "check the server's log, then run `akin migrate`"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_names_server_and_remedy_on_one_line() {
        let failure = Failure::Sql(Error::Io(io::ErrorKind::ConnectionRefused.into()));
        let error = failure.into_port("db.example:5432/shop");
        assert_eq!(error.kind, ErrorKind::Unavailable);
        let report = error.report();
        assert!(report.contains("db.example:5432/shop: "), "{report}");
        assert!(report.contains("POSTGRES_HOST") && !report.contains('\n'), "{report}");
    }

    #[test]
    fn only_transient_errors_are_retried() {
        assert!(Failure::Sql(Error::Io(io::ErrorKind::ConnectionReset.into())).is_transient());
        assert!(!Failure::Sql(Error::PoolTimedOut).is_transient());
        assert!(!Failure::Sql(Error::RowNotFound).is_transient());
        assert!(!Failure::Slow(Duration::from_secs(1)).is_transient());
    }

    #[test]
    fn a_missing_extension_is_a_configuration_error() {
        for code in ["0A000", "58P01"] {
            let (kind, remedy) = by_code(code);
            assert_eq!(kind, ErrorKind::Misconfigured);
            assert!(remedy.contains("pgvector 0.8"));
        }
    }
}

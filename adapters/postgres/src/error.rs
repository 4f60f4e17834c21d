//! What can go wrong with a server, and what to do about it. The only such mapping.

use akin_ports::{ErrorKind, PortError};
use sqlx::Error;
use std::error::Error as _;
use std::io;
use std::time::Duration;

/// The name of this adapter in errors.
pub(crate) const SYSTEM: &str = "postgres";

/// What went wrong where, and the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {what}; {remedy}")]
struct Trouble {
    place: String,
    what: String,
    remedy: &'static str,
}

/// Why a call failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server or the way to it.
    Sql(Error),
    /// It did not answer within this time.
    Slow(Duration),
    /// There was no connection within this time.
    Unreachable(Duration),
    /// What this adapter found out itself.
    Found(ErrorKind, String, &'static str),
    /// What the port found out.
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
    /// What is stored cannot be.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        let remedy = "another program changed akin's tables: restore them from a backup, or drop \
                      them and ingest again";
        Self::Found(ErrorKind::Corrupt, what.into(), remedy)
    }

    /// The input will be refused again.
    pub(crate) fn refused(what: impl Into<String>, remedy: &'static str) -> Self {
        Self::Found(ErrorKind::Refused, what.into(), remedy)
    }

    /// An operator must act.
    pub(crate) fn misconfigured(what: impl Into<String>, remedy: &'static str) -> Self {
        Self::Found(ErrorKind::Misconfigured, what.into(), remedy)
    }

    /// Whether the connection is of no more use.
    pub(crate) fn ends_connection(&self) -> bool {
        match self {
            Self::Sql(error) => is_loss(error),
            Self::Slow(_) => true,
            Self::Found(..) | Self::Port(_) | Self::Unreachable(_) => false,
        }
    }

    /// Whether the same call may succeed at once: it met another, or lost its connection.
    pub(crate) fn is_passing(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        is_loss(error) || matches!(code(error).as_deref(), Some("40001" | "40P01" | "53300"))
    }

    /// What a use case may know of it, at the server `place`.
    pub(crate) fn port(self, place: &str) -> PortError {
        let (kind, what, remedy) = match self {
            Self::Port(error) => return error,
            Self::Found(kind, what, remedy) => (kind, what, remedy),
            Self::Slow(limit) => {
                let what = format!("did not answer within {} s", limit.as_secs_f32());
                (
                    ErrorKind::Unavailable,
                    what,
                    "try again later, or raise POSTGRES_STATEMENT_TIMEOUT",
                )
            }
            Self::Unreachable(limit) => {
                let what = format!("no connection within {} s", limit.as_secs_f32());
                let remedy = "check POSTGRES_HOST, POSTGRES_PORT and the network between, or raise \
                              POSTGRES_CONNECT_TIMEOUT";
                (ErrorKind::Unavailable, what, remedy)
            }
            Self::Sql(error) => {
                let (kind, remedy) = verdict(&error);
                (kind, story(&error), remedy)
            }
        };
        let trouble = Trouble { place: place.to_owned(), what, remedy };
        PortError::new(SYSTEM, kind, trouble)
    }
}

/// An error of the settings, before there is a server.
pub(crate) fn settings(what: impl Into<String>) -> PortError {
    PortError::new(SYSTEM, ErrorKind::Misconfigured, what.into())
}

/// The error and every cause behind it that says more, on one line.
fn story(error: &Error) -> String {
    let mut story = match error {
        Error::Database(database) => database.message().to_owned(),
        Error::PoolTimedOut => "no connection could be had in time".to_owned(),
        other => other.to_string(),
    };
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !story.contains(&text) && !text.contains(&story) {
            story.push_str(": ");
            story.push_str(&text);
        }
        cause = error.source();
    }
    story.replace('\n', " ")
}

fn code(error: &Error) -> Option<String> {
    error.as_database_error()?.code().map(Into::into)
}

/// Whether the connection was lost, by a server that stops or on the way.
fn is_loss(error: &Error) -> bool {
    match error {
        // What is no valid answer, a certificate for instance, is none the next time either.
        Error::Io(cause) => cause.kind() != io::ErrorKind::InvalidData,
        Error::Protocol(_) | Error::WorkerCrashed => true,
        Error::Database(_) => {
            let code = code(error).unwrap_or_default();
            code.starts_with("08") || matches!(&*code, "57P01" | "57P02" | "57P03")
        }
        _ => false,
    }
}

fn verdict(error: &Error) -> (ErrorKind, &'static str) {
    match error {
        Error::Database(_) => by_code(&code(error).unwrap_or_default()),
        Error::Io(cause) => by_io(cause),
        Error::PoolTimedOut => (
            ErrorKind::Unavailable,
            "try again later; if it is only busy, raise POSTGRES_MAX_CONNECTIONS",
        ),
        Error::Protocol(_) | Error::PoolClosed | Error::WorkerCrashed => {
            (ErrorKind::Unavailable, "try again")
        }
        Error::Tls(_) => (ErrorKind::Misconfigured, TLS),
        Error::Configuration(_) | Error::InvalidArgument(_) => {
            (ErrorKind::Misconfigured, "check the POSTGRES_ settings")
        }
        _ => (ErrorKind::Corrupt, "run `akin migrate`; if that does not help, restore a backup"),
    }
}

const TLS: &str = "set POSTGRES_SSLROOTCERT to the file of the authority that signed the server's \
                   certificate, POSTGRES_HOST to the name in it, or POSTGRES_SSLMODE to what the \
                   server offers";

fn by_io(cause: &io::Error) -> (ErrorKind, &'static str) {
    // A certificate that was not accepted comes as what a socket brought.
    if cause.kind() == io::ErrorKind::InvalidData {
        return (ErrorKind::Misconfigured, TLS);
    }
    let remedy = match cause.kind() {
        io::ErrorKind::ConnectionRefused => {
            "nobody listens there: start the server, or set POSTGRES_HOST and POSTGRES_PORT"
        }
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
            "the server ended the connection: try again, or see the server's log"
        }
        _ => "check POSTGRES_HOST, POSTGRES_PORT and the network between",
    };
    (ErrorKind::Unavailable, remedy)
}

/// By SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn by_code(code: &str) -> (ErrorKind, &'static str) {
    use ErrorKind::{Corrupt, Misconfigured, Refused, Unavailable};
    match code {
        "28P01" => {
            (Misconfigured, "set POSTGRES_USER and POSTGRES_PASSWORD to what the server knows")
        }
        "28000" => (
            Misconfigured,
            "set POSTGRES_USER, POSTGRES_DB and POSTGRES_SSLMODE to what the server's pg_hba.conf \
             lets in",
        ),
        "3D000" => (Misconfigured, "create the database, or set POSTGRES_DB to one that exists"),
        "0A000" | "58P01" => (
            Misconfigured,
            "if it is about the extension \"vector\", install pgvector 0.8 or newer on the server",
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
        "23502" => (Misconfigured, "give the column a default: akin does not know it"),
        "55P03" => (Unavailable, "another process holds the tables: try again later"),
        "57014" => (Unavailable, "try again later, or raise POSTGRES_STATEMENT_TIMEOUT"),
        "53100" => {
            (Unavailable, "nothing was lost: free some space on the server, then run it again")
        }
        _ => match code.get(..2) {
            Some("08" | "25" | "40" | "53" | "55" | "57" | "58") => {
                (Unavailable, "try again later")
            }
            Some("22" | "23" | "54") => (Refused, "mend the value"),
            Some("XX") => (Corrupt, "see the server's log"),
            _ => (Misconfigured, "see the server's log, then run `akin migrate`"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_names_place_and_remedy_on_one_line() {
        let failure = Failure::Sql(Error::Io(io::ErrorKind::ConnectionRefused.into()));
        let error = failure.port("db.example:5432/shop");
        assert_eq!(error.kind, ErrorKind::Unavailable);
        let report = error.report();
        assert!(report.contains("db.example:5432/shop: "), "{report}");
        assert!(report.contains("POSTGRES_HOST") && !report.contains('\n'), "{report}");
    }

    #[test]
    fn only_what_passes_is_tried_again() {
        assert!(Failure::Sql(Error::Io(io::ErrorKind::ConnectionReset.into())).is_passing());
        assert!(!Failure::Sql(Error::PoolTimedOut).is_passing());
        assert!(!Failure::Sql(Error::RowNotFound).is_passing());
        assert!(!Failure::Slow(Duration::from_secs(1)).is_passing());
    }

    #[test]
    fn a_missing_extension_is_an_operators_business() {
        for code in ["0A000", "58P01"] {
            let (kind, remedy) = by_code(code);
            assert_eq!(kind, ErrorKind::Misconfigured);
            assert!(remedy.contains("pgvector 0.8"));
        }
    }
}

//! Servers: whether they answer, in which version, encrypted, and with the rights that are needed.

use super::{Check, Outcome, Servers};
use akin_composition::{BadSettings, CatalogueSettings};
use akin_opensearch::OpenSearchIndex;
use akin_postgres::DatabaseInspection;

pub(super) async fn check(
    catalogue: &CatalogueSettings,
    servers: Servers,
    checks: &mut Vec<Check>,
) {
    if servers.postgres {
        let host = catalogue.postgres.host.clone().unwrap_or_default();
        checks.extend(match usable(catalogue.postgres.problems()) {
            Err(bad) => vec![Check::failed("Postgres", bad)],
            Ok(()) => match akin_postgres::inspect(&catalogue.postgres).await {
                Err(error) => vec![Check::failed("Postgres", error)],
                Ok(found) => of_postgres(found, is_on_this_machine(&host)),
            },
        });
    }
    if servers.opensearch {
        checks.push(match usable(catalogue.opensearch.problems()) {
            Err(bad) => Check::failed("OpenSearch", bad),
            Ok(()) => match OpenSearchIndex::server_version(&catalogue.opensearch).await {
                Err(error) => Check::failed("OpenSearch", error),
                Ok(version) => Check::ok("OpenSearch", format!("version {version}")),
            },
        });
    }
    if servers.sqs {
        checks.push(of_queue(catalogue).await);
    }
}

fn usable(problems: Vec<String>) -> Result<(), BadSettings> {
    BadSettings::refuse(problems)
}

fn of_postgres(found: DatabaseInspection, is_near: bool) -> Vec<Check> {
    let DatabaseInspection { version, extension, tls, is_current, problems } = found;
    let extension = extension.unwrap_or_else(|| "none".to_owned());
    let encrypted = tls.as_deref().unwrap_or("no TLS").to_owned();
    let detail = format!("version {version}, pgvector {extension}, {encrypted}");
    let mut checks = vec![if tls.is_none() && !is_near {
        let what = "the connection is not encrypted: set POSTGRES_SSLMODE to verify-full";
        Check::warning("Postgres", format!("{detail}; {what}"))
    } else {
        Check::ok("Postgres", detail)
    }];
    let problem = |what| Check::new("Postgres", Outcome::Failed, what);
    let is_well = problems.is_empty();
    checks.extend(problems.into_iter().map(problem));
    if is_well && !is_current {
        let what =
            "its tables are missing or of an earlier version: run `akin migrate` or `akin ingest`";
        checks.push(Check::warning("Postgres", what));
    }
    checks
}

/// Returns whether a host is this machine: nobody else sees its traffic.
fn is_on_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    let is_loopback = host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    is_loopback || host == "localhost" || host.starts_with('/')
}

async fn of_queue(catalogue: &CatalogueSettings) -> Check {
    let counted = async {
        let queue = catalogue.builder().queue().open().await?.queue()?;
        anyhow::Ok(queue.counts().await?)
    };
    match counted.await {
        Ok(counts) => Check::ok("SQS", format!("{} messages wait", counts.waiting)),
        Err(error) => Check::failed("SQS", error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_needs_no_encryption() {
        for host in ["127.0.0.1", "::1", "[::1]", "localhost", "/run/postgresql"] {
            assert!(is_on_this_machine(host), "{host}");
        }
        for host in ["db.example", "10.0.0.1", "localhost.example", ""] {
            assert!(!is_on_this_machine(host), "{host}");
        }
    }

    #[test]
    fn what_ingestions_would_fail_by_is_a_failure() {
        let sound = DatabaseInspection {
            version: "18.1".to_owned(),
            extension: Some("0.8.6".to_owned()),
            is_current: true,
            ..DatabaseInspection::default()
        };
        let outcomes = |found: &DatabaseInspection, is_near| -> Vec<_> {
            of_postgres(found.clone(), is_near).iter().map(|check| check.outcome).collect()
        };
        assert_eq!(outcomes(&sound, true), [Outcome::Ok]);
        assert_eq!(outcomes(&sound, false), [Outcome::Warning]);
        let old = DatabaseInspection { is_current: false, ..sound.clone() };
        assert_eq!(outcomes(&old, true), [Outcome::Ok, Outcome::Warning]);
        let replica = DatabaseInspection { problems: vec!["it only reads".to_owned()], ..old };
        assert_eq!(outcomes(&replica, true), [Outcome::Ok, Outcome::Failed]);
    }
}

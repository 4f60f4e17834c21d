//! Finding the server fit, and the index there; making it if it is not.

use crate::connection::{Connection, Request, Urgency};
use crate::{error, schema};
use akin_ports::{PortError, PortResult};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// The first version whose exact scores of embeddings are (1 + cosine) / 2, as those of its graphs
/// are; older ones give 1 + cosine, or no scores of named queries.
const OLDEST: (u64, u64) = (2, 19);

/// How long opening takes at the most, whatever the server does.
const LONGEST: Duration = Duration::from_secs(7);

/// What was done to an index, so that this akin can use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The index that stands behind the alias.
    pub index: String,
    /// Whether it was made now.
    pub created: bool,
}

#[derive(Deserialize)]
struct Server {
    version: Version,
}

#[derive(Deserialize)]
struct Version {
    number: String,
    #[serde(default)]
    distribution: String,
}

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    aliases: BTreeMap<String, Value>,
    #[serde(default)]
    mappings: Value,
}

/// Makes sure that the server is fit and that `alias` leads to an index as this akin knows it.
/// Harmless twice, and by two at a time.
pub(crate) async fn prepare(connection: &Connection, alias: &str) -> PortResult<Migrated> {
    let prepared = tokio::time::timeout(LONGEST, async {
        check_server(connection).await?;
        if let Some(index) = find(connection, alias).await? {
            await_shards(connection, alias).await?;
            return Ok(Migrated { index, created: false });
        }
        let created = create(connection, alias).await?;
        await_shards(connection, alias).await?;
        let index = find(connection, alias).await?.ok_or_else(|| {
            error::misconfigured(format!(
                "an index {} is there, but the alias {alias} (OPENSEARCH_INDEX_NAME) does not lead \
                 to it: add the alias, or delete the index",
                schema::index_name(alias)
            ))
        })?;
        Ok(Migrated { index, created })
    });
    prepared.await.unwrap_or_else(|_| Err(slow()))
}

/// Checks that the server is fit and that `alias` leads to an index. Creates nothing.
pub(crate) async fn require(connection: &Connection, alias: &str) -> PortResult<()> {
    let required = tokio::time::timeout(LONGEST, async {
        check_server(connection).await?;
        if find(connection, alias).await?.is_none() {
            return Err(error::misconfigured(format!(
                "there is no index {alias}: run `akin migrate` or `akin ingest`, or check \
                 OPENSEARCH_INDEX_NAME"
            )));
        }
        await_shards(connection, alias).await
    });
    required.await.unwrap_or_else(|_| Err(slow()))
}

fn slow() -> PortError {
    let seconds = LONGEST.as_secs();
    error::unavailable(format!("it was not ready within {seconds} s: check OPENSEARCH_ENDPOINT"))
}

async fn check_server(connection: &Connection) -> PortResult<()> {
    let answer = connection.ask(&Request::get("").urgency(Urgency::Once)).await?.accepted()?;
    let not_one = || error::misconfigured("what answers at OPENSEARCH_ENDPOINT is no OpenSearch");
    let Server { version: Version { number, distribution } } =
        answer.json().map_err(|_| not_one())?;
    if distribution != "opensearch" {
        return Err(not_one());
    }
    let mut parts = number.split(['.', '-']).map(str::parse);
    let version = match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor),
        _ => return Err(not_one()),
    };
    if version < OLDEST {
        let (major, minor) = OLDEST;
        let what = format!(
            "the server at OPENSEARCH_ENDPOINT is OpenSearch {number}: upgrade it to {major}.{minor} \
             or later"
        );
        return Err(error::misconfigured(what));
    }
    Ok(())
}

/// Waits until the index can be read and written: it may have been made, or its server started,
/// a moment ago.
async fn await_shards(connection: &Connection, alias: &str) -> PortResult<()> {
    let path =
        format!("_cluster/health/{alias}?wait_for_status=yellow&timeout={}s", LONGEST.as_secs());
    let answer = connection.ask(&Request::get(path).urgency(Urgency::Once)).await?;
    if answer.status == 408 {
        let what = format!("the shards of {alias} are not there: look at the server's nodes");
        return Err(error::unavailable(what));
    }
    answer.accepted().map(drop)
}

/// The index behind the alias, if there is one; it must be one that this akin knows.
async fn find(connection: &Connection, alias: &str) -> PortResult<Option<String>> {
    let answer = connection.ask(&Request::get(alias).urgency(Urgency::Once)).await?;
    if answer.status == 404 {
        return Ok(None);
    }
    let indexes: BTreeMap<String, Index> = answer.accepted()?.json()?;
    check_indexes(alias, &indexes).map(Some)
}

fn check_indexes(alias: &str, indexes: &BTreeMap<String, Index>) -> PortResult<String> {
    let wrong = |what: String| {
        Err(error::misconfigured(format!("{what}: set OPENSEARCH_INDEX_NAME to another name")))
    };
    let mut indexes = indexes.iter();
    let (Some((name, index)), None) = (indexes.next(), indexes.next()) else {
        return wrong(format!("{alias} leads to several indexes"));
    };
    match schema::version(&index.mappings) {
        Some(schema::VERSION) if index.aliases.contains_key(alias) => Ok(name.clone()),
        Some(schema::VERSION) => wrong(format!("{alias} is an index, not an alias of one")),
        Some(version) if version > schema::VERSION => Err(error::misconfigured(format!(
            "{name} was made by a newer akin (schema {version}): use that one, or set \
             OPENSEARCH_INDEX_NAME to another name"
        ))),
        Some(version) => wrong(format!("{name} was made by an older akin (schema {version})")),
        None => wrong(format!("{name} holds something else than akin's products")),
    }
}

/// Makes the index; `false` if somebody else was faster.
async fn create(connection: &Connection, alias: &str) -> PortResult<bool> {
    let name = schema::index_name(alias);
    let answer =
        connection.ask(&Request::put(name, &schema::index(alias)).urgency(Urgency::Once)).await?;
    let refusal = answer.error();
    if refusal.kind == "resource_already_exists_exception" {
        return Ok(false);
    }
    if answer.status == 400 && refusal.reason.contains("knn") {
        return Err(no_plugin(&refusal.reason));
    }
    answer.accepted().map(|_| true)
}

fn no_plugin(reason: &str) -> akin_ports::PortError {
    error::misconfigured(format!(
        "the server at OPENSEARCH_ENDPOINT lacks the k-NN plugin: install opensearch-knn ({reason})"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn index(version: Option<u64>, alias: &str) -> Index {
        let meta = version.map_or(json!({}), |version| json!({"akin": {"schema": version}}));
        let aliases = [(alias.to_owned(), json!({}))].into();
        Index { aliases, mappings: json!({"_meta": meta}) }
    }

    #[test]
    fn only_an_alias_of_an_index_of_this_schema_will_do() {
        let check = |indexes: Vec<(&str, Index)>| {
            let indexes = indexes.into_iter().map(|(name, index)| (name.to_owned(), index));
            check_indexes("akin", &indexes.collect()).map_err(|error| error.report())
        };
        let now = || index(Some(schema::VERSION), "akin");
        assert_eq!(check(vec![("akin-v1", now())]), Ok("akin-v1".to_owned()));
        for (indexes, expected) in [
            (vec![("a", now()), ("b", now())], "several indexes"),
            (vec![("akin", index(Some(schema::VERSION), "other"))], "not an alias"),
            (vec![("a", index(Some(schema::VERSION + 1), "akin"))], "newer akin"),
            (vec![("a", index(Some(0), "akin"))], "older akin"),
            (vec![("a", index(None, "akin"))], "something else"),
        ] {
            let report = check(indexes).unwrap_err();
            assert!(report.contains(expected) && report.contains("OPENSEARCH_INDEX_NAME"));
        }
    }
}

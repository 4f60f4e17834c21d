//! Checks the server, and finds or creates the index.

use crate::connection::{Connection, Request, RetryPolicy};
use crate::{error, schema};
use akin_entities::Analysis;
use akin_ports::PortResult;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The first version that scores embeddings exactly as its graphs do, as (1 + cosine) / 2. Older
/// versions return 1 + cosine, or no scores of named queries.
const MIN_VERSION: (u64, u64) = (2, 19);

/// The maximum time that opening takes.
const MAX_WAIT: Duration = Duration::from_secs(7);

/// The result of preparing an index for this version of akin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexMigration {
    /// The index behind the alias.
    pub index: String,
    /// True if it was created by this call.
    pub created: bool,
    /// True if it was of an earlier version and was upgraded by this call.
    pub upgraded: bool,
}

#[derive(Deserialize)]
struct ServerInfo {
    version: ServerVersion,
}

#[derive(Deserialize)]
struct ServerVersion {
    number: String,
    #[serde(default)]
    distribution: String,
}

#[derive(Deserialize)]
struct IndexInfo {
    #[serde(default)]
    aliases: BTreeMap<String, Value>,
    #[serde(default)]
    mappings: Value,
    #[serde(default)]
    settings: Value,
}

/// Checks that the server is suitable and that `alias` names an index of the current schema;
/// creates it if it is missing. Idempotent, also if two processes run it at once.
pub(crate) async fn prepare(connection: &Connection, alias: &str) -> PortResult<IndexMigration> {
    let prepared = in_time(connection, alias, async {
        if let Some(index) = find(connection, alias).await? {
            await_shards(connection, alias).await?;
            return Ok(IndexMigration { index, created: false, upgraded: false });
        }
        let created = create(connection, alias).await?;
        await_shards(connection, alias).await?;
        let index = find(connection, alias).await?.ok_or_else(|| {
            error::misconfigured(format!(
                "an index {} exists, but the alias {alias} (OPENSEARCH_INDEX_NAME) does not point to it: \
                add the alias, or delete the index",
                schema::index_name(alias)
            ))
        })?;
        Ok(IndexMigration { index, created, upgraded: false })
    });
    prepared.await
}

/// Checks that the server is suitable and that `alias` names an index. Creates nothing.
pub(crate) async fn check_existing(connection: &Connection, alias: &str) -> PortResult<()> {
    let checked = in_time(connection, alias, async {
        if find(connection, alias).await?.is_none() {
            return Err(error::misconfigured(format!(
                "there is no index {alias}: run `akin migrate` or `akin ingest`, or check \
                 OPENSEARCH_INDEX_NAME"
            )));
        }
        await_shards(connection, alias).await
    });
    checked.await
}

/// Checks the server and does `work` with the index, both within [`MAX_WAIT`].
async fn in_time<T>(
    connection: &Connection,
    alias: &str,
    work: impl Future<Output = PortResult<T>>,
) -> PortResult<T> {
    let (deadline, seconds) = (Instant::now() + MAX_WAIT, MAX_WAIT.as_secs());
    timeout_at(deadline, check_server(connection)).await.unwrap_or_else(|_| {
        Err(error::unavailable(format!(
            "the server at OPENSEARCH_ENDPOINT gave no answer within {seconds} s: check whether it runs \
             at that address, and whether a firewall is in between"
        )))
    })?;
    timeout_at(deadline, work).await.unwrap_or_else(|_| {
        Err(error::unavailable(format!(
            "the server answers, but its index {alias} was not available within {seconds} s: it is \
             starting or busy; try again later, or check its nodes and its log"
        )))
    })
}

/// Returns the version of the server, which must be suitable.
pub(crate) async fn check_server(connection: &Connection) -> PortResult<String> {
    let response =
        connection.ask(&Request::get("").retry(RetryPolicy::Never)).await?.into_success()?;
    let not_opensearch =
        || error::misconfigured("the server at OPENSEARCH_ENDPOINT is not OpenSearch");
    let ServerInfo { version: ServerVersion { number, distribution } } =
        response.json().map_err(|_| not_opensearch())?;
    if distribution != "opensearch" {
        return Err(not_opensearch());
    }
    let mut parts = number.split(['.', '-']).map(str::parse);
    let version = match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor),
        _ => return Err(not_opensearch()),
    };
    if version < MIN_VERSION {
        let (major, minor) = MIN_VERSION;
        let what = format!(
            "the server at OPENSEARCH_ENDPOINT is OpenSearch {number}: upgrade it to {major}.{minor} \
             or later"
        );
        return Err(error::misconfigured(what));
    }
    Ok(number)
}

/// Waits until the index accepts reads and writes; it may just have been created, or its server
/// started.
async fn await_shards(connection: &Connection, alias: &str) -> PortResult<()> {
    let path =
        format!("_cluster/health/{alias}?wait_for_status=yellow&timeout={}s", MAX_WAIT.as_secs());
    let response = connection.ask(&Request::get(path).retry(RetryPolicy::Never)).await?;
    if response.status == 408 {
        let what = format!("the shards of {alias} are not available: check the server's nodes");
        return Err(error::unavailable(what));
    }
    response.into_success().map(drop)
}

/// Returns the identity that the server gave the index behind the alias when it was created.
pub(crate) async fn identity(connection: &Connection, alias: &str) -> PortResult<String> {
    let settings = existing(connection, alias).await?.settings;
    let identity = settings["index"]["uuid"].as_str().map(str::to_owned);
    identity.ok_or_else(|| error::corrupt(format!("the index {alias} has no uuid")))
}

/// Returns the analysis of the texts in the index behind the alias, as it was last set.
pub(crate) async fn analysis(connection: &Connection, alias: &str) -> PortResult<Option<Analysis>> {
    let mappings = existing(connection, alias).await?.mappings;
    Ok(schema::analysis(&mappings).map(Analysis::from_stored))
}

/// Returns the index behind the alias, which must exist.
async fn existing(connection: &Connection, alias: &str) -> PortResult<IndexInfo> {
    let mut indexes: BTreeMap<String, IndexInfo> = connection.call(&Request::get(alias)).await?;
    let name = check_indexes(alias, &indexes)?;
    indexes
        .remove(&name)
        .ok_or_else(|| error::corrupt(format!("the index {name} is not described")))
}

/// Sets the analysis of the texts in the index behind the alias.
pub(crate) async fn set_analysis(
    connection: &Connection,
    alias: &str,
    analysis: &Analysis,
) -> PortResult<()> {
    let mapping = schema::analysis_mapping(analysis);
    let request = Request::put(format!("{alias}/_mapping"), &mapping).retry(RetryPolicy::Write);
    connection.ask(&request).await?.into_success().map(drop)
}

/// Returns the index behind the alias, if it exists. An index of another schema is an error.
async fn find(connection: &Connection, alias: &str) -> PortResult<Option<String>> {
    let response = connection.ask(&Request::get(alias).retry(RetryPolicy::Never)).await?;
    if response.status == 404 {
        return Ok(None);
    }
    let indexes: BTreeMap<String, IndexInfo> = response.into_success()?.json()?;
    check_indexes(alias, &indexes).map(Some)
}

/// Returns true if `alias` names one index, of an earlier version of the schema.
pub(crate) async fn is_outdated(connection: &Connection, alias: &str) -> PortResult<bool> {
    let response = connection.ask(&Request::get(alias).retry(RetryPolicy::Never)).await?;
    if response.status == 404 {
        return Ok(false);
    }
    let indexes: BTreeMap<String, IndexInfo> = response.into_success()?.json()?;
    let mut indexes = indexes.into_values();
    let (Some(index), None) = (indexes.next(), indexes.next()) else { return Ok(false) };
    let version = schema::version(&index.mappings);
    Ok(index.aliases.contains_key(alias) && version.is_some_and(|held| held < schema::VERSION))
}

fn check_indexes(alias: &str, indexes: &BTreeMap<String, IndexInfo>) -> PortResult<String> {
    let wrong = |what: String| {
        Err(error::misconfigured(format!("{what}: set OPENSEARCH_INDEX_NAME to another name")))
    };
    let mut indexes = indexes.iter();
    let (Some((name, index)), None) = (indexes.next(), indexes.next()) else {
        return wrong(format!("{alias} points to several indexes"));
    };
    match schema::version(&index.mappings) {
        Some(schema::VERSION) if index.aliases.contains_key(alias) => Ok(name.clone()),
        Some(schema::VERSION) => wrong(format!("{alias} is an index, not an alias")),
        Some(version) if version > schema::VERSION => Err(error::misconfigured(format!(
            "{name} was created by a newer akin (schema {version}): use that version, or set \
            OPENSEARCH_INDEX_NAME to another name"
        ))),
        Some(version) if index.aliases.contains_key(alias) => Err(error::misconfigured(format!(
            "{name} was created by an older akin (schema {version}): run `akin migrate`, which upgrades it"
        ))),
        Some(version) => wrong(format!("{name} was created by an older akin (schema {version})")),
        None => wrong(format!("{name} was not created by akin")),
    }
}

/// Creates the index. Returns `false` if another process was faster.
async fn create(connection: &Connection, alias: &str) -> PortResult<bool> {
    let name = schema::index_name(alias);
    let response = connection
        .ask(&Request::put(name, &schema::index_body(alias)).retry(RetryPolicy::Never))
        .await?;
    let refusal = response.error();
    if refusal.kind == "resource_already_exists_exception" {
        return Ok(false);
    }
    if response.status == 400 && refusal.reason.contains("knn") {
        return Err(missing_plugin(&refusal.reason));
    }
    response.into_success().map(|_| true)
}

fn missing_plugin(reason: &str) -> akin_ports::PortError {
    error::misconfigured(format!(
        "the server at OPENSEARCH_ENDPOINT lacks the k-NN plugin: install opensearch-knn ({reason})"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn index(version: Option<u64>, alias: &str) -> IndexInfo {
        let meta = version.map_or(json!({}), |version| json!({"akin": {"schema": version}}));
        let aliases = [(alias.to_owned(), json!({}))].into();
        IndexInfo { aliases, mappings: json!({"_meta": meta}), settings: json!({}) }
    }

    #[test]
    fn only_an_alias_of_an_index_of_this_schema_is_accepted() {
        let check = |indexes: Vec<(&str, IndexInfo)>| {
            let indexes = indexes.into_iter().map(|(name, index)| (name.to_owned(), index));
            check_indexes("akin", &indexes.collect()).map_err(|error| error.report())
        };
        let current = || index(Some(schema::VERSION), "akin");
        assert_eq!(check(vec![("akin-v1", current())]), Ok("akin-v1".to_owned()));
        for (indexes, expected) in [
            (vec![("a", current()), ("b", current())], "several indexes"),
            (vec![("akin", index(Some(schema::VERSION), "other"))], "not an alias"),
            (vec![("a", index(Some(schema::VERSION + 1), "akin"))], "newer akin"),
            (vec![("a", index(Some(0), "other"))], "older akin"),
            (vec![("a", index(None, "akin"))], "not created by akin"),
        ] {
            let report = check(indexes).unwrap_err();
            assert!(report.contains(expected) && report.contains("OPENSEARCH_INDEX_NAME"));
        }
    }
}

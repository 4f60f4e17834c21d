//! Unusable settings are refused within ten seconds, in one line that names the setting and the
//! remedy.

use crate::server;
use akin_opensearch::{OpenSearchIndex, Settings};
use akin_ports::ErrorKind;
use std::time::{Duration, Instant};

/// Returns the error of opening the index.
async fn refusal(settings: &Settings) -> (ErrorKind, String) {
    let start = Instant::now();
    let error = OpenSearchIndex::open(settings).await.expect_err("opening should fail");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    let report = error.report();
    assert!(!report.contains('\n') && report.len() < 500, "{report}");
    (error.kind, report)
}

async fn assert_refused(settings: &Settings, kind: ErrorKind, parts: &[&str]) {
    let (found, report) = refusal(settings).await;
    for part in parts {
        assert!(report.contains(part), "{part:?} is missing in: {report}");
    }
    assert_eq!(found, kind, "{report}");
}

#[test]
fn an_address_with_a_query_or_fragment_is_refused_and_not_printed() {
    for endpoint in ["http://127.0.0.1:9200/?token=s3cret", "https://search.example#s3cret"] {
        let problems = crate::support::bare(endpoint).problems();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("OPENSEARCH_ENDPOINT contains a query"), "{problems:?}");
        assert!(!problems[0].contains("s3cret"), "{problems:?}");
    }
}

#[tokio::test]
async fn all_invalid_settings_are_reported_at_once() {
    let settings = Settings {
        endpoint: None,
        username: Some("akin".to_owned()),
        ca_file: Some("/nowhere/ca.pem".into()),
        index_name: "Products".to_owned(),
        ..crate::support::bare("http://127.0.0.1:9200")
    };
    let problems = settings.problems();
    assert_eq!(problems.len(), 4, "{problems:?}");
    let parts = ["OPENSEARCH_ENDPOINT", "OPENSEARCH_PASSWORD", "OPENSEARCH_CA_FILE", "Products"];
    assert_refused(&settings, ErrorKind::Misconfigured, &parts).await;
}

#[tokio::test]
async fn secrets_are_never_printed() {
    let settings = Settings {
        username: Some("akin".to_owned()),
        password: Some("s3cret".into()),
        aws_secret_access_key: Some("s3cret".into()),
        aws_session_token: Some("s3cret".into()),
        ..crate::support::bare("http://127.0.0.1:1")
    };
    let (_, report) = refusal(&settings).await;
    assert!(!format!("{settings:?} {report}").contains("s3cret"), "{settings:?} {report}");
    let settings = crate::support::bare("http://akin:s3cret@127.0.0.1:1");
    let (kind, report) = refusal(&settings).await;
    assert_eq!(kind, ErrorKind::Misconfigured);
    assert!(report.contains("OPENSEARCH_PASSWORD") && !report.contains("s3cret"), "{report}");
    for endpoint in [
        "https://akin:s3cret@search.example:99999",
        "htps://akin:s3cret@search.example",
        "akin:s3cret@search.example",
        "https://akin:s3cret@",
        "https://search.example:s3cret",
        "s3cret",
    ] {
        let settings = crate::support::bare(endpoint);
        let (kind, report) = refusal(&settings).await;
        assert_eq!(kind, ErrorKind::Misconfigured);
        assert!(report.contains("OPENSEARCH_ENDPOINT"), "{report}");
        assert!(!format!("{settings:?} {report}").contains("s3cret"), "{settings:?} {report}");
    }
}

#[test]
fn an_endpoint_may_be_the_name_of_a_host() {
    for endpoint in ["search-shop.eu-west-1.es.example", "search.example:9200", "127.0.0.1"] {
        assert!(crate::support::bare(endpoint).problems().is_empty(), "{endpoint}");
    }
}

#[test]
fn secrets_are_not_sent_over_plain_http_except_to_this_machine() {
    let problems = |endpoint: &str, password: bool| {
        let given = |text: &str| password.then(|| text.to_owned());
        let settings = Settings {
            username: given("akin"),
            password: given("s3cret").map(Into::into),
            ..crate::support::bare(endpoint)
        };
        settings.problems()
    };
    for endpoint in
        ["http://search.example:9200", "http://10.0.0.7:9200", "http://localhost.example"]
    {
        let problems = problems(endpoint, true);
        assert!(problems.len() == 1 && problems[0].contains("use https://"), "{problems:?}");
    }
    for endpoint in ["http://127.0.0.1:9200", "http://localhost:9200", "http://[::1]:9200"] {
        assert_eq!(problems(endpoint, true), [""; 0]);
    }
    assert_eq!(problems("https://search.example", true), [""; 0]);
    assert_eq!(problems("http://search.example", false), [""; 0]);
    let signed = Settings {
        aws_region: Some("eu-central-1".to_owned()),
        aws_access_key_id: Some("id".to_owned()),
        aws_secret_access_key: Some("s3cret".into()),
        ..crate::support::bare("http://search.example")
    };
    assert!(signed.problems()[0].contains("use https://"), "{:?}", signed.problems());
}

#[tokio::test]
async fn an_unknown_host_is_reported_with_its_setting() {
    let settings = crate::support::bare("http://no-such-host.invalid:9200");
    let (kind, report) = refusal(&settings).await;
    // Without a resolver it is unknown whether the host exists.
    assert!(matches!(kind, ErrorKind::Misconfigured | ErrorKind::Unavailable), "{report}");
    assert!(report.contains("OPENSEARCH_ENDPOINT") || report.contains("resolved"), "{report}");
}

#[tokio::test]
async fn a_refused_connection_is_reported_with_its_setting() {
    let settings = crate::support::bare("http://127.0.0.1:1");
    let parts = ["connection refused", "OPENSEARCH_ENDPOINT"];
    assert_refused(&settings, ErrorKind::Unavailable, &parts).await;
}

#[tokio::test]
async fn opening_gives_up_on_a_server_that_never_answers() {
    let silent = server::start("", None, |_, _| server::Verdict::Sleep(Duration::from_mins(1)));
    let settings = Settings {
        timeout: Duration::from_mins(10),
        ..crate::support::bare(&format!("http://{}", silent.await))
    };
    assert_refused(&settings, ErrorKind::Unavailable, &["OPENSEARCH_ENDPOINT"]).await;
}

#[tokio::test]
async fn wrong_credentials_and_missing_rights_are_distinguished() {
    for (status, parts) in [
        (401, ["rejected the credentials", "OPENSEARCH_PASSWORD"]),
        (403, ["access denied", "OPENSEARCH_INDEX_NAME"]),
    ] {
        let endpoint = server::answering(move |_| (status, "Unauthorized".to_owned())).await;
        assert_refused(&crate::support::bare(&endpoint), ErrorKind::Misconfigured, &parts).await;
    }
}

#[tokio::test]
async fn old_servers_and_other_products_are_refused() {
    let old = r#"{"version":{"number":"2.18.0","distribution":"opensearch"}}"#;
    let elastic = r#"{"version":{"number":"8.1.0","build_flavor":"default"}}"#;
    for (response, part) in
        [(old, "upgrade it to 2.19"), (elastic, "not OpenSearch"), ("<html>", "not OpenSearch")]
    {
        let endpoint = server::answering(move |_| (200, response.to_owned())).await;
        let parts = [part, "OPENSEARCH_ENDPOINT"];
        assert_refused(&crate::support::bare(&endpoint), ErrorKind::Misconfigured, &parts).await;
    }
}

/// The responses are those of a server without the plugin.
#[tokio::test]
async fn a_missing_plugin_is_reported_by_name() {
    let unknown = r#"{"error":{"root_cause":[{"type":"settings_exception","reason":"unknown setting [index.knn] please check that any required plugins are installed, or check the breaking changes documentation for removed settings"}],"type":"settings_exception","reason":"unknown setting [index.knn] please check that any required plugins are installed, or check the breaking changes documentation for removed settings"},"status":400}"#;
    let endpoint = server::answering(move |parts| match parts.method.as_str() {
        "PUT" => (400, unknown.to_owned()),
        _ if parts.uri.path() == "/" => {
            (200, r#"{"version":{"number":"2.19.1","distribution":"opensearch"}}"#.to_owned())
        }
        _ => (404, r#"{"error":{"type":"index_not_found_exception"},"status":404}"#.to_owned()),
    });
    let settings = crate::support::bare(&endpoint.await);
    assert_refused(&settings, ErrorKind::Misconfigured, &["opensearch-knn"]).await;
}

#[tokio::test]
#[ignore = "needs OpenSearch: make test"]
async fn an_index_of_another_program_is_not_touched() {
    let (settings, _guard) = crate::support::settings();
    let name = format!("{}-other", settings.index_name);
    let body = format!(r#"{{"aliases":{{"{}":{{}}}}}}"#, settings.index_name);
    crate::support::request("PUT", &name, &body);
    let parts = ["not created by akin", "OPENSEARCH_INDEX_NAME"];
    assert_refused(&settings, ErrorKind::Misconfigured, &parts).await;
}

#[tokio::test]
#[ignore = "needs OpenSearch: make test"]
async fn eight_processes_can_migrate_at_once() {
    let (settings, _guard) = crate::support::settings();
    let migrations = (0..8).map(|_| {
        let settings = settings.clone();
        tokio::spawn(async move { OpenSearchIndex::migrate(&settings).await })
    });
    let migrations: Vec<_> = migrations.collect();
    let mut created = 0;
    for migration in migrations {
        created += usize::from(migration.await.unwrap().expect("a migration").created);
    }
    assert_eq!(created, 1, "one process created the index");
    assert!(!OpenSearchIndex::migrate(&settings).await.unwrap().created);
}

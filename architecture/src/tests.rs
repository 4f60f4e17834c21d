use super::*;
use serde_json::json;

/// Creates the metadata of a workspace with one crate and its dependencies: a path or an external
/// crate, and the kind of the dependency.
fn workspace(folder: &str, dependencies: &[(&str, Option<&str>)]) -> Value {
    let dependency = |(to, kind): &(&str, Option<&str>)| match to.strip_prefix("./") {
        Some(path) => json!({"name": "x", "kind": kind, "path": format!("/akin/{path}")}),
        None => json!({"name": to, "kind": kind, "path": null}),
    };
    let dependencies: Vec<_> = dependencies.iter().map(dependency).collect();
    let manifest = format!("/akin/{folder}/Cargo.toml");
    let package = json!({"manifest_path": manifest, "dependencies": dependencies});
    json!({"workspace_root": "/akin", "packages": [package]})
}

fn is_allowed(folder: &str, to: &str, kind: Option<&str>) -> bool {
    violations(&workspace(folder, &[(to, kind)])).is_empty()
}

#[test]
fn dependencies_that_point_outward_are_violations() {
    for (folder, to) in [
        ("core/entities", "./core/ports"),
        ("core/ports", "./core/usecases"),
        ("core/ranking", "./core/ports"),
        ("core/evaluation", "./core/ranking"),
        ("core/usecases", "./adapters/memory"),
        ("core/usecases", "./core/contracts"),
        ("core/usecases", "./delivery/http"),
        ("core/contracts", "./adapters/memory"),
        ("adapters/files", "./core/usecases"),
        ("adapters/files", "./core/ranking"),
        ("delivery/http", "./adapters/local"),
        ("delivery/http", "./delivery/embeddings-http"),
        ("delivery/views", "./delivery/http"),
        ("delivery/http-server", "./core/ports"),
        ("delivery/http", "./core/contracts"),
        ("delivery/http", "./deployments/akin"),
        ("deployments/akin", "./libs/flat-index"),
        ("deployments/akin", "./deployments/query-lambda"),
        ("deployments/composition", "./delivery/http"),
        ("deployments/composition", "./deployments/akin"),
        ("deployments/akin", "./core/contracts"),
        ("deployments/akin", "./adapters/memory"),
        ("core/usecases", "./libs/feed-formats"),
        ("core/ports", "./libs/feed-formats"),
        ("deployments/akin", "./libs/feed-formats"),
        ("libs/feed-formats", "./libs/feed-fixtures"),
        ("libs/feed-formats", "./core/ports"),
        ("libs/flat-index", "./core/entities"),
        ("libs/sbert-cpu", "./core/entities"),
        ("libs/sbert-cpu", "./libs/flat-index"),
        ("libs/sbert-cpu", "./libs/sbert-fixtures"),
        ("architecture", "./core/entities"),
    ] {
        assert!(!is_allowed(folder, to, None), "{folder} -> {to}");
        assert!(!is_allowed(folder, to, Some("build")), "{folder} -> {to} as a build dependency");
    }
}

#[test]
fn adapters_use_only_the_technology_that_they_wrap_and_never_each_other() {
    for (folder, to) in [
        ("adapters/local", "./adapters/files"),
        ("adapters/local", "./adapters/memory"),
        ("adapters/files", "./adapters/memory"),
        ("adapters/local", "./libs/sbert-cpu"),
        ("adapters/native", "./libs/flat-index"),
        ("adapters/files", "./libs/flat-index"),
        ("adapters/postgres", "./libs/feed-formats"),
        ("adapters/memory", "./libs/sbert-model"),
    ] {
        assert!(!is_allowed(folder, to, None), "{folder} -> {to}");
        assert!(!is_allowed(folder, to, Some("dev")), "{folder} -> {to} in tests");
    }
}

#[test]
fn a_path_with_the_same_prefix_is_another_path() {
    for (folder, to) in [
        ("adapters/local", "./libs/flat-index-two"),
        ("adapters/local", "./libs/flat-index/tools"),
        ("core/ports", "./core/entities-extra"),
        ("core/usecases", "./core/ports/more"),
        ("adapters/native", "./libs/sbert-cpu-two"),
        ("adapters/local-two", "./libs/flat-index"),
    ] {
        assert!(!is_allowed(folder, to, None), "{folder} -> {to}");
    }
    assert!(!is_allowed("flatland", "serde", None), "it has no layer");
    assert!(!is_allowed("core/entities-extra", "thiserror", None), "neither has this");
}

#[test]
fn the_core_uses_no_crate_that_does_io_awaits_or_serializes() {
    for folder in ["core/entities", "core/ports", "core/ranking", "core/usecases"] {
        for name in ["tokio", "serde", "axum", "rusqlite", "clap", "jiff", "tracing", "ureq"] {
            assert!(!is_allowed(folder, name, None), "{folder} uses {name}");
            assert!(
                !is_allowed(folder, name, Some("build")),
                "{folder} has the build dependency {name}"
            );
            assert!(is_allowed(folder, name, Some("dev")), "{folder} uses {name} in tests");
        }
        let renamed = json!({"name": "tokio", "rename": "thiserror", "path": null});
        let mut workspace = workspace(folder, &[]);
        workspace["packages"][0]["dependencies"] = json!([renamed]);
        assert_eq!(violations(&workspace), [format!("{folder} uses the crate tokio")]);
    }
}

#[test]
fn the_dependencies_of_the_design_are_allowed() {
    for (folder, to, kind) in [
        ("core/ports", "./core/entities", None),
        ("core/usecases", "./core/ranking", None),
        ("core/usecases", "./adapters/memory", Some("dev")),
        ("adapters/local", "./libs/flat-index", None),
        ("adapters/local", "rusqlite", None),
        ("adapters/local", "./core/contracts", Some("dev")),
        ("adapters/files", "./libs/feed-formats", None),
        ("adapters/files", "./core/usecases", Some("dev")),
        ("libs/feed-formats", "./libs/feed-fixtures", Some("dev")),
        ("adapters/native", "./libs/sbert-model", None),
        ("adapters/onnx", "./libs/sbert-model", None),
        ("adapters/onnx", "rten", None),
        ("adapters/postgres", "./core/ports", None),
        ("libs/sbert-cpu", "./libs/sbert-model", None),
        ("libs/sbert-model", "./libs/sbert-fixtures", Some("dev")),
        ("adapters/onnx", "./libs/sbert-fixtures", Some("dev")),
        ("deployments/akin", "./libs/sbert-fixtures", Some("dev")),
        ("delivery/http", "./core/usecases", None),
        ("delivery/http", "./delivery/views", None),
        ("delivery/http", "./delivery/http-server", None),
        ("delivery/embeddings-http", "./delivery/http-server", None),
        ("delivery/http", "./adapters/memory", Some("dev")),
        ("deployments/akin", "./adapters/local", None),
        ("deployments/akin", "./adapters/memory", Some("dev")),
        ("deployments/query-lambda", "./delivery/http", None),
        ("deployments/query-lambda", "./deployments/composition", None),
        ("deployments/composition", "./adapters/postgres", None),
    ] {
        assert!(is_allowed(folder, to, kind), "{folder} -> {to}");
    }
}

#[test]
fn each_violation_is_named() {
    let edges = [("./libs/flat-index", None), ("./core/ports", None), ("serde", None)];
    let found = violations(&workspace("core/usecases", &edges));
    assert_eq!(found, ["core/usecases -> libs/flat-index", "core/usecases uses the crate serde"]);
    let outside = json!({"name": "x", "kind": null, "path": "/elsewhere/entities"});
    let mut workspace = workspace("core/ports", &[]);
    workspace["packages"][0]["dependencies"] = json!([outside]);
    assert_eq!(violations(&workspace), ["core/ports -> /elsewhere/entities"]);
}

//! The dependency rule: arrows point inward, adapters never meet, and the core stays pure.
//!
//! [`violations`] reads what `cargo metadata` says of a workspace. A room that no layer names, an
//! edge that no layer allows, a crate that the core does not list: each is a line of its answer.

use serde_json::Value;

/// What the rooms of a place in the workspace may depend on.
#[derive(Clone, Copy, Debug)]
struct Layer {
    /// A room, or with a slash at its end all rooms in that folder that no layer names itself.
    place: &'static str,
    /// The places that it may use.
    uses: &'static [&'static str],
    /// The places that its tests may use besides.
    tests_use: &'static [&'static str],
    /// The only crates of others that it may use, outside of tests; `None`: any. Which room may
    /// wrap which technology is said in `deny.toml`.
    crates: Option<&'static [&'static str]>,
}

/// Nothing at all, and no crate that does I/O: for the layers to say only what they add.
const PURE: Layer = Layer { place: "", uses: &[], tests_use: &[], crates: Some(&[]) };

/// Knows an engine or a shopper: any crate may serve it.
const OUTER: Layer = Layer { crates: None, ..PURE };

const DELIVERY: &[&str] = &[
    "core/entities",
    "core/ports",
    "core/ranking",
    "core/evaluation",
    "core/usecases",
    "delivery/views",
];

const LAYERS: &[Layer] = &[
    Layer {
        place: "core/entities",
        crates: Some(&["blake3", "bytestring", "thiserror", "unicode-normalization"]),
        ..PURE
    },
    Layer {
        place: "core/ports",
        uses: &["core/entities"],
        crates: Some(&["async-trait", "thiserror"]),
        ..PURE
    },
    Layer {
        place: "core/ranking",
        uses: &["core/entities"],
        crates: Some(&[
            "rust-stemmers",
            "unicode-general-category",
            "unicode-normalization",
            "wide",
        ]),
        ..PURE
    },
    Layer {
        place: "core/evaluation",
        uses: &["core/entities"],
        crates: Some(&["thiserror"]),
        ..PURE
    },
    Layer {
        place: "core/usecases",
        uses: &["core/entities", "core/ports", "core/ranking", "core/evaluation"],
        tests_use: &["adapters/memory"],
        crates: Some(&["async-trait", "futures", "quick_cache", "thiserror"]),
    },
    Layer {
        place: "core/contracts",
        uses: &["core/entities", "core/ports"],
        crates: Some(&["tokio"]),
        ..PURE
    },
    Layer {
        place: "adapters/files",
        uses: &["core/entities", "core/ports", "libs/feed-formats"],
        tests_use: &["core/contracts", "core/usecases", "libs/feed-fixtures"],
        ..ADAPTER
    },
    Layer {
        place: "adapters/native",
        uses: &["core/entities", "core/ports", "libs/sbert-cpu", "libs/sbert-model"],
        ..ADAPTER
    },
    Layer {
        place: "adapters/onnx",
        uses: &["core/entities", "core/ports", "libs/sbert-model", "libs/sbert-onnx"],
        ..ADAPTER
    },
    Layer {
        place: "adapters/local",
        uses: &["core/entities", "core/ports", "libs/flat-index"],
        ..ADAPTER
    },
    ADAPTER,
    Layer {
        place: "delivery/views",
        uses: &["core/entities", "core/ports", "core/usecases"],
        ..OUTER
    },
    Layer { place: "delivery/", uses: DELIVERY, tests_use: &["adapters/memory"], ..OUTER },
    Layer {
        place: "deployments/composition",
        uses: &["core/entities", "core/ports", "core/usecases", "adapters/"],
        tests_use: &["libs/sbert-fixtures"],
        ..OUTER
    },
    Layer {
        place: "deployments/",
        uses: &[
            "core/entities",
            "core/ports",
            "core/ranking",
            "core/evaluation",
            "core/usecases",
            "adapters/",
            "delivery/",
            "deployments/composition",
            "libs/instruction-set",
            "libs/sbert-cpu",
            "libs/sbert-model",
            "libs/sbert-onnx",
        ],
        ..OUTER
    },
    Layer {
        place: "libs/sbert-cpu",
        uses: &[
            "libs/compute-pool",
            "libs/instruction-set",
            "libs/mapped-bytes",
            "libs/sbert-model",
        ],
        ..OUTER
    },
    Layer { place: "libs/sbert-model", uses: &["libs/mapped-bytes"], ..OUTER },
    Layer { place: "libs/sbert-onnx", uses: &["libs/sbert-model"], ..OUTER },
    Layer {
        place: "libs/flat-index",
        uses: &["libs/compute-pool", "libs/instruction-set", "libs/mapped-bytes"],
        ..OUTER
    },
    Layer { place: "libs/feed-formats", tests_use: &["libs/feed-fixtures"], ..OUTER },
    Layer { place: "libs/", ..OUTER },
    Layer { place: "architecture", ..OUTER },
];

const ADAPTER: Layer = Layer {
    place: "adapters/",
    uses: &["core/entities", "core/ports"],
    tests_use: &["core/contracts"],
    ..OUTER
};

/// The double: whatever a layer says, only tests may use it.
const DOUBLE: &str = "adapters/memory";

/// Tiny models for the tests of every crate that reads models.
const FIXTURES: &str = "libs/sbert-fixtures";

/// What is wrong with the edges of a workspace, by `cargo metadata --no-deps`; empty: nothing.
pub fn violations(metadata: &Value) -> Vec<String> {
    let workspace = text(&metadata["workspace_root"]);
    let mut wrong = Vec::new();
    for package in list(&metadata["packages"]) {
        let manifest = text(&package["manifest_path"]);
        let folder = manifest.strip_suffix("/Cargo.toml").unwrap_or(manifest);
        let room = local(workspace, folder);
        let Some(layer) = layer_of(room) else {
            wrong.push(format!("{room} stands in no layer"));
            continue;
        };
        for dependency in list(&package["dependencies"]) {
            wrong.extend(fault(workspace, room, layer, dependency));
        }
    }
    wrong
}

/// What is wrong with one edge.
fn fault(workspace: &str, room: &str, layer: &Layer, dependency: &Value) -> Option<String> {
    let is_test = dependency["kind"] == "dev";
    let Some(path) = dependency["path"].as_str() else {
        let name = text(&dependency["name"]);
        let listed = layer.crates.is_none_or(|crates| crates.contains(&name));
        return (!listed && !is_test).then(|| format!("{room} uses the crate {name}"));
    };
    let to = local(workspace, path);
    let holds = |places: &[&str]| places.iter().any(|place| stands_in(to, place));
    let allowed = holds(layer.uses) && to != DOUBLE && to != room;
    let serves_tests =
        holds(layer.tests_use) || is_double_for(layer, to) || reads_models(room, layer, to);
    let allowed = allowed || (is_test && serves_tests);
    (!allowed).then(|| format!("{room} -> {to}"))
}

/// Whoever may use adapters may test with the double.
fn is_double_for(layer: &Layer, to: &str) -> bool {
    to == DOUBLE && layer.uses.contains(&"adapters/")
}

/// Whoever may read models may test with the tiny ones.
fn reads_models(room: &str, layer: &Layer, to: &str) -> bool {
    let is_reader = room == "libs/sbert-model" || layer.uses.contains(&"libs/sbert-model");
    to == FIXTURES && is_reader
}

/// The layer of a room: the one that names it, else the one of its folder.
fn layer_of(room: &str) -> Option<&'static Layer> {
    let named = LAYERS.iter().find(|layer| layer.place == room);
    named.or_else(|| LAYERS.iter().find(|layer| stands_in(room, layer.place)))
}

/// Whether the room is the place, or stands in the folder that the place is.
fn stands_in(room: &str, place: &str) -> bool {
    room == place || (place.ends_with('/') && room.starts_with(place))
}

/// The path within the workspace; as it is, if it is outside.
fn local<'a>(workspace: &str, path: &'a str) -> &'a str {
    let inside = path.strip_prefix(workspace).and_then(|path| path.strip_prefix('/'));
    inside.unwrap_or(path)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A workspace of one room, with these dependencies: a path or a crate, and their kind.
    fn workspace(room: &str, dependencies: &[(&str, Option<&str>)]) -> Value {
        let dependency = |(to, kind): &(&str, Option<&str>)| match to.strip_prefix("./") {
            Some(path) => json!({"name": "x", "kind": kind, "path": format!("/akin/{path}")}),
            None => json!({"name": to, "kind": kind, "path": null}),
        };
        let dependencies: Vec<_> = dependencies.iter().map(dependency).collect();
        let manifest = format!("/akin/{room}/Cargo.toml");
        let package = json!({"manifest_path": manifest, "dependencies": dependencies});
        json!({"workspace_root": "/akin", "packages": [package]})
    }

    fn is_allowed(room: &str, to: &str, kind: Option<&str>) -> bool {
        violations(&workspace(room, &[(to, kind)])).is_empty()
    }

    #[test]
    fn every_arrow_that_points_outward_is_found() {
        for (room, to) in [
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
            assert!(!is_allowed(room, to, None), "{room} -> {to}");
            assert!(!is_allowed(room, to, Some("build")), "{room} -> {to} to be built");
        }
    }

    #[test]
    fn adapters_never_meet_and_know_only_the_technology_that_they_wrap() {
        for (room, to) in [
            ("adapters/local", "./adapters/files"),
            ("adapters/local", "./adapters/memory"),
            ("adapters/files", "./adapters/memory"),
            ("adapters/local", "./libs/sbert-cpu"),
            ("adapters/native", "./libs/flat-index"),
            ("adapters/files", "./libs/flat-index"),
            ("adapters/postgres", "./libs/feed-formats"),
            ("adapters/memory", "./libs/sbert-model"),
        ] {
            assert!(!is_allowed(room, to, None), "{room} -> {to}");
            assert!(!is_allowed(room, to, Some("dev")), "{room} -> {to} in tests");
        }
    }

    #[test]
    fn a_name_that_begins_like_another_is_another() {
        for (room, to) in [
            ("adapters/local", "./libs/flat-index-two"),
            ("adapters/local", "./libs/flat-index/tools"),
            ("core/ports", "./core/entities-extra"),
            ("core/usecases", "./core/ports/more"),
            ("adapters/native", "./libs/sbert-cpu-two"),
            ("adapters/local-two", "./libs/flat-index"),
        ] {
            assert!(!is_allowed(room, to, None), "{room} -> {to}");
        }
        assert!(!is_allowed("flatland", "serde", None), "it stands in no layer");
        assert!(!is_allowed("core/entities-extra", "thiserror", None), "nor does this one");
    }

    #[test]
    fn the_core_uses_no_crate_that_does_io_awaits_or_serializes() {
        for room in ["core/entities", "core/ports", "core/ranking", "core/usecases"] {
            for name in ["tokio", "serde", "axum", "rusqlite", "clap", "jiff", "tracing", "ureq"] {
                assert!(!is_allowed(room, name, None), "{room} uses {name}");
                assert!(!is_allowed(room, name, Some("build")), "{room} is built with {name}");
                assert!(is_allowed(room, name, Some("dev")), "{room} is tested with {name}");
            }
            let renamed = json!({"name": "tokio", "rename": "thiserror", "path": null});
            let mut workspace = workspace(room, &[]);
            workspace["packages"][0]["dependencies"] = json!([renamed]);
            assert_eq!(violations(&workspace), [format!("{room} uses the crate tokio")]);
        }
    }

    #[test]
    fn the_arrows_of_the_design_are_allowed() {
        for (room, to, kind) in [
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
            ("delivery/http", "./adapters/memory", Some("dev")),
            ("deployments/akin", "./adapters/local", None),
            ("deployments/akin", "./adapters/memory", Some("dev")),
            ("deployments/query-lambda", "./delivery/http", None),
            ("deployments/query-lambda", "./deployments/composition", None),
            ("deployments/composition", "./adapters/postgres", None),
        ] {
            assert!(is_allowed(room, to, kind), "{room} -> {to}");
        }
    }

    #[test]
    fn each_wrong_edge_is_named() {
        let edges = [("./libs/flat-index", None), ("./core/ports", None), ("serde", None)];
        let found = violations(&workspace("core/usecases", &edges));
        assert_eq!(
            found,
            ["core/usecases -> libs/flat-index", "core/usecases uses the crate serde"]
        );
        let outside = json!({"name": "x", "kind": null, "path": "/elsewhere/entities"});
        let mut workspace = workspace("core/ports", &[]);
        workspace["packages"][0]["dependencies"] = json!([outside]);
        assert_eq!(violations(&workspace), ["core/ports -> /elsewhere/entities"]);
    }
}

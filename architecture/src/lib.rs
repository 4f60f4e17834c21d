//! The dependency rule: arrows point inward, adapters never meet, and the core stays pure.
//!
//! [`violations`] checks the output of `cargo metadata`. It reports each folder without a layer, each
//! dependency that its layer does not allow, and each external crate that the core does not list.

use serde_json::Value;

/// The dependencies that the crates of a layer may have.
#[derive(Clone, Copy, Debug)]
struct Layer {
    /// The folder of a crate, or with a trailing slash all crates below that folder that no other
    /// layer names.
    path: &'static str,
    /// The paths that it may use.
    uses: &'static [&'static str],
    /// The paths that only its tests may use.
    tests_use: &'static [&'static str],
    /// The external crates that it may use outside of tests; `None` means any. `deny.toml` restricts
    /// which crate may wrap which technology.
    crates: Option<&'static [&'static str]>,
}

/// A layer without any dependency, as a base for the others.
const PURE: Layer = Layer { path: "", uses: &[], tests_use: &[], crates: Some(&[]) };

/// A layer that may use any external crate.
const OUTER: Layer = Layer { crates: None, ..PURE };

const DELIVERY: &[&str] = &[
    "core/entities",
    "core/ports",
    "core/ranking",
    "core/evaluation",
    "core/usecases",
    "delivery/http-server",
    "delivery/views",
];

const LAYERS: &[Layer] = &[
    Layer {
        path: "core/entities",
        crates: Some(&[
            "blake3",
            "bytestring",
            "iso_currency",
            "thiserror",
            "unicode-normalization",
        ]),
        ..PURE
    },
    Layer {
        path: "core/ports",
        uses: &["core/entities"],
        crates: Some(&["async-trait", "thiserror"]),
        ..PURE
    },
    Layer {
        path: "core/ranking",
        uses: &["core/entities"],
        crates: Some(&[
            "icu_segmenter",
            "snowball_stemmers_rs",
            "stop-words",
            "unicode-general-category",
            "unicode-normalization",
            "wide",
        ]),
        ..PURE
    },
    Layer {
        path: "core/evaluation",
        uses: &["core/entities"],
        crates: Some(&["thiserror"]),
        ..PURE
    },
    Layer {
        path: "core/usecases",
        uses: &["core/entities", "core/ports", "core/ranking", "core/evaluation"],
        tests_use: &["adapters/memory"],
        crates: Some(&["async-trait", "futures", "quick_cache", "thiserror"]),
    },
    Layer {
        path: "core/contracts",
        uses: &["core/entities", "core/ports"],
        crates: Some(&["tokio"]),
        ..PURE
    },
    // What the sources of feeds share: the only adapter that others may use.
    Layer {
        path: "adapters/feed-records",
        uses: &["core/entities", "core/ports", "libs/feed-formats"],
        ..ADAPTER
    },
    Layer {
        path: "adapters/files",
        uses: &[
            "core/entities",
            "core/ports",
            "libs/feed-formats",
            "libs/private-files",
            "adapters/feed-records",
        ],
        tests_use: &["core/contracts", "core/usecases", "libs/feed-fixtures"],
        ..ADAPTER
    },
    Layer {
        path: "adapters/s3",
        uses: &[
            "core/entities",
            "core/ports",
            "libs/aws-client",
            "libs/feed-formats",
            "libs/private-files",
            "adapters/feed-records",
        ],
        tests_use: &["core/contracts", "core/usecases", "libs/feed-fixtures"],
        ..ADAPTER
    },
    Layer { path: "adapters/sqs", ..AWS_ADAPTER },
    Layer { path: "adapters/secrets", ..AWS_ADAPTER },
    Layer { path: "adapters/sagemaker", ..AWS_ADAPTER },
    Layer {
        path: "adapters/native",
        uses: &["core/entities", "core/ports", "libs/sbert-cpu", "libs/sbert-model"],
        ..ADAPTER
    },
    Layer {
        path: "adapters/onnx",
        uses: &["core/entities", "core/ports", "libs/sbert-model", "libs/sbert-onnx"],
        ..ADAPTER
    },
    Layer {
        path: "adapters/local",
        uses: &["core/entities", "core/ports", "libs/flat-index", "libs/private-files"],
        ..ADAPTER
    },
    Layer {
        path: "adapters/model-hub",
        uses: &["core/entities", "core/ports", "libs/loopback", "libs/private-files"],
        ..ADAPTER
    },
    ADAPTER,
    Layer {
        path: "delivery/views",
        uses: &["core/entities", "core/ports", "core/usecases"],
        ..OUTER
    },
    Layer { path: "delivery/http-server", ..OUTER },
    Layer { path: "delivery/", uses: DELIVERY, tests_use: &["adapters/memory"], ..OUTER },
    Layer {
        path: "deployments/composition",
        uses: &[
            "core/entities",
            "core/ports",
            "core/usecases",
            "adapters/",
            "libs/aws-client",
            "libs/instruction-set",
        ],
        tests_use: &["libs/sbert-fixtures"],
        ..OUTER
    },
    Layer {
        path: "deployments/",
        uses: &[
            "core/entities",
            "core/ports",
            "core/ranking",
            "core/evaluation",
            "core/usecases",
            "adapters/",
            "delivery/",
            "deployments/composition",
            "deployments/functions",
            "deployments/search-api",
            "libs/private-files",
            "libs/sbert-cpu",
            "libs/sbert-model",
            "libs/sbert-onnx",
        ],
        ..OUTER
    },
    Layer {
        path: "libs/sbert-cpu",
        uses: &[
            "libs/compute-pool",
            "libs/instruction-set",
            "libs/mapped-bytes",
            "libs/private-files",
            "libs/sbert-model",
        ],
        ..OUTER
    },
    Layer { path: "libs/sbert-model", uses: &["libs/mapped-bytes", "libs/private-files"], ..OUTER },
    Layer { path: "libs/sbert-onnx", uses: &["libs/private-files", "libs/sbert-model"], ..OUTER },
    Layer {
        path: "libs/flat-index",
        uses: &[
            "libs/compute-pool",
            "libs/instruction-set",
            "libs/mapped-bytes",
            "libs/private-files",
        ],
        ..OUTER
    },
    Layer { path: "libs/feed-formats", tests_use: &["libs/feed-fixtures"], ..OUTER },
    Layer { path: "libs/", ..OUTER },
    Layer { path: "architecture", ..OUTER },
];

const ADAPTER: Layer = Layer {
    path: "adapters/",
    uses: &["core/entities", "core/ports", "libs/backoff", "libs/loopback"],
    tests_use: &["core/contracts"],
    ..OUTER
};

/// An adapter of an AWS service.
const AWS_ADAPTER: Layer =
    Layer { uses: &["core/entities", "core/ports", "libs/aws-client", "libs/backoff"], ..ADAPTER };

/// The test double of the ports. Only tests may use it, whatever a layer allows.
const DOUBLE: &str = "adapters/memory";

/// Tiny models, for the tests of every crate that reads models.
const FIXTURES: &str = "libs/sbert-fixtures";

/// Returns the violations of the dependency rule in the output of `cargo metadata --no-deps`, one line
/// each.
pub fn violations(metadata: &Value) -> Vec<String> {
    let workspace = text(&metadata["workspace_root"]);
    let mut violations = Vec::new();
    for package in list(&metadata["packages"]) {
        let manifest = text(&package["manifest_path"]);
        let folder = manifest.strip_suffix("/Cargo.toml").unwrap_or(manifest);
        let folder = relative(workspace, folder);
        let Some(layer) = find_layer(folder) else {
            violations.push(format!("{folder} has no layer"));
            continue;
        };
        for dependency in list(&package["dependencies"]) {
            violations.extend(violation(workspace, folder, layer, dependency));
        }
    }
    violations
}

/// Returns the violation by one dependency, if any.
fn violation(workspace: &str, folder: &str, layer: &Layer, dependency: &Value) -> Option<String> {
    let is_test = dependency["kind"] == "dev";
    let Some(path) = dependency["path"].as_str() else {
        let name = text(&dependency["name"]);
        let is_listed = layer.crates.is_none_or(|crates| crates.contains(&name));
        return (!is_listed && !is_test).then(|| format!("{folder} uses the crate {name}"));
    };
    let to = relative(workspace, path);
    let contains = |paths: &[&str]| paths.iter().any(|path| is_in(to, path));
    let is_allowed = contains(layer.uses) && to != DOUBLE && to != folder;
    let is_allowed_in_tests =
        contains(layer.tests_use) || is_double_for(layer, to) || is_fixture_for(folder, layer, to);
    let is_allowed = is_allowed || (is_test && is_allowed_in_tests);
    (!is_allowed).then(|| format!("{folder} -> {to}"))
}

/// Returns true if `to` is the test double and the layer may use adapters.
fn is_double_for(layer: &Layer, to: &str) -> bool {
    to == DOUBLE && layer.uses.contains(&"adapters/")
}

/// Returns true if `to` is the tiny models and the crate reads models.
fn is_fixture_for(folder: &str, layer: &Layer, to: &str) -> bool {
    let is_reader = folder == "libs/sbert-model" || layer.uses.contains(&"libs/sbert-model");
    to == FIXTURES && is_reader
}

/// Returns the layer of a crate: the one with its path, else the one with its parent folder.
fn find_layer(folder: &str) -> Option<&'static Layer> {
    let exact = LAYERS.iter().find(|layer| layer.path == folder);
    exact.or_else(|| LAYERS.iter().find(|layer| is_in(folder, layer.path)))
}

/// Returns true if `folder` is `path`, or is below it and `path` has a trailing slash.
fn is_in(folder: &str, path: &str) -> bool {
    folder == path || (path.ends_with('/') && folder.starts_with(path))
}

/// Returns the path relative to the workspace; a path outside of it is unchanged.
fn relative<'a>(workspace: &str, path: &'a str) -> &'a str {
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
mod tests;

//! What this program was built from.

use akin_native::{DEFAULT_MODEL, ModelPrecision};
use std::env::consts::{ARCH, OS};
use std::sync::LazyLock;

/// The commit that `make dist` built. Other builds do not say, so that they need not be repeated after each
/// commit.
const COMMIT: &str = match option_env!("AKIN_COMMIT") {
    Some(commit) => commit,
    None => "unknown; `make dist` names it",
};

static LONG: LazyLock<String> = LazyLock::new(|| {
    let (version, precision) = (env!("CARGO_PKG_VERSION"), ModelPrecision::default());
    format!(
        "{version}\ncommit: {COMMIT}\ndefault model: {DEFAULT_MODEL}, {precision}\nmachine: {ARCH} {OS}"
    )
});

/// Returns the version, the commit, the default model and the kind of machine, on a line each.
pub(crate) fn long() -> &'static str {
    &LONG
}

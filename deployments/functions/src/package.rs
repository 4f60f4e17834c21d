//! The files that are packed with a function.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// Returns the line of arguments of this process. If the package has a model and `AKIN_MODEL` selects no
/// other, that is the model.
pub(crate) fn arguments() -> Vec<OsString> {
    let mut line: Vec<_> = env::args_os().collect();
    let is_selected = env::var_os("AKIN_MODEL").is_some_and(|model| !model.is_empty());
    let model = env::var_os("LAMBDA_TASK_ROOT").map(|root| PathBuf::from(root).join("model"));
    if let Some(model) = model.filter(|model| !is_selected && model.exists()) {
        line.extend(["--model".into(), model.into()]);
    }
    line
}

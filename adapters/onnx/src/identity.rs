use crate::{Description, OnnxError, keys};
use akin_entities::Fingerprint;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// How many digits of the weights' hash name a model.
const DIGITS: usize = 8;

/// Which model a file holds.
///
/// What akin exported names the weights that it was made of, and was compared with them before it
/// was kept: at full precision it is the same model as those weights in any other engine, so that
/// the engines may share an index. The 8-bit arithmetic of a graph is another than that of the native
/// encoder, and has a name of its own. Any other file is told by its bytes.
pub(crate) fn fingerprint(
    path: &Path,
    description: &Description,
    dimension: usize,
) -> Result<Fingerprint, OnnxError> {
    let said = |key: &str| description.metadata.get(key).map(String::as_str);
    let source = said(keys::WEIGHTS).filter(|hash| hash.len() == 64 && hash.is_ascii());
    if let (Some(source), Some(name), Some(precision)) =
        (source, said(keys::NAME), said(keys::PRECISION))
    {
        let model = format!("{name}@{}", &source[..DIGITS]);
        let precision = match precision {
            "fp32" => "fp32".to_owned(),
            other => format!("onnx-{other}"),
        };
        return Ok(Fingerprint { model, precision, dimension });
    }
    let hash =
        hash(path, description).map_err(|(path, source)| OnnxError::Unreadable { path, source })?;
    let model = format!("{}@{}", name(path), &hash[..DIGITS]);
    let precision = if description.is_quantized() { "onnx-int8" } else { "fp32" }.to_owned();
    Ok(Fingerprint { model, precision, dimension })
}

/// The BLAKE3 of the file and of those that hold its weights, in the order of their names.
fn hash(path: &Path, description: &Description) -> Result<String, (PathBuf, io::Error)> {
    let mut hasher = blake3::Hasher::new();
    let beside = description.external.iter().map(|name| path.with_file_name(name));
    for path in std::iter::once(path.to_owned()).chain(beside) {
        let read = File::open(&path).and_then(|file| hasher.update_reader(file).map(drop));
        read.map_err(|error| (path, error))?;
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// What people call the model: its folder's name, for its own is mostly `model`.
fn name(path: &Path) -> String {
    let absolute = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folders = absolute.ancestors().skip(1).filter_map(Path::file_name);
    let named = folders.map(|name| name.to_string_lossy().into_owned()).find(|name| name != "onnx");
    named.unwrap_or_else(|| "model".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn described(entries: &[(&str, &str)]) -> Description {
        let metadata =
            entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Description { metadata, ..Description::default() }
    }

    #[test]
    fn an_export_at_full_precision_is_the_model_that_it_was_made_of() {
        let hash = "53aa5117".repeat(8);
        let of = |precision: &str| {
            let metadata =
                [("name", "all-MiniLM-L6-v2"), ("weights_sha256", &hash), ("precision", precision)];
            fingerprint(Path::new("none.onnx"), &described(&metadata), 384).unwrap().to_string()
        };
        assert_eq!(of("fp32"), "all-MiniLM-L6-v2@53aa5117/fp32/384");
        assert_eq!(of("int8"), "all-MiniLM-L6-v2@53aa5117/onnx-int8/384");
    }

    #[test]
    fn any_other_file_is_told_by_its_bytes_and_those_of_its_weights() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bge").join("onnx").join("model.onnx");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "graph").unwrap();
        let mut description = described(&[("weights_sha256", "short"), ("name", "mine")]);
        let of = |description: &Description| fingerprint(&path, description, 2).unwrap();
        let alone = of(&description);
        assert!(alone.model.starts_with("bge@"), "{alone}");
        fs::write(path.with_file_name("weights"), "1").unwrap();
        description.external.insert("weights".to_owned());
        let first = of(&description);
        fs::write(path.with_file_name("weights"), "2").unwrap();
        assert!(alone != first && first != of(&description));
        fs::write(&path, "other").unwrap();
        assert_ne!(alone, of(&described(&[])));
    }

    #[test]
    fn weights_that_are_missing_are_named() {
        let mut description = described(&[]);
        description.external.insert("weights".to_owned());
        let error = fingerprint(Path::new("none.onnx"), &description, 2).unwrap_err();
        assert!(error.to_string().contains("none.onnx"), "{error}");
    }
}

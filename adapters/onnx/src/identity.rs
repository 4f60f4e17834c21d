use crate::{Description, OnnxError, keys};
use akin_entities::Fingerprint;
use sbert_model::provenance::{self, Provenance};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The number of hexadecimal digits of the hash in a model's name.
const DIGITS: usize = 8;

/// Returns the fingerprint of the model in a file.
///
/// A file that akin exported names the weights it was made from, and was compared with them when it
/// was exported. At full precision it is the same model as in the native embedder, so that both can
/// share an index. The 8-bit arithmetic of a graph differs from the native encoder's, and has a name
/// of its own. Any other file is identified by the hash of its bytes.
pub(crate) fn fingerprint(
    path: &Path,
    description: &Description,
    dimension: usize,
) -> Result<Fingerprint, OnnxError> {
    let value = |key: &str| description.metadata.get(key).map(String::as_str);
    let source = value(keys::WEIGHTS).filter(|hash| hash.len() == 64 && hash.is_ascii());
    if let (Some(source), Some(name), Some(precision)) =
        (source, value(keys::NAME), value(keys::PRECISION))
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

/// Checks that a file that akin exported is unchanged. One without a record is trusted as it describes
/// itself, with a warning if it claims to be an export.
pub(crate) fn check_record(path: &Path) -> Result<(), OnnxError> {
    // Opening the model reports a file that cannot be read.
    let Ok(description) = Description::read(path) else { return Ok(()) };
    let claimed = description.metadata.get(keys::WEIGHTS);
    match provenance::check(path) {
        Provenance::Altered(path) => Err(OnnxError::Altered { path }),
        Provenance::Recorded(weights) if claimed != Some(&weights) => {
            Err(OnnxError::Altered { path: path.to_owned() })
        }
        Provenance::Unrecorded if claimed.is_some() => {
            tracing::warn!(
                path = %path.display(),
                "there is no record of exporting this model, so that its name and weights are as it \
                 claims; copy its record (.made) too, or run `akin model export --if-missing`"
            );
            Ok(())
        }
        Provenance::Recorded(_) | Provenance::Unrecorded => Ok(()),
    }
}

/// Returns the BLAKE3 hash of the file and of its external weights, in the order of their names.
fn hash(path: &Path, description: &Description) -> Result<String, (PathBuf, io::Error)> {
    let mut hasher = blake3::Hasher::new();
    let external = description.external.iter().map(|name| path.with_file_name(name));
    for path in std::iter::once(path.to_owned()).chain(external) {
        let read = File::open(&path).and_then(|file| hasher.update_reader(file).map(drop));
        read.map_err(|error| (path, error))?;
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// Returns the name of the model's folder, because the file itself is usually called `model`.
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
    fn an_export_at_full_precision_has_the_fingerprint_of_its_source() {
        let hash = "53aa5117".repeat(8);
        let fingerprint_of = |precision: &str| {
            let metadata =
                [("name", "all-MiniLM-L6-v2"), ("weights_sha256", &hash), ("precision", precision)];
            fingerprint(Path::new("none.onnx"), &described(&metadata), 384).unwrap().to_string()
        };
        assert_eq!(fingerprint_of("fp32"), "all-MiniLM-L6-v2@53aa5117/fp32/384");
        assert_eq!(fingerprint_of("int8"), "all-MiniLM-L6-v2@53aa5117/onnx-int8/384");
    }

    #[test]
    fn any_other_file_is_identified_by_the_hash_of_its_graph_and_weights() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bge").join("onnx").join("model.onnx");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "graph").unwrap();
        let mut description = described(&[("weights_sha256", "short"), ("name", "mine")]);
        let fingerprint_of =
            |description: &Description| fingerprint(&path, description, 2).unwrap();
        let alone = fingerprint_of(&description);
        assert!(alone.model.starts_with("bge@"), "{alone}");
        fs::write(path.with_file_name("weights"), "1").unwrap();
        description.external.insert("weights".to_owned());
        let first = fingerprint_of(&description);
        fs::write(path.with_file_name("weights"), "2").unwrap();
        assert!(alone != first && first != fingerprint_of(&description));
        fs::write(&path, "other").unwrap();
        assert_ne!(alone, fingerprint_of(&described(&[])));
    }

    #[test]
    fn the_error_for_missing_weights_names_the_file() {
        let mut description = described(&[]);
        description.external.insert("weights".to_owned());
        let error = fingerprint(Path::new("none.onnx"), &description, 2).unwrap_err();
        assert!(error.to_string().contains("none.onnx"), "{error}");
    }
}

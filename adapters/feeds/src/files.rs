use std::io;
use std::path::{Path, PathBuf};

/// No feed is at a path.
#[derive(Debug, thiserror::Error)]
pub enum NoFeed {
    /// Nothing is there, or it cannot be reached.
    #[error("cannot open {path}: {cause}; check the path and its rights")]
    Unreachable {
        /// The path.
        path: String,
        /// Why.
        cause: io::Error,
    },
    /// The pattern fits no file.
    #[error("no file matches {0:?}")]
    NoMatch(String),
    /// The pattern is none.
    #[error("{pattern:?} is neither a file nor a pattern of files: {cause}")]
    NoPattern {
        /// The text.
        pattern: String,
        /// Why.
        cause: glob::PatternError,
    },
}

/// The feeds that `path` names: itself, or in the order of their names the files that it matches
/// where it is a pattern with `*`, `?`, `[...]` or `**`. `-` is the standard input.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, NoFeed> {
    let unreachable = |cause| NoFeed::Unreachable { path: path.display().to_string(), cause };
    let itself = || vec![path.to_owned()];
    let missing = match path.metadata() {
        _ if path.as_os_str() == "-" => return Ok(itself()),
        Ok(_) => return Ok(itself()),
        Err(cause) => cause,
    };
    let Some(pattern) = path.to_str().filter(|text| text.contains(['*', '?', '['])) else {
        return Err(unreachable(missing));
    };
    let matches = glob::glob(pattern)
        .map_err(|cause| NoFeed::NoPattern { pattern: pattern.to_owned(), cause })?;
    let mut found = Vec::new();
    for path in matches {
        let path = path.map_err(|error| NoFeed::Unreachable {
            path: error.path().display().to_string(),
            cause: error.into(),
        })?;
        if !path.is_dir() {
            found.push(path);
        }
    }
    if found.is_empty() { Err(NoFeed::NoMatch(pattern.to_owned())) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_the_files_it_matches_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["b.csv", "a.csv", "c.xml", "odd[1].csv"] {
            std::fs::write(at(name), "").unwrap();
        }
        std::fs::create_dir(at("folder.csv")).unwrap();
        assert_eq!(files(&at("[ab].csv")).unwrap(), [at("a.csv"), at("b.csv")]);
        assert_eq!(files(&at("*.xml")).unwrap(), [at("c.xml")]);
        assert_eq!(files(&at("odd[1].csv")).unwrap(), [at("odd[1].csv")]);
        assert_eq!(files(Path::new("-")).unwrap(), [PathBuf::from("-")]);
    }

    #[test]
    fn a_path_without_a_feed_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for (name, said) in
            [("none.csv", "cannot open"), ("*.csv", "no file matches"), ("a[", "nor a pattern")]
        {
            let error = files(&folder.path().join(name)).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains(name), "{error}");
        }
    }
}

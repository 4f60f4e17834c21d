use crate::feed_file::is_standard_input;
use std::io;
use std::path::{Path, PathBuf};

/// A path that names no feed.
#[derive(Debug, thiserror::Error)]
pub enum NoFeed {
    /// The file cannot be reached.
    #[error("cannot open {path}: {cause}; check the path and its permissions")]
    Unreachable {
        /// The path.
        path: String,
        /// The cause.
        cause: io::Error,
    },
    /// The pattern matches no file.
    #[error("no file matches {0:?}: check the pattern")]
    NoMatch(String),
    /// The text is neither a file nor a valid pattern.
    #[error("{pattern:?} is neither a file nor a valid pattern: {cause}")]
    InvalidPattern {
        /// The text.
        pattern: String,
        /// The cause.
        cause: glob::PatternError,
    },
}

/// Finds the feeds that `path` names: the file itself, or the files that match it, in the order of
/// their names, if it is a pattern with `*`, `?`, `[...]`, or `**`. `-` is the standard input.
pub fn find_feeds(path: &Path) -> Result<Vec<PathBuf>, NoFeed> {
    let unreachable = |cause| NoFeed::Unreachable { path: path.display().to_string(), cause };
    if is_standard_input(path) {
        return Ok(vec![path.to_owned()]);
    }
    let Err(missing) = path.metadata() else { return Ok(vec![path.to_owned()]) };
    let Some(pattern) = path.to_str().filter(|text| text.contains(['*', '?', '['])) else {
        return Err(unreachable(missing));
    };
    let matches = glob::glob(pattern)
        .map_err(|cause| NoFeed::InvalidPattern { pattern: pattern.to_owned(), cause })?;
    let mut files = Vec::new();
    for path in matches {
        let path = path.map_err(|error| NoFeed::Unreachable {
            path: error.path().display().to_string(),
            cause: error.into(),
        })?;
        if !path.is_dir() {
            files.push(path);
        }
    }
    if files.is_empty() { Err(NoFeed::NoMatch(pattern.to_owned())) } else { Ok(files) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_the_files_that_match_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["b.csv", "a.csv", "c.xml", "odd[1].csv"] {
            std::fs::write(at(name), "").unwrap();
        }
        std::fs::create_dir(at("folder.csv")).unwrap();
        assert_eq!(find_feeds(&at("[ab].csv")).unwrap(), [at("a.csv"), at("b.csv")]);
        assert_eq!(find_feeds(&at("*.xml")).unwrap(), [at("c.xml")]);
        assert_eq!(find_feeds(&at("odd[1].csv")).unwrap(), [at("odd[1].csv")]);
        assert_eq!(find_feeds(Path::new("-")).unwrap(), [PathBuf::from("-")]);
    }

    #[test]
    fn a_path_without_a_feed_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for (name, message) in [
            ("none.csv", "cannot open"),
            ("*.csv", "no file matches"),
            ("a[", "nor a valid pattern"),
        ] {
            let error = find_feeds(&folder.path().join(name)).unwrap_err().to_string();
            assert!(error.contains(message) && error.contains(name), "{error}");
        }
    }
}

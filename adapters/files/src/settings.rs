use crate::feed_file::is_standard_input;
use crate::{FeedFile, NoFeed, find_feeds};
use akin_feed_records::FeedOptions;
use akin_ports::FeedSource;
use std::path::{Path, PathBuf};

/// The maximum number of characters in the name of a feed.
const MAX_NAME: usize = 200;

/// The files to read, and their format.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Every adapter has `Settings`; clap refuses two groups of one name.
pub struct Settings {
    /// The feeds: CSV, JSON Lines, Google Merchant XML or Parquet files, plain or compressed with
    /// gzip or zstd; quoted patterns; `s3://BUCKET/KEY`; `-` for standard input.
    #[arg(required = true, value_name = "FEED")]
    pub feeds: Vec<PathBuf>,

    /// The name of the feed from standard input, in messages and in the quarantine: the same in every run of a
    /// source, and another for each source. Standard input needs one.
    #[arg(long, env = "AKIN_FEED_NAME", value_name = "NAME", value_parser = feed_name)]
    pub feed_name: Option<String>,

    /// How their content is read.
    #[command(flatten)]
    pub content: akin_feed_records::Settings,
}

impl Settings {
    /// Returns the feeds in the order of the settings, or what is wrong with each path that names
    /// none.
    pub fn sources(&self) -> Result<Vec<FeedFile>, Vec<String>> {
        let (mut files, mut problems) = (Vec::new(), Vec::new());
        for path in &self.feeds {
            match self.sources_at(path) {
                Ok(found) => files.extend(found),
                Err(error) => problems.push(error.to_string()),
            }
        }
        problems.extend(self.problem_of_name(files.iter().map(FeedSource::name)));
        if problems.is_empty() { Ok(files) } else { Err(problems) }
    }

    /// Returns the feeds that one path or pattern of the settings names.
    pub fn sources_at(&self, path: &Path) -> Result<Vec<FeedFile>, NoFeed> {
        let files = find_feeds(path)?;
        Ok(files.into_iter().map(|file| self.source(file)).collect())
    }

    fn source(&self, path: PathBuf) -> FeedFile {
        match &self.feed_name {
            Some(name) if is_standard_input(&path) => {
                FeedFile::named(name.clone(), path, self.options())
            }
            _ => FeedFile::new(path, self.options()),
        }
    }

    /// Returns what is wrong with the name of standard input, beside feeds with these `names`.
    pub fn problem_of_name<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
        let Some(name) = self.feed_name.as_deref() else {
            return self.has_standard_input().then(|| {
                "standard input needs a name, under which its refused rows are kept: add --feed-name \
                 NAME (AKIN_FEED_NAME), the same in every run of a source"
                    .to_owned()
            });
        };
        if !self.has_standard_input() {
            return Some(
                "--feed-name (AKIN_FEED_NAME) names standard input, which is not read: name the \
                 feed `-` as well"
                    .to_owned(),
            );
        }
        // One of them is standard input itself.
        let is_taken = names.into_iter().filter(|taken| *taken == name).count() > 1;
        is_taken.then(|| {
            format!("--feed-name (AKIN_FEED_NAME): another feed is called {name:?}; choose another")
        })
    }

    /// Returns how the feeds are read.
    pub fn options(&self) -> FeedOptions {
        self.content.options()
    }

    /// Returns whether standard input is read, which can be read only once.
    pub fn has_standard_input(&self) -> bool {
        self.feeds.iter().any(|path| is_standard_input(path))
    }
}

/// Parses the name of a feed.
fn feed_name(text: &str) -> Result<String, String> {
    let is_readable = !text.trim().is_empty() && !text.chars().any(char::is_control);
    if is_readable && text.chars().count() <= MAX_NAME {
        Ok(text.trim().to_owned())
    } else {
        Err(format!("expected 1 to {MAX_NAME} characters on one line"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed_formats::limits;

    fn settings(feeds: &[&str], name: Option<&str>) -> Settings {
        Settings {
            feeds: feeds.iter().map(PathBuf::from).collect(),
            feed_name: name.map(str::to_owned),
            content: akin_feed_records::Settings {
                feed_format: None,
                feed_encoding: None,
                max_unpacked_ratio: limits::UNPACKED_RATIO,
                max_unpacked_bytes: limits::UNPACKED_BYTES,
            },
        }
    }

    #[test]
    fn standard_input_needs_a_name_and_has_the_one_it_is_given() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        let names = |settings: Settings| -> Vec<_> {
            settings.sources().unwrap().iter().map(|feed| feed.name().to_owned()).collect()
        };
        let unnamed = settings(&["-", path], None).sources().unwrap_err().join("; ");
        assert!(unnamed.contains("--feed-name NAME (AKIN_FEED_NAME)"), "{unnamed}");
        assert_eq!(names(settings(&["-", path], Some("acme"))), ["acme", path]);
    }

    #[test]
    fn a_name_without_standard_input_or_of_another_feed_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        let problem = |settings: Settings| settings.sources().unwrap_err().join("; ");
        let unread = problem(settings(&[path], Some("acme")));
        assert!(unread.contains("standard input, which is not read"), "{unread}");
        let taken = problem(settings(&["-", path], Some(path)));
        assert!(taken.contains("another feed is called"), "{taken}");
        for name in ["", " ", "a\nb", &"x".repeat(201)] {
            assert!(feed_name(name).is_err(), "{name:?}");
        }
        assert_eq!(feed_name(" acme eu "), Ok("acme eu".to_owned()));
    }
}

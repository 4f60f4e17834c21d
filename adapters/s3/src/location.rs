use std::fmt;
use std::str::FromStr;

/// An object of a bucket, `s3://BUCKET/KEY`, or several: one `*` in the key stands for any characters but
/// slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Location {
    bucket: String,
    key: String,
    /// True if a `*` in the key is one, and stands for no other characters.
    is_literal: bool,
}

/// A text that names no object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no object in S3: expected s3://BUCKET/KEY, with at most one * in the key")]
pub struct InvalidLocation(String);

const SCHEME: &str = "s3://";

impl S3Location {
    /// Returns whether `text` is meant to be a location.
    pub fn is_meant_by(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// Creates the location of `key` in `bucket`, whose `*` stands for any characters.
    pub fn new(bucket: &str, key: &str) -> Result<Self, InvalidLocation> {
        let location = Self::object(bucket, key)?;
        if key.matches('*').count() > 1 {
            return Err(InvalidLocation(location.to_string()));
        }
        Ok(Self { is_literal: false, ..location })
    }

    /// Creates the location of the one object `key` of `bucket`, whatever characters the key has.
    pub fn object(bucket: &str, key: &str) -> Result<Self, InvalidLocation> {
        let is_name = |text: &str| !text.is_empty() && !text.contains(['/', '*', '?', '[']);
        if is_name(bucket) && !key.is_empty() {
            let (bucket, key) = (bucket.to_owned(), key.to_owned());
            return Ok(Self { bucket, key, is_literal: true });
        }
        Err(InvalidLocation(format!("{SCHEME}{bucket}/{key}")))
    }

    /// Returns the name of the bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Returns the key or the pattern.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the parts of the key before and after `*`, if it names several objects.
    pub(crate) fn pattern(&self) -> Option<(&str, &str)> {
        if self.is_literal { None } else { self.key.split_once('*') }
    }

    /// Returns whether the pattern matches `key`.
    pub(crate) fn matches(&self, key: &str) -> bool {
        let Some((prefix, suffix)) = self.pattern() else { return key == self.key };
        let middle = key.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
        // A folder that a console created is an empty object whose key ends with a slash.
        !key.ends_with('/') && middle.is_some_and(|middle| !middle.contains('/'))
    }
}

impl FromStr for S3Location {
    type Err = InvalidLocation;

    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        let parts = text.strip_prefix(SCHEME).and_then(|path| path.split_once('/'));
        let (bucket, key) = parts.ok_or_else(|| InvalidLocation(text.to_owned()))?;
        Self::new(bucket, key)
    }
}

impl fmt::Display for S3Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_bucket_and_a_key() {
        let location: S3Location = "s3://shop/feeds/a b+c.csv".parse().unwrap();
        assert_eq!((location.bucket(), location.key()), ("shop", "feeds/a b+c.csv"));
        assert_eq!(location.to_string(), "s3://shop/feeds/a b+c.csv");
        for text in ["", "s3://", "s3://shop", "s3://shop/", "s3:///a", "s3://a*/b", "s3://a/*/*"] {
            assert!(text.parse::<S3Location>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_pattern_matches_within_one_folder() {
        let matches = |pattern: &str, key| pattern.parse::<S3Location>().unwrap().matches(key);
        assert!(matches("s3://shop/feeds/*", "feeds/a.csv"));
        assert!(matches("s3://shop/feeds/*.csv", "feeds/a.csv"));
        assert!(matches("s3://shop/*", "a.csv"));
        for key in ["feeds/", "feeds/more/a.csv", "feeds/more/", "feed", "a.csv"] {
            assert!(!matches("s3://shop/feeds/*", key), "{key}");
        }
        assert!(!matches("s3://shop/ab*ba", "aba"), "the parts do not overlap");
        assert!(matches("s3://shop/a", "a") && !matches("s3://shop/a", "ab"));
    }

    #[test]
    fn the_key_of_an_object_may_have_any_characters() {
        let location = S3Location::object("shop", "feeds/b*[1]?*.csv").unwrap();
        assert_eq!(location.pattern(), None);
        assert!(location.matches("feeds/b*[1]?*.csv") && !location.matches("feeds/bx[1]?x.csv"));
        assert!(S3Location::object("shop", "").is_err() && S3Location::object("*", "a").is_err());
    }
}

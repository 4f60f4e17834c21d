use akin_ports::FeedToken;
use std::fs::Metadata;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The minimum age of a modification for a token. A file may change again without a later time within
/// the resolution of its file system, which is up to two seconds (FAT).
const MIN_AGE: Duration = Duration::from_secs(2);

/// Returns the token of a file's content: its modification time and length. `None` if the file has
/// just been modified, or has no such time.
pub(crate) fn token(metadata: &Metadata, now: SystemTime) -> Option<FeedToken> {
    let modified = metadata.modified().ok()?;
    if now.duration_since(modified).ok()? < MIN_AGE {
        return None;
    }
    let since_epoch = modified.duration_since(UNIX_EPOCH).ok()?;
    let length = metadata.len();
    Some(FeedToken(format!("{}.{:09}:{length}", since_epoch.as_secs(), since_epoch.subsec_nanos())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_has_just_been_modified_has_no_token() {
        let file = tempfile::tempfile().unwrap();
        let modified = UNIX_EPOCH + Duration::new(1_700_000_000, 5);
        file.set_modified(modified).unwrap();
        let metadata = file.metadata().unwrap();
        assert_eq!(token(&metadata, modified), None);
        assert_eq!(token(&metadata, modified - MIN_AGE), None, "a time in the future");
        let token = token(&metadata, modified + MIN_AGE);
        assert_eq!(token, Some(FeedToken("1700000000.000000005:0".to_owned())));
    }
}

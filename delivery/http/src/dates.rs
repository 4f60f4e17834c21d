use akin_entities::Version;
use jiff::Timestamp;

/// The moment as clients know it: `YYYY-MM-DD HH:MM:SS.ffffff`, UTC.
pub fn written(version: Version) -> String {
    let moment = Timestamp::from_microsecond(version.0).unwrap_or(Timestamp::MIN);
    moment.strftime("%Y-%m-%d %H:%M:%S.%6f").to_string()
}

/// The moment now.
pub(crate) fn now() -> Version {
    Version(Timestamp::now().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_to_the_microsecond() {
        assert_eq!(written(Version(1_679_128_413_000_042)), "2023-03-18 08:33:33.000042");
        assert_eq!(written(Version(0)), "1970-01-01 00:00:00.000000");
        assert_eq!(written(Version(i64::MIN)), written(Version(i64::MIN)));
    }
}

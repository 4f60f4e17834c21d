use akin_entities::Timestamp;

/// Formats a time for people, and for the clients that rely on this form: `YYYY-MM-DD HH:MM:SS.ffffff`, in UTC.
pub fn format_timestamp(moment: Timestamp) -> String {
    formatted(moment, "%Y-%m-%d %H:%M:%S.%6f")
}

/// Formats a time for JSON documents, by RFC 3339: `YYYY-MM-DDTHH:MM:SS.ffffffZ`.
pub fn format_rfc3339(moment: Timestamp) -> String {
    formatted(moment, "%Y-%m-%dT%H:%M:%S.%6fZ")
}

fn formatted(moment: Timestamp, format: &str) -> String {
    let moment = jiff::Timestamp::from_microsecond(moment.0).unwrap_or(jiff::Timestamp::MIN);
    moment.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_formatted_to_the_microsecond() {
        assert_eq!(
            format_timestamp(Timestamp(1_679_128_413_000_042)),
            "2023-03-18 08:33:33.000042"
        );
        assert_eq!(format_rfc3339(Timestamp(1_679_128_413_000_042)), "2023-03-18T08:33:33.000042Z");
        assert_eq!(format_timestamp(Timestamp(0)), "1970-01-01 00:00:00.000000");
        assert_eq!(format_timestamp(Timestamp(i64::MIN)), format_timestamp(Timestamp(i64::MIN)));
    }
}

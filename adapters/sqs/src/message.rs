use akin_entities::{Change, ProductId, Version};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// The format of a message's body: `{"product_id": "..", "modified_date": "YYYY-MM-DD
/// HH:MM:SS.ffffff"}`. The date is the version of the change.
///
/// Dates are written in one time zone, UTC unless a deployment has messages of another. A date that is
/// read may also have a `T`, less than six decimals, or an offset, which is used then. Of a date that a
/// zone has twice, the later moment is meant: a change that looks newer than it is does no harm.
#[derive(Clone, Debug)]
pub struct MessageFormat {
    zone: TimeZone,
}

/// Why a body is not that of a change, or a change cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MalformedMessage(String);

#[derive(Deserialize, Serialize)]
struct Body {
    product_id: String,
    modified_date: String,
}

impl Default for MessageFormat {
    /// Returns the format with dates in UTC.
    fn default() -> Self {
        Self::new(TimeZone::UTC)
    }
}

impl MessageFormat {
    /// Returns the format with dates in `zone`.
    pub const fn new(zone: TimeZone) -> Self {
        Self { zone }
    }

    /// Parses the body of a message. Other keys are ignored.
    pub fn parse(&self, body: &str) -> Result<Change, MalformedMessage> {
        let body: Body = serde_json::from_str(body).map_err(|error| {
            MalformedMessage(format!("expected product_id and modified_date in JSON: {error}"))
        })?;
        let id = ProductId::new(body.product_id)
            .map_err(|error| MalformedMessage(format!("product_id: {error}")))?;
        let moment = self.moment(&body.modified_date).ok_or_else(|| {
            let date = &body.modified_date;
            MalformedMessage(format!(
                "modified_date is not a date such as 2026-01-31 08:05:00.000000: {date:?}"
            ))
        })?;
        Ok(Change { id, version: Version(moment.as_microsecond()) })
    }

    fn moment(&self, date: &str) -> Option<Timestamp> {
        if let Ok(moment) = date.parse::<Timestamp>() {
            return Some(moment);
        }
        let date: DateTime = date.parse().ok()?;
        self.zone.to_ambiguous_timestamp(date).later().ok()
    }

    /// Returns the body of the message of a change. The version must be a moment of the years 1 to 9999.
    pub fn write(&self, change: &Change) -> Result<String, MalformedMessage> {
        let date = Timestamp::from_microsecond(change.version.0).ok();
        let date = date.map(|moment| self.zone.to_datetime(moment)).filter(|date| date.year() >= 1);
        let date = date.ok_or_else(|| {
            let version = change.version.0;
            MalformedMessage(format!("version {version} is not a moment of the years 1 to 9999"))
        })?;
        let body = Body {
            product_id: change.id.to_string(),
            modified_date: date.strftime("%Y-%m-%d %H:%M:%S.%6f").to_string(),
        };
        let body =
            serde_json::to_string(&body).map_err(|error| MalformedMessage(error.to_string()))?;
        // Control characters are escaped already. These two are the only others that SQS refuses.
        Ok(body.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_a_change_or_refused(body in ".*", date in "[0-9T:.Z+ -]{0,40}") {
            drop(MessageFormat::default().parse(&body));
            let body = serde_json::json!({"product_id": "a", "modified_date": date}).to_string();
            drop(hong_kong().parse(&body));
        }

        #[test]
        fn a_change_that_can_be_written_is_read_unchanged(id in "[^ ].{0,60}", at in any::<i64>()) {
            let Ok(id) = ProductId::new(id) else { return Ok(()) };
            // Most moments of 64 bits are in no year of four digits.
            for version in [at, at % 200_000_000_000_000_000] {
                let change = Change { id: id.clone(), version: Version(version) };
                for format in [MessageFormat::default(), hong_kong()] {
                    if let Ok(body) = format.write(&change) {
                        let read = format.parse(&body).unwrap();
                        prop_assert!(read == change || format.is_twice(version));
                    }
                }
            }
        }
    }

    impl MessageFormat {
        /// Returns whether the zone has the moment's date twice.
        fn is_twice(&self, version: i64) -> bool {
            let date = self.zone.to_datetime(Timestamp::from_microsecond(version).unwrap());
            self.zone.to_ambiguous_timestamp(date).is_ambiguous()
        }
    }

    fn change(id: &str, version: i64) -> Change {
        Change { id: ProductId::new(id).unwrap(), version: Version(version) }
    }

    fn hong_kong() -> MessageFormat {
        MessageFormat::new(TimeZone::get("Asia/Hong_Kong").unwrap())
    }

    /// 2023-03-18 08:33:33.000042 UTC.
    const MOMENT: i64 = 1_679_128_413_000_042;

    #[test]
    fn a_change_is_written_with_its_date_in_utc_or_in_the_zone() {
        let change = change("B07", MOMENT);
        assert_eq!(
            MessageFormat::default().write(&change).unwrap(),
            r#"{"product_id":"B07","modified_date":"2023-03-18 08:33:33.000042"}"#
        );
        let body = hong_kong().write(&change).unwrap();
        assert!(body.contains("2023-03-18 16:33:33.000042"), "{body}");
        assert_eq!(hong_kong().parse(&body).unwrap(), change);
    }

    #[test]
    fn dates_are_read_as_python_and_others_write_them() {
        for (date, expected) in [
            ("2023-03-18 08:33:33.000042", MOMENT),
            ("2023-03-18T08:33:33.000042", MOMENT),
            ("2023-03-18 08:33:33.000042000", MOMENT),
            ("2023-03-18 16:33:33.000042+08:00", MOMENT),
            ("2023-03-18T08:33:33.000042Z", MOMENT),
            ("2023-03-18 08:33:33", MOMENT - 42),
            ("1969-12-31 23:59:59.999999", -1),
            ("0001-01-01 00:00:00.000000", -62_135_596_800_000_000),
        ] {
            let body = format!(r#"{{"modified_date": "{date}", "product_id": "a", "more": [1]}}"#);
            let parsed = MessageFormat::default().parse(&body).unwrap();
            assert_eq!(parsed, change("a", expected), "{date}");
        }
        let offset = r#"{"product_id": "a", "modified_date": "2023-03-18T08:33:33.000042Z"}"#;
        assert_eq!(hong_kong().parse(offset).unwrap().version, Version(MOMENT), "an offset wins");
    }

    #[test]
    fn a_date_that_a_zone_has_twice_is_never_read_too_early() {
        let format = MessageFormat::new(TimeZone::get("Europe/Berlin").unwrap());
        for version in [1_698_539_400_000_000, 1_698_543_000_000_000] {
            let change = change("a", version);
            let read = format.parse(&format.write(&change).unwrap()).unwrap();
            assert!(read.version >= change.version);
        }
    }

    #[test]
    fn what_sqs_refuses_is_escaped() {
        let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        for id in ["\u{0}a", "\u{fffe}\u{ffff}", "\u{1b}[31m", "\u{10ffff}\u{1fffe}", "\"\\/"] {
            let change = change(id, 0);
            let body = MessageFormat::default().write(&change).unwrap();
            assert!(body.chars().all(allowed), "{body:?}");
            assert_eq!(MessageFormat::default().parse(&body).unwrap(), change);
        }
    }

    #[test]
    fn a_version_without_a_date_is_not_written() {
        for version in [i64::MIN, i64::MAX, -62_135_596_800_000_001] {
            let error = MessageFormat::default().write(&change("a", version)).unwrap_err();
            assert!(error.to_string().contains(&version.to_string()), "{error}");
        }
    }

    #[test]
    fn a_body_that_is_no_change_is_refused_with_what_is_wrong() {
        for (body, expected) in [
            ("", "in JSON"),
            ("7", "in JSON"),
            ("[[[[", "in JSON"),
            (r#"{"product_id": "a"}"#, "modified_date"),
            (r#"{"product_id": 7, "modified_date": ""}"#, "expected a string"),
            (r#"{"product_id": " ", "modified_date": "2023-03-18 08:33:33"}"#, "product_id"),
            (r#"{"product_id": "a", "modified_date": "today"}"#, "\"today\""),
            (r#"{"product_id": "a", "modified_date": "2023-02-30 00:00:00"}"#, "2023-02-30"),
        ] {
            let error = MessageFormat::default().parse(body).unwrap_err().to_string();
            assert!(error.contains(expected), "{body}: {error}");
        }
    }
}

use std::fmt;
use std::str::FromStr;

/// A format of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Fields separated by commas, semicolons, or tabs, below a header.
    Csv,
    /// One JSON object on each line, or one array of objects.
    JsonLines,
    /// Google Merchant XML: RSS 2.0 or Atom.
    Xml,
    /// Apache Parquet.
    Parquet,
}

/// The text is not the name of a format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format {0:?}: use csv (or tsv), jsonl, xml, or parquet")]
pub struct UnknownFormat(String);

impl Format {
    /// Detects the format of decompressed content by its beginning.
    pub(crate) fn detect(beginning: &[u8]) -> Self {
        let mut bytes = beginning.iter().filter(|byte| !byte.is_ascii_whitespace());
        match (bytes.next(), bytes.next()) {
            _ if beginning.starts_with(b"PAR1") => Self::Parquet,
            (Some(b'{'), _) | (Some(b'['), None | Some(b'{' | b']')) => Self::JsonLines,
            (Some(b'<'), _) => Self::Xml,
            _ => Self::Csv,
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Ok(match &*text.to_ascii_lowercase() {
            "csv" | "tsv" => Self::Csv,
            "jsonl" | "ndjson" | "json" => Self::JsonLines,
            "xml" | "rss" | "atom" => Self::Xml,
            "parquet" => Self::Parquet,
            _ => return Err(UnknownFormat(text.to_owned())),
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
            Self::Xml => "xml",
            Self::Parquet => "parquet",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_detected_from_the_beginning() {
        for (beginning, format) in [
            ("name,price", Format::Csv),
            ("", Format::Csv),
            ("[name]", Format::Csv),
            ("\n {\"name\"", Format::JsonLines),
            ("[\n{", Format::JsonLines),
            ("[ ]", Format::JsonLines),
            ("<?xml", Format::Xml),
            ("PAR1\u{15}", Format::Parquet),
        ] {
            assert_eq!(Format::detect(beginning.as_bytes()), format, "{beginning:?}");
        }
    }

    #[test]
    fn a_format_is_parsed_from_its_name() {
        for format in [Format::Csv, Format::JsonLines, Format::Xml, Format::Parquet] {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert_eq!("TSV".parse(), Ok(Format::Csv));
        assert!("xlsx".parse::<Format>().unwrap_err().to_string().contains("\"xlsx\""));
    }
}

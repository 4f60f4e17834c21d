//! Judged queries, read from two CSV files.

use akin_entities::{ProductId, Query};
use akin_evaluation::{Grade, Judgments};
use akin_usecases::JudgedQuery;
use anyhow::{Context, anyhow, bail};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

/// The judgments of one query, and the line of the first.
#[derive(Debug, Default)]
struct Judged {
    line: u64,
    /// Each product's grade, and where it stands.
    grades: HashMap<ProductId, (Grade, u64)>,
}

/// The queries of one file with the judgments of another, in the order of the queries. A fault is
/// reported with its file and line.
pub(super) fn judged_queries(queries: &Path, judgments: &Path) -> anyhow::Result<Vec<JudgedQuery>> {
    let mut judged = judgments_by_query(judgments)?;
    let mut lines = HashMap::new();
    let mut asked = Vec::new();
    for (line, [name, words]) in rows(queries, ["query_id", "query"])? {
        if let Some(before) = lines.insert(name.clone(), line) {
            bail!("{}: query {name:?} is also line {before}: keep one", at(queries, line));
        }
        let query = Query::new(&words).with_context(|| at(queries, line))?;
        let grades = judged.remove(&name).unwrap_or_default().grades;
        let judgments: Judgments = grades.into_iter().map(|(id, (grade, _))| (id, grade)).collect();
        asked.push(JudgedQuery { name, query, judgments });
    }
    if let Some((name, stray)) = judged.iter().min_by_key(|(_, stray)| stray.line) {
        let (at, queries) = (at(judgments, stray.line), queries.display());
        bail!("{at}: judges query {name:?}, which {queries} lacks");
    }
    if asked.is_empty() {
        bail!("{}: no queries", queries.display());
    }
    Ok(asked)
}

fn judgments_by_query(path: &Path) -> anyhow::Result<HashMap<String, Judged>> {
    let mut judged = HashMap::<String, Judged>::new();
    for (line, [name, id, grade]) in rows(path, ["query_id", "product_id", "grade"])? {
        let id = ProductId::new(id).with_context(|| at(path, line))?;
        let grade: Grade = grade.parse().with_context(|| at(path, line))?;
        let query = judged.entry(name).or_insert_with(|| Judged { line, ..Judged::default() });
        match query.grades.entry(id) {
            Entry::Vacant(entry) => {
                entry.insert((grade, line));
            }
            Entry::Occupied(entry) if entry.get().0 == grade => {}
            Entry::Occupied(entry) => {
                let (id, before) = (entry.key().as_str(), entry.get().1);
                bail!("{}: {id:?} has another grade in line {before}: keep one", at(path, line));
            }
        }
    }
    Ok(judged)
}

fn at(path: &Path, line: u64) -> String {
    format!("{}, line {line}", path.display())
}

/// The `columns` of a CSV file's rows, trimmed, with their lines. Other columns are ignored, and
/// so are the columns' order and the case of their names.
fn rows<const N: usize>(
    path: &Path,
    columns: [&str; N],
) -> anyhow::Result<Vec<(u64, [String; N])>> {
    let reader = csv::Reader::from_path(path);
    let mut reader = reader.with_context(|| format!("cannot read {}", path.display()))?;
    let header = reader.headers().map_err(|error| fault(path, &error))?.clone();
    let places = places(&header, columns).with_context(|| at(path, 1))?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| fault(path, &error))?;
        let line = record.position().map_or(0, csv::Position::line);
        // A record is as long as the header, or it would be a fault.
        rows.push((line, places.map(|place| record[place].trim().to_owned())));
    }
    Ok(rows)
}

/// Where the `columns` are in a header.
fn places<const N: usize>(
    header: &csv::StringRecord,
    columns: [&str; N],
) -> anyhow::Result<[usize; N]> {
    let found: Vec<_> =
        header.iter().map(|name| name.trim_matches(['\u{feff}', ' ', '\t'])).collect();
    let mut places = [0; N];
    for (place, column) in places.iter_mut().zip(columns) {
        *place =
            found.iter().position(|name| name.eq_ignore_ascii_case(column)).ok_or_else(|| {
                let needed = columns.join(", ");
                anyhow!("no column {column:?}: needed are {needed}; found are {}", found.join(", "))
            })?;
    }
    Ok(places)
}

/// An error in a CSV file, with its line.
fn fault(path: &Path, error: &csv::Error) -> anyhow::Error {
    let place =
        error.position().map_or_else(|| path.display().to_string(), |is| at(path, is.line()));
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            anyhow!("{place}: number of fields: {len}, where the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { err, .. } => anyhow!("{place}: not UTF-8: {err}"),
        _ => anyhow!("{place}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERIES: &str = "query_id,query\nq1,red shoes\nq2,\"a \"\"25 m\"\" hose\"\n";

    /// Writes files with these texts and reads them. Errors omit the folder's name.
    fn read(queries: &str, judgments: &str) -> Result<Vec<JudgedQuery>, String> {
        let folder = tempfile::tempdir().unwrap();
        let [q, j] = ["queries.csv", "judgments.csv"].map(|name| folder.path().join(name));
        std::fs::write(&q, queries).unwrap();
        std::fs::write(&j, judgments).unwrap();
        let prefix = format!("{}/", folder.path().display());
        judged_queries(&q, &j).map_err(|error| format!("{error:#}").replace(&prefix, ""))
    }

    #[test]
    fn columns_may_stand_in_any_order_among_others() {
        let judgments =
            "\u{feff}judge,Grade,product_id,query_id\r\nann, 3 ,p1,q1\r\nbob,0,p2,q1\r\n";
        let read = read(QUERIES, judgments).unwrap();
        let id = |id: &str| ProductId::new(id).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].judgments.grade(&id("p1")), Grade::new(3).ok());
        assert_eq!(read[0].judgments.grade(&id("p2")), Grade::new(0).ok());
        assert_eq!(read[1].query.as_str(), "a \"25 m\" hose");
        assert_eq!(read[1].judgments.relevant(), 0);
    }

    #[test]
    fn a_missing_column_is_named_with_what_was_found() {
        assert_eq!(
            read(QUERIES, "query_id,docid,rating\nq1,p1,3\n").unwrap_err(),
            "judgments.csv, line 1: no column \"product_id\": needed are query_id, product_id, \
             grade; found are query_id, docid, rating"
        );
        assert!(read("", "").unwrap_err().starts_with("judgments.csv, line 1: no column"));
    }

    #[test]
    fn an_invalid_row_is_reported_with_its_line() {
        let judge = |rows: &str| read(QUERIES, &format!("query_id,product_id,grade\n{rows}"));
        for (rows, told) in [
            ("q1,p1,3\nq1,p2,4\n", "judgments.csv, line 3: not a grade of 0 to 3: \"4\""),
            ("q1,p1,good\n", "judgments.csv, line 2: not a grade of 0 to 3: \"good\""),
            ("q1,p1,-1\n", "judgments.csv, line 2: not a grade of 0 to 3: \"-1\""),
            ("q1,p1\n", "judgments.csv, line 2: number of fields: 2, where the header has 3"),
            (
                "q1,p1,3\nq3,p1,3\nq9,p1,3\n",
                "judgments.csv, line 3: judges query \"q3\", which queries.csv lacks",
            ),
            (
                "q1,p1,3\nq2,p1,0\nq1,p1,2\n",
                "judgments.csv, line 4: \"p1\" has another grade in line 2: keep one",
            ),
        ] {
            assert_eq!(judge(rows).unwrap_err(), told);
        }
        assert!(judge("q1,,3\n").unwrap_err().starts_with("judgments.csv, line 2: "));
        assert!(judge("q1,p1,3\nq1,p1,3\n").is_ok());
    }

    #[test]
    fn an_invalid_query_is_reported_with_its_line() {
        let ask =
            |rows: &str| read(&format!("query_id,query\n{rows}"), "query_id,product_id,grade");
        assert_eq!(
            ask("q1,\"two\nlines\"\nq2,shoe\nq1,boot\n").unwrap_err(),
            "queries.csv, line 5: query \"q1\" is also line 2: keep one"
        );
        assert!(ask("q1,shoe\nq2,  \n").unwrap_err().starts_with("queries.csv, line 3: "));
        assert_eq!(ask("").unwrap_err(), "queries.csv: no queries");
    }

    #[test]
    fn a_file_that_is_not_there_or_no_text_is_named() {
        let nowhere = Path::new("no/such/file.csv");
        let told = format!("{:#}", judged_queries(nowhere, nowhere).unwrap_err());
        assert!(told.starts_with("cannot read no/such/file.csv"), "{told}");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, b"query_id,query\nq1,\xff\n").unwrap();
        let told = rows(file.path(), ["query_id"]).unwrap_err().to_string();
        assert!(told.contains(", line 2: not UTF-8"), "{told}");
    }
}

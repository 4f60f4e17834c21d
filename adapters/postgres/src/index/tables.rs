//! Writes the tables beside the entries: values, terms, words, postings. Its callers hold the lock
//! on the state, so nobody else writes them.

use super::counting::Counting;
use super::knowledge::State;
use super::shares::{Basis, MAX_BYTES};
use crate::database::{get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::text::{escape, unescape};
use akin_entities::{AnalyzedText, hash_parts};
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What tells values apart that may be longer than an index holds.
pub(crate) fn digest(value: &str) -> Vec<u8> {
    hash_parts([value]).to_vec()
}

/// The ids of `values`, which are given one if they have none.
pub(crate) async fn value_ids(
    connection: &mut PgConnection,
    names: &Names,
    values: &[&str],
) -> Result<HashMap<Vec<u8>, i32>, Failure> {
    let distinct: HashMap<_, _> = values.iter().map(|value| (digest(value), *value)).collect();
    let digests: Vec<_> = distinct.keys().cloned().collect();
    let find = names.fill("SELECT digest, id FROM {values} WHERE digest = ANY ($1::bytea[])");
    let mut ids = HashMap::with_capacity(digests.len());
    for row in query(find).bind(&digests).fetch_all(&mut *connection).await? {
        ids.insert(get(&row, 0)?, get(&row, 1)?);
    }
    let new: Vec<_> = distinct.iter().filter(|(digest, _)| !ids.contains_key(*digest)).collect();
    if !new.is_empty() {
        let insert = "INSERT INTO {values} (digest, value)
                      SELECT * FROM unnest($1::bytea[], $2::text[]) RETURNING digest, id";
        let rows = query(names.fill(insert))
            .bind(new.iter().map(|(digest, _)| (*digest).clone()).collect::<Vec<_>>())
            .bind(new.iter().map(|(_, value)| escape(value)).collect::<Vec<_>>())
            .fetch_all(connection)
            .await?;
        for row in rows {
            ids.insert(get(&row, 0)?, get(&row, 1)?);
        }
    }
    Ok(ids)
}

/// A text of a row, by the row's key: analyzed, and its words as written.
pub(crate) type Text<'a> = (i32, &'a AnalyzedText, &'a str);

/// Takes texts out, puts others in, and keeps the counts right.
pub(crate) async fn replace_texts(
    connection: &mut PgConnection,
    names: &Names,
    gone: &[Text<'_>],
    new: &[Text<'_>],
    state: &mut State,
) -> Result<(), Failure> {
    let mut counting = Counting::default();
    for (_, text, words) in gone {
        counting.subtract(text, words);
    }
    for (_, text, words) in new {
        counting.add(text, words);
    }
    remove_postings(connection, names, gone).await?;
    count(connection, names, "terms", "term", &counting.terms).await?;
    count(connection, names, "words", "word", &counting.words).await?;
    insert_texts(connection, names, new).await?;
    let basis = state.count(&counting);
    insert_postings(connection, names, new, basis).await
}

/// Takes texts out for good.
pub(crate) async fn remove_texts(
    connection: &mut PgConnection,
    names: &Names,
    gone: &[Text<'_>],
    state: &mut State,
) -> Result<(), Failure> {
    let keys: Vec<_> = gone.iter().map(|(key, ..)| *key).collect();
    let sql = names.fill("DELETE FROM {texts} WHERE key = ANY ($1::integer[])");
    query(sql).bind(keys).execute(&mut *connection).await?;
    replace_texts(connection, names, gone, &[], state).await
}

async fn insert_texts(
    connection: &mut PgConnection,
    names: &Names,
    texts: &[Text<'_>],
) -> Result<(), Failure> {
    let sql = "INSERT INTO {texts} (key, text, words)
               SELECT * FROM unnest($1::integer[], $2::text[], $3::text[])
               ON CONFLICT (key) DO UPDATE SET text = excluded.text, words = excluded.words";
    query(names.fill(sql))
        .bind(texts.iter().map(|(key, ..)| *key).collect::<Vec<_>>())
        .bind(texts.iter().map(|(_, text, _)| escape(text.as_stream())).collect::<Vec<_>>())
        .bind(texts.iter().map(|(.., words)| escape(words)).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// Adds what changes to the counts of `table`.
async fn count(
    connection: &mut PgConnection,
    names: &Names,
    table: &str,
    column: &str,
    counts: &BTreeMap<String, i64>,
) -> Result<(), Failure> {
    let changed: Vec<_> = counts.iter().filter(|(_, by)| **by != 0).collect();
    if changed.is_empty() {
        return Ok(());
    }
    // Known ones are updated first: `ON CONFLICT` would draw a number for each of them. Both see the
    // table as it was before.
    let sql = format!(
        "WITH batch AS (SELECT * FROM unnest($1::text[], $2::bigint[]) AS b(text, change)),
         known AS (
             UPDATE {{{table}}} SET documents = documents + change
             FROM batch WHERE {column} = text
         )
         INSERT INTO {{{table}}} ({column}, documents)
         SELECT text, change FROM batch
         WHERE NOT EXISTS (SELECT FROM {{{table}}} WHERE {column} = text)"
    );
    query(names.fill(&sql))
        .bind(changed.iter().map(|(text, _)| escape(text)).collect::<Vec<_>>())
        .bind(changed.iter().map(|(_, by)| **by).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

async fn remove_postings(
    connection: &mut PgConnection,
    names: &Names,
    texts: &[Text<'_>],
) -> Result<(), Failure> {
    let (mut keys, mut terms) = (Vec::new(), Vec::new());
    for (key, text, _) in texts {
        let words = text.fields().flat_map(|(_, stream)| stream.split_ascii_whitespace());
        let distinct: HashSet<_> = words.filter(|term| term.len() <= MAX_BYTES).collect();
        for term in distinct {
            keys.push(*key);
            terms.push(escape(term));
        }
    }
    if keys.is_empty() {
        return Ok(());
    }
    let sql = "DELETE FROM {postings} held
               USING unnest($1::integer[], $2::text[]) AS gone(key, term)
               JOIN {terms} known ON known.term = gone.term
               WHERE held.term = known.id AND held.key = gone.key";
    query(names.fill(sql)).bind(keys).bind(terms).execute(connection).await?;
    Ok(())
}

/// Keeps the postings of texts, whose terms are counted already.
async fn insert_postings(
    connection: &mut PgConnection,
    names: &Names,
    texts: &[Text<'_>],
    basis: Basis,
) -> Result<(), Failure> {
    let shares = |(key, text, _): &Text<'_>| -> Vec<_> {
        basis.shares(text).into_iter().map(|(term, share)| (*key, term.to_owned(), share)).collect()
    };
    let found: Vec<_> = texts.iter().flat_map(shares).collect();
    if found.is_empty() {
        return Ok(());
    }
    let ids = term_ids(connection, names, found.iter().map(|(_, term, _)| &**term)).await?;
    let mut terms = Vec::with_capacity(found.len());
    for (_, term, _) in &found {
        let gone = || Failure::corrupt(format!("the term {term:?} is gone"));
        terms.push(*ids.get(term).ok_or_else(gone)?);
    }
    let sql = "INSERT INTO {postings} (term, key, share)
               SELECT * FROM unnest($1::integer[], $2::integer[], $3::real[])";
    query(names.fill(sql))
        .bind(terms)
        .bind(found.iter().map(|(key, ..)| *key).collect::<Vec<_>>())
        .bind(found.iter().map(|(.., share)| *share).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

async fn term_ids<'a>(
    connection: &mut PgConnection,
    names: &Names,
    terms: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, i32>, Failure> {
    let distinct: HashSet<_> = terms.collect();
    let terms: Vec<_> = distinct.into_iter().map(escape).collect();
    let sql = names.fill("SELECT term, id FROM {terms} WHERE term = ANY ($1::text[])");
    let rows = query(sql).bind(terms).fetch_all(connection).await?;
    let id = |row| Ok((unescape(get(row, 0)?), get(row, 1)?));
    rows.iter().map(id).collect()
}

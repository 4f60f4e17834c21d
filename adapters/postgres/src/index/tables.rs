//! Writes the tables besides the entries: values, terms, words, postings. Callers hold the lock of
//! the state, so that no other process writes them.

use super::counting::CountChanges;
use super::state::State;
use super::term_scores::{LengthBasis, MAX_TERM_BYTES};
use crate::database::{get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::text::{escape, unescape};
use akin_entities::{AnalyzedText, folded_value, hash_parts};
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Returns the key of a value, which may be too long for a database index.
pub(crate) fn digest(value: &str) -> Vec<u8> {
    hash_parts([value]).to_vec()
}

/// Returns the ids of `values`, and assigns one to each new value.
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
        let insert = "INSERT INTO {values} (digest, value, folded)
                      SELECT * FROM unnest($1::bytea[], $2::text[], $3::bytea[])
                      RETURNING digest, id";
        let rows = query(names.fill(insert))
            .bind(new.iter().map(|(digest, _)| (*digest).clone()).collect::<Vec<_>>())
            .bind(new.iter().map(|(_, value)| escape(value)).collect::<Vec<_>>())
            .bind(new.iter().map(|(_, value)| digest(&folded_value(value))).collect::<Vec<_>>())
            .fetch_all(connection)
            .await?;
        for row in rows {
            ids.insert(get(&row, 0)?, get(&row, 1)?);
        }
    }
    Ok(ids)
}

/// Fills in the folded forms of values that were written without them, by an earlier version.
pub(crate) async fn fold_values(
    connection: &mut PgConnection,
    names: &Names,
) -> Result<(), Failure> {
    let find = names.fill("SELECT id, value FROM {values} WHERE folded IS NULL");
    let (mut ids, mut folded) = (Vec::<i32>::new(), Vec::new());
    for row in query(find).fetch_all(&mut *connection).await? {
        ids.push(get(&row, 0)?);
        folded.push(digest(&folded_value(&unescape(get(&row, 1)?))));
    }
    if ids.is_empty() {
        return Ok(());
    }
    let update = "UPDATE {values} held SET folded = batch.folded
                  FROM unnest($1::integer[], $2::bytea[]) AS batch(id, folded)
                  WHERE held.id = batch.id";
    query(names.fill(update)).bind(ids).bind(folded).execute(connection).await?;
    Ok(())
}

/// The texts of a product by its key: analyzed, and as unstemmed words.
pub(crate) type KeyedTexts<'a> = (i32, &'a AnalyzedText, &'a str);

/// Replaces texts, and updates the counts.
pub(crate) async fn replace_texts(
    connection: &mut PgConnection,
    names: &Names,
    removed: &[KeyedTexts<'_>],
    added: &[KeyedTexts<'_>],
    state: &mut State,
) -> Result<(), Failure> {
    let mut counting = CountChanges::default();
    for (_, text, words) in removed {
        counting.subtract(text, words);
    }
    for (_, text, words) in added {
        counting.add(text, words);
    }
    remove_postings(connection, names, removed).await?;
    count(connection, names, "terms", "term", &counting.terms).await?;
    count(connection, names, "words", "word", &counting.words).await?;
    insert_texts(connection, names, added).await?;
    let basis = state.apply(&counting);
    insert_postings(connection, names, added, basis).await
}

/// Deletes texts, and updates the counts.
pub(crate) async fn remove_texts(
    connection: &mut PgConnection,
    names: &Names,
    removed: &[KeyedTexts<'_>],
    state: &mut State,
) -> Result<(), Failure> {
    let keys: Vec<_> = removed.iter().map(|(key, ..)| *key).collect();
    let sql = names.fill("DELETE FROM {texts} WHERE key = ANY ($1::integer[])");
    query(sql).bind(keys).execute(&mut *connection).await?;
    replace_texts(connection, names, removed, &[], state).await
}

async fn insert_texts(
    connection: &mut PgConnection,
    names: &Names,
    texts: &[KeyedTexts<'_>],
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

/// Applies changes to the counts of `table`.
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
    // Existing rows are updated first: `ON CONFLICT` would consume a sequence number for each. Both
    // parts see the table as it was before.
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
    texts: &[KeyedTexts<'_>],
) -> Result<(), Failure> {
    let (mut keys, mut terms) = (Vec::new(), Vec::new());
    for (key, text, _) in texts {
        let words = text.fields().flat_map(|(_, stream)| stream.split_ascii_whitespace());
        let distinct: HashSet<_> = words.filter(|term| term.len() <= MAX_TERM_BYTES).collect();
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

/// Inserts the postings of texts whose terms are already counted.
async fn insert_postings(
    connection: &mut PgConnection,
    names: &Names,
    texts: &[KeyedTexts<'_>],
    basis: LengthBasis,
) -> Result<(), Failure> {
    let mut postings = Vec::new();
    for (key, text, _) in texts {
        let scores = basis.term_scores(text).into_iter();
        let in_name = name_terms(text);
        postings.extend(
            scores.map(|(term, score)| (*key, term.to_owned(), score, in_name.contains(term))),
        );
    }
    if postings.is_empty() {
        return Ok(());
    }
    let ids = term_ids(connection, names, postings.iter().map(|(_, term, ..)| &**term)).await?;
    let mut terms = Vec::with_capacity(postings.len());
    for (_, term, ..) in &postings {
        let missing = || Failure::corrupt(format!("the term {term:?} is missing"));
        terms.push(*ids.get(term).ok_or_else(missing)?);
    }
    let sql = "INSERT INTO {postings} (term, key, share, in_name)
               SELECT * FROM unnest($1::integer[], $2::integer[], $3::real[], $4::boolean[])";
    query(names.fill(sql))
        .bind(terms)
        .bind(postings.iter().map(|(key, ..)| *key).collect::<Vec<_>>())
        .bind(postings.iter().map(|(_, _, score, _)| *score).collect::<Vec<_>>())
        .bind(postings.iter().map(|(.., is_in_name)| *is_in_name).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// Returns the distinct terms of the title and the brand.
fn name_terms(text: &AnalyzedText) -> HashSet<&str> {
    let named = text.fields().filter(|(field, _)| field.is_name());
    named.flat_map(|(_, stream)| stream.split_ascii_whitespace()).collect()
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

//! Base files: validation, cleanup, and recall with many documents.

use crate::support::{Dice, build, schema, text_field, unit};
use flat_index::{
    Base, BaseBuilder, DocumentFilter, FoundDocument, IndexDocument, IndexFileError,
    InstructionSet, Request, Schema, Snapshot,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

#[test]
fn a_damaged_file_or_one_of_another_schema_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("base");
    let mut dice = Dice(3);
    drop(build(&path, &schema(), 1, (0..20).map(|_| dice.document())));
    let other = Schema { b: 0.5, ..schema() };
    assert!(matches!(Base::open(&path, &other), Err(IndexFileError::InvalidFile { .. })));
    let whole = fs::read(&path).unwrap();
    for _ in 0..500 {
        let at = usize::try_from(dice.roll(whole.len() as u64)).unwrap();
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << dice.roll(8);
        // Written to another file because the original may be mapped.
        let refused = |bytes: &[u8]| {
            let file = folder.path().join("damaged");
            fs::write(&file, bytes).unwrap();
            let error = Base::open(&file, &schema()).expect_err("damaged");
            fs::remove_file(&file).unwrap();
            matches!(error, IndexFileError::InvalidFile { .. })
                && error.to_string().contains("damaged")
        };
        assert!(refused(&damaged), "byte {at}");
        assert!(refused(&whole[..at]), "cut at {at}");
    }
}

#[test]
fn verification_detects_damaged_vectors_of_a_large_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("base");
    let schema =
        Schema { dimension: 1024, text_fields: vec![text_field(1.0, true)], ..Schema::default() };
    let mut dice = Dice(5);
    let document = |number| IndexDocument {
        key: format!("{number:05}"),
        vector: dice.vector(1024),
        ..IndexDocument::default()
    };
    build(&path, &schema, 1, (0..8_500).map(document)).verify().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    assert!(bytes.len() > 32 << 20);
    bytes[1 << 20] ^= 1;
    fs::write(folder.path().join("damaged"), bytes).unwrap();
    let base = Base::open(&folder.path().join("damaged"), &schema).unwrap();
    assert!(matches!(base.verify(), Err(IndexFileError::InvalidFile { .. })));
}

#[test]
fn documents_out_of_order_are_rejected_and_no_file_remains() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("base");
    let document = |key: &str| IndexDocument { key: key.into(), ..Dice(1).document() };
    let mut builder = BaseBuilder::create(&path, &schema()).unwrap();
    builder.push(&document("b")).unwrap();
    for key in ["a", "b"] {
        assert!(matches!(builder.push(&document(key)), Err(IndexFileError::Document { .. })));
    }
    drop(builder);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_file_can_be_replaced_while_it_is_searched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("base");
    let old = build(&path, &schema(), 1, [Dice(1).document()]);
    let new = build(&path, &schema(), 2, [Dice(1).document(), Dice(2).document()]);
    assert_eq!((old.documents(), new.documents()), (1, 2));
    let snapshot = Snapshot::new(schema(), Some(&old)).unwrap();
    assert!(snapshot.get(&Dice(1).document().key).is_some());
}

#[test]
fn a_base_without_documents_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let base = build(&folder.path().join("base"), &schema(), 9, []);
    let snapshot = Snapshot::new(schema(), Some(&base)).unwrap();
    let filter = DocumentFilter::default();
    let vector = Dice(1).vector(19);
    let request = Request {
        terms: &["lamp"],
        vector: Some(&vector),
        filter: &filter,
        depth: 5,
        threshold: None,
    };
    assert!(snapshot.search(&request).unwrap().is_empty());
}

/// Returns a vector near one of the centers, as products cluster by category.
fn clustered(dice: &mut Dice, centers: &[Vec<f32>]) -> Vec<f32> {
    let center = &centers[usize::try_from(dice.roll(centers.len() as u64)).expect("small")];
    let noise = dice.vector(center.len());
    unit(&center.iter().zip(noise).map(|(x, noise)| x + noise).collect::<Vec<_>>())
}

/// Returns the keys of documents with the bits of their cosines.
fn bits(found: &[FoundDocument<'_>]) -> BTreeMap<String, Option<u32>> {
    let entry = |found: &FoundDocument<'_>| (found.key.to_string(), found.cosine.map(f32::to_bits));
    found.iter().map(entry).collect()
}

#[test]
fn recall_is_high_above_fifty_thousand_documents() {
    let folder = tempfile::tempdir().unwrap();
    let schema = Schema {
        dimension: 96,
        text_fields: vec![text_field(1.0, true)],
        number_columns: vec!["number".into()],
        ..Schema::default()
    };
    let mut dice = Dice(17);
    let centers: Vec<_> = (0..300).map(|_| dice.vector(96)).collect();
    let vectors: Vec<_> = (0..60_000).map(|_| clustered(&mut dice, &centers)).collect();
    let documents = vectors.iter().enumerate().map(|(number, vector)| IndexDocument {
        key: format!("{number:05}"),
        vector: vector.clone(),
        numbers: vec![u32::try_from(number).ok().map(f64::from)],
        ..IndexDocument::default()
    });
    let base = build(&folder.path().join("base"), &schema, 1, documents);
    let snapshot = Snapshot::new(schema, Some(&base)).unwrap();
    // All, half and few of the documents take different search paths.
    for (left_out, depth) in [(0_u16, 10), (0, 200), (30_000, 10), (59_500, 10), (59_980, 10)] {
        let least = f64::from(left_out);
        let filter = DocumentFilter {
            numbers: vec![("number".into(), least, 1e9)],
            ..DocumentFilter::default()
        };
        let (mut correct, mut total) = (0, 0);
        for _ in 0..20 {
            let query = clustered(&mut dice, &centers);
            let request = Request {
                terms: &[],
                vector: Some(&query),
                filter: &filter,
                depth,
                threshold: None,
            };
            let near = snapshot.search(&request).unwrap();
            assert_eq!(near.len(), depth);
            for set in InstructionSet::available() {
                let snapshot = snapshot.clone().with_instruction_set(set).unwrap();
                assert_eq!(bits(&snapshot.search(&request).unwrap()), bits(&near), "{set}");
            }
            let exact = exact_keys(&vectors, left_out.into(), &query, depth);
            total += depth;
            correct += near.iter().filter(|found| exact.contains(&*found.key)).count();
        }
        assert!(100 * correct >= 97 * total, "{correct} of {total} without the first {left_out}");
    }
}

/// Returns the keys of the `depth` nearest vectors by exhaustive comparison, without the first ones.
fn exact_keys(
    vectors: &[Vec<f32>],
    left_out: usize,
    query: &[f32],
    depth: usize,
) -> BTreeSet<String> {
    let dot = |vector: &[f32]| vector.iter().zip(query).map(|(a, b)| a * b).sum::<f32>();
    let kept = vectors.iter().enumerate().skip(left_out);
    let mut exact: Vec<_> = kept.map(|(number, vector)| (dot(vector), number)).collect();
    exact.sort_by(|a, b| b.0.total_cmp(&a.0));
    exact[..depth].iter().map(|(_, number)| format!("{number:05}")).collect()
}

//! Files with right checksums that claim what cannot be: each is rejected by name, or harmless.

use crate::support::{Dice, WORDS, build, schema};
use flat_index::{Base, DocumentFilter, IndexFileError, Request, Snapshot};
use std::fs;
use std::path::Path;

/// The bytes of the header, of which the last four are its checksum.
const HEADER: usize = 4096;
/// The bytes of the header that can be in use.
const FIELDS: usize = 512;

/// A file, with the places of its checksums.
struct Sound {
    bytes: Vec<u8>,
    rest: usize,
    rest_sum: usize,
}

impl Sound {
    fn new(folder: &Path) -> Self {
        let path = folder.join("sound");
        let mut dice = Dice(3);
        drop(build(&path, &schema(), 1, (0..20).map(|_| dice.document())));
        let bytes = fs::read(&path).unwrap();
        let found = (HEADER..bytes.len()).step_by(4).find_map(|rest| {
            let sum = crc32fast::hash(&bytes[rest..]).to_le_bytes();
            let place = bytes[..FIELDS].windows(4).position(|four| four == sum)?;
            Some((rest, place))
        });
        let (rest, rest_sum) = found.expect("the checksum of the sections");
        Self { bytes, rest, rest_sum }
    }

    /// Returns the file with a change, and with checksums that are right.
    fn changed(&self, place: usize, with: &[u8]) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes[place..place + with.len()].copy_from_slice(with);
        if place >= self.rest {
            let sum = crc32fast::hash(&bytes[self.rest..]).to_le_bytes();
            bytes[self.rest_sum..self.rest_sum + 4].copy_from_slice(&sum);
        }
        let sum = crc32fast::hash(&bytes[..HEADER - 4]).to_le_bytes();
        bytes[HEADER - 4..HEADER].copy_from_slice(&sum);
        bytes
    }
}

/// Opens the file and uses all of it; returns whether it was rejected.
fn is_rejected(path: &Path, bytes: &[u8]) -> bool {
    fs::write(path, bytes).unwrap();
    let base = match Base::open(path, &schema()) {
        Ok(base) => base,
        Err(error) => {
            assert!(matches!(error, IndexFileError::InvalidFile { .. }), "{error}");
            return true;
        }
    };
    let snapshot = Snapshot::new(schema(), Some(&base)).unwrap();
    let vector = Dice(1).vector(19);
    let brand = ("brand".to_owned(), WORDS.map(str::to_owned).to_vec());
    let filters = [
        DocumentFilter::default(),
        DocumentFilter {
            keywords: vec![brand],
            numbers: vec![("price".to_owned(), 0.0, 1e300)],
            ..DocumentFilter::default()
        },
    ];
    for filter in &filters {
        let request =
            Request { terms: &WORDS, vector: Some(&vector), filter, depth: 5, threshold: None };
        for found in snapshot.search(&request).unwrap() {
            drop(snapshot.get(&found.key));
        }
    }
    snapshot.visit_words("", &mut |_, _| {});
    drop(base);
    fs::remove_file(path).unwrap();
    false
}

#[test]
fn a_header_that_claims_the_impossible_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let sound = Sound::new(folder.path());
    let path = folder.path().join("claims");
    assert!(!is_rejected(&path, &sound.bytes));
    let mut rejected = 0;
    for place in (8..FIELDS).step_by(4) {
        let (field, _) = sound.bytes[place..].split_first_chunk().unwrap();
        let field = u64::from_le_bytes(*field);
        let powers = (0..64).map(|power| 1 << power);
        let others = [
            0,
            20,
            u64::MAX,
            field.wrapping_add(1),
            field.wrapping_sub(1),
            field.wrapping_add(64),
            field.wrapping_mul(2),
        ];
        for claimed in powers.chain(others) {
            rejected +=
                usize::from(is_rejected(&path, &sound.changed(place, &claimed.to_le_bytes())));
        }
    }
    assert!(rejected > 2_000, "{rejected} were rejected");
}

#[test]
fn two_to_the_sixty_second_rows_are_rejected_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("base");
    // Without documents, most sections are empty, as those of a number of rows that overflows.
    drop(build(&path, &schema(), 1, []));
    let bytes = fs::read(&path).unwrap();
    let sound = Sound { bytes, rest: usize::MAX, rest_sum: 0 };
    for place in (8..FIELDS).step_by(4) {
        for power in 59..64 {
            let claims = sound.changed(place, &(1_u64 << power).to_le_bytes());
            is_rejected(&folder.path().join("claims"), &claims);
        }
    }
}

#[test]
fn numbers_within_the_sections_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let sound = Sound::new(folder.path());
    let path = folder.path().join("claims");
    let mut rejected = 0;
    for place in (sound.rest.next_multiple_of(4)..sound.bytes.len() - 8).step_by(4) {
        rejected += usize::from(is_rejected(&path, &sound.changed(place, &[0xff; 4])));
        let large = (1_u64 << 62).to_le_bytes();
        rejected += usize::from(is_rejected(&path, &sound.changed(place, &large)));
    }
    assert!(rejected > 200, "{rejected} were rejected");
}

//! Databases that are damaged.

#![cfg(unix)]

use crate::support::{all, base, entry, open, product, report};
use akin_entities::{ProductId, Version};
use akin_local::{LocalEngine, LocalOptions};
use akin_ports::{ErrorKind, PortResult, ProductIndex, ProductStore};
use rusqlite::Connection;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Writes 200 products and closes the database.
async fn fill(folder: &Path) {
    let names = (0..200).map(|number| format!("p{number}"));
    let products: Vec<_> = names.map(|name| product(&name, &name.repeat(20))).collect();
    open(folder).store().apply(&products, Version(1)).await.expect("apply");
}

/// Reads everything until the first error.
async fn use_all(folder: &Path) -> PortResult<()> {
    let engine = LocalEngine::open(folder, LocalOptions::default())?;
    let store = engine.store();
    let ids: Vec<_> =
        (0..200).map(|number| ProductId::new(format!("p{number}")).expect("an id")).collect();
    let found = store.fetch(&ids).await?;
    assert!(found.iter().all(|(id, record)| *id == record.product.id));
    store.outbox(None, 1_000).await?;
    store.quarantined(None, 10).await?;
    store.counts().await?;
    store.apply(&[product("p7", "changed"), product("new", "new")], Version(2)).await?;
    engine.check().await
}

#[tokio::test]
async fn flipped_bytes_are_an_error_or_harmless() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path()).await;
    let file = folder.path().join("akin.db");
    let sound = fs::read(&file).unwrap();
    let mut seed = 7_u64;
    let mut next = |bound: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % bound
    };
    let mut refused = 0;
    for round in 0..150 {
        let mut damaged = sound.clone();
        // The header, the beginnings of pages, or anywhere.
        for _ in 0..=round % 8 {
            let place = match round % 3 {
                0 => next(100),
                1 => next(sound.len() / 8_192) * 8_192 + next(16),
                _ => next(sound.len()),
            };
            damaged[place] ^= 1 << next(8);
        }
        fs::write(&file, damaged).unwrap();
        if let Err(error) = use_all(folder.path()).await {
            assert!(!report(&error).is_empty(), "an empty report: {error:?}");
            refused += 1;
        }
        for left in ["akin.db-wal", "akin.db-shm"] {
            let left = folder.path().join(left);
            if left.exists() {
                fs::remove_file(left).unwrap();
            }
        }
    }
    assert!(refused > 30, "only {refused} of 150 were detected");
}

#[tokio::test]
async fn a_truncated_database_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path()).await;
    let file = folder.path().join("akin.db");
    let length = fs::metadata(&file).unwrap().len();
    File::options().write(true).open(&file).unwrap().set_len(length / 2).unwrap();
    let error = LocalEngine::open(folder.path(), LocalOptions::default()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert!(report(&error).contains("restore it from a backup"), "{}", report(&error));
}

#[tokio::test]
async fn a_check_finds_a_row_that_an_index_lacks() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path()).await;
    let engine = open(folder.path());
    let file = File::options().write(true).open(folder.path().join("akin.db")).unwrap();
    file.write_all_at(&[0xFF; 64], 8_192 * 3).unwrap();
    assert_eq!(engine.check().await.unwrap_err().kind, ErrorKind::Corrupt);
}

/// The bytes of the header of a base; the last four are its checksum.
const HEADER: usize = 4_096;

#[tokio::test]
async fn a_base_with_a_right_checksum_that_claims_the_impossible_is_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let entries: Vec<_> = (0..20).map(|n| entry(&format!("p{n}"), 1, [1.0; 4])).collect();
    engine.index().upsert(&entries).await.unwrap();
    engine.optimize().await.unwrap();
    drop(engine);
    let (file, sound) = base(folder.path());
    let mut rebuilt = 0;
    // The fields of the header, with two to the power of 62 in each.
    for place in (8..512).step_by(4) {
        let mut claims = sound.clone();
        claims[place..place + 8].copy_from_slice(&(1_u64 << 62).to_le_bytes());
        let sum = crc32fast::hash(&claims[..HEADER - 4]).to_le_bytes();
        claims[HEADER - 4..HEADER].copy_from_slice(&sum);
        fs::write(file.with_extension("other"), &claims).unwrap();
        fs::rename(file.with_extension("other"), &file).unwrap();
        let again = open(folder.path());
        assert_eq!(again.index().candidates(&all()).await.unwrap().len(), 20, "at byte {place}");
        again.optimize().await.unwrap();
        rebuilt += usize::from(fs::read(&file).unwrap() == sound);
    }
    assert!(rebuilt > 60, "{rebuilt} were rebuilt");
}

#[tokio::test]
async fn an_invalid_embedding_is_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(folder.path()).index();
    index.upsert(&[entry("a", 1, [1.0; 4]), entry("b", 1, [1.0; 4])]).await.unwrap();
    let hand = Connection::open(folder.path().join("akin.db")).unwrap();
    for blob in ["zeroblob(16)", "x'0000C07F'", "x'00'", "x'000000000000000000000000FFFFFF7F'"] {
        hand.execute(&format!("UPDATE entries SET embedding = {blob} WHERE id = 'b'"), []).unwrap();
        let error = open(folder.path()).index().statistics().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Corrupt);
        assert!(report(&error).contains("akin.db"), "{}", report(&error));
    }
}

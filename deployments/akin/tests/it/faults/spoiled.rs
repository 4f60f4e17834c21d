//! What is amiss is seen: the comparison of holdings that were spoiled by hand.

use crate::faults::holdings::{Holdings, Verdict};
use akin_entities::{
    AnalyzedText, Currency, Embedding, FacetValues, Fingerprint, Price, Product, ProductId,
    ProductRecord, Timestamp, Version,
};
use akin_ports::{EntryEmbedding, IndexEntry};

fn product(id: &str, name: &str, price: &str) -> Product {
    Product {
        actual_price: Some(Price::parse(price, Currency::USD).expect("a price")),
        ..Product::new(ProductId::new(id).expect("an id"), name)
    }
}

fn entry(ProductRecord { product, version, .. }: &ProductRecord, at: f32) -> IndexEntry {
    IndexEntry {
        id: product.id.clone(),
        version: *version,
        embedding: EntryEmbedding::Computed {
            embedding: Embedding::new(&[1.0, at]).expect("a direction"),
            text_hash: product.text_hash(),
            fingerprint: Fingerprint::parse("tiny@0/fp32/2").expect("a fingerprint"),
        },
        text: AnalyzedText::new([vec![&*product.name], vec![], vec![], vec![], vec![]]),
        words: product.name.clone(),
        facets: FacetValues::from(product),
    }
}

/// Three products, as an engine holds them that lacks nothing.
fn sound() -> Holdings {
    let record = |product| ProductRecord { product, created: Timestamp(1), version: Version(2) };
    let products = [("a", "lamp"), ("b", "tent"), ("c", "boot")];
    let products: Vec<_> =
        products.iter().map(|(id, name)| record(product(id, name, "5"))).collect();
    let ids: Vec<_> = products.iter().map(|record| record.product.id.clone()).collect();
    let entries = (1_u8..).zip(&products).map(|(at, record)| entry(record, at.into())).collect();
    Holdings {
        products,
        entries,
        near: ids.clone(),
        with_words: ids,
        counts: [3, 3],
        undone: [0; 4],
    }
}

/// Lost, stale, twice, undone: whether there is any.
fn faults(spoil: impl FnOnce(&mut Holdings)) -> [bool; 4] {
    let (mut held, expected) = (sound(), sound());
    spoil(&mut held);
    let Verdict { lost, stale, twice, undone, compared } = held.compare(&expected);
    assert_eq!(compared, 3);
    [lost, stale, twice, undone].map(|all| !all.is_empty())
}

#[test]
fn what_lacks_nothing_is_clean_whenever_it_was_written() {
    let mut held = sound();
    held.products.iter_mut().for_each(|record| record.version = Version(7));
    held.entries.iter_mut().for_each(|entry| entry.version = Version(7));
    let verdict = held.compare(&sound());
    assert!(verdict.is_clean(), "{verdict}");
    assert_eq!(verdict.to_string(), "0 lost, 0 stale, 0 twice");
}

#[test]
fn a_lost_product_is_detected_wherever_it_was_lost() {
    for lost in [
        faults(|held| drop((held.products.pop(), held.counts[0] = 2))),
        faults(|held| drop((held.entries.pop(), held.counts[1] = 2))),
        faults(|held| drop(held.near.pop())),
        faults(|held| drop(held.with_words.pop())),
    ] {
        assert!(lost[0] && lost[2..] == [false, false], "{lost:?}");
    }
}

#[test]
fn every_kind_of_stale_entry_is_detected() {
    let older = product("a", "old lamp", "5");
    let cheaper = product("a", "lamp", "4");
    for stale in [
        faults(|held| held.products[0].product = older.clone()),
        faults(|held| held.products[0].product = cheaper.clone()),
        faults(|held| held.products[0].version = Version(3)),
        faults(|held| held.entries[0].version = Version(1)),
        faults(|held| held.entries[0].facets = FacetValues::from(&cheaper)),
        faults(|held| held.entries[0].words = "old lamp".to_owned()),
        faults(|held| held.entries[0] = entry(&held.products[0], 9.0)),
        faults(|held| held.entries[0].embedding = held.entries[1].embedding.clone()),
    ] {
        assert_eq!(stale, [false, true, false, false]);
    }
}

#[test]
fn what_is_sold_no_more_and_still_there_is_stale() {
    let gone = ProductId::new("gone").expect("an id");
    assert_eq!(faults(|held| held.near.push(gone.clone())), [false, true, false, false]);
    assert_eq!(faults(|held| held.with_words.push(gone.clone())), [false, true, false, false]);
    let add = |held: &mut Holdings| {
        held.entries.push(IndexEntry { id: gone.clone(), ..held.entries[0].clone() });
        held.counts[1] += 1;
    };
    assert_eq!(faults(add), [false, true, false, false]);
}

#[test]
fn what_is_there_twice_is_seen() {
    for twice in [
        faults(|held| held.products.push(held.products[0].clone())),
        faults(|held| held.entries.push(held.entries[0].clone())),
        faults(|held| held.near.push(held.near[0].clone())),
        faults(|held| held.with_words.push(held.with_words[0].clone())),
        faults(|held| held.counts[0] += 1),
        faults(|held| held.counts[1] += 1),
    ] {
        assert_eq!(twice, [false, false, true, false]);
    }
}

#[test]
fn what_is_still_to_be_done_is_seen() {
    for place in 0..4 {
        assert_eq!(faults(|held| held.undone[place] = 1), [false, false, false, true]);
    }
}

//! Writes seeds below the given folder: those derived from other files of the repository, and copies of
//! those written by hand.

// Instrumented code calls these functions, which the fuzzer provides in the targets.
use libfuzzer_sys as _;

use akin_fuzz::model::{FILES, Packed, fixture, packed};
use akin_ports::FeedRow;
use feed_fixtures::{Table, gzip, zstd};
use sbert_cpu::Precision;
use std::env::args_os;
use std::fs;
use std::path::Path;

fn main() {
    let below = args_os().nth(1).expect("the folder of the corpora");
    let keep = |target: &str, name: &str, bytes: &[u8]| {
        let folder = Path::new(&below).join(target);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(name), bytes).expect("written");
    };
    feeds(&keep);
    for (place, name) in (0_u8..).zip(FILES) {
        let content = fs::read(fixture().join(name)).expect(name);
        keep("model_folder", &name.replace('/', "-"), &[&[place], &content[..]].concat());
        if name == "tokenizer.json" {
            keep("tokenizer_file", name, &content);
        }
    }
    for name in ["mpnet", "roberta", "xlm-roberta"] {
        let path = fixture().with_file_name(name).join("tokenizer.json");
        keep("tokenizer_file", name, &fs::read(path).expect(name));
    }
    for (name, precision) in
        [("int8", Precision::Int8), ("bf16", Precision::Bf16), ("fp32", Precision::Fp32)]
    {
        keep("packed_model", name, &Packed::unsealed(&packed(precision)));
    }
}

/// Writes feeds of two products in every format, plain and compressed.
fn feeds(keep: &impl Fn(&str, &str, &[u8])) {
    let row = FeedRow {
        product_id: "A1".into(),
        name: "Pelluno <b>SteadyStalk</b> 130 &amp; remote".into(),
        main_category: "Phones".into(),
        image: "a.svg".into(),
        link: "https://shop.example/dp/B08L5TNJHG".into(),
        ratings: "4.2".into(),
        no_of_ratings: "1,024".into(),
        discount_price: "₹1,24,999.50".into(),
        actual_price: "1.234,56 €".into(),
        ..FeedRow::default()
    };
    let other = FeedRow { product_id: String::new(), ratings: "Get".into(), ..row.clone() };
    let texts = |row: &FeedRow| Some(row.texts().map(str::to_owned).to_vec());
    let columns = FeedRow::COLUMNS.map(str::to_owned).to_vec();
    let whole = Table { columns, rows: vec![texts(&row), texts(&other)] };
    let mut table = whole.clone();
    table.rows.push(None);
    let csv = table.csv(b',');
    keep("feed_csv", "commas", &csv);
    keep("feed_csv", "tabs", &table.csv(b'\t'));
    keep("feed_json_lines", "lines", &table.json_lines());
    keep("feed_json_lines", "array", &table.json_array());
    keep("feed_xml", "rss", &table.rss());
    keep("feed_xml", "atom", &table.atom());
    let parquet = whole.parquet();
    keep("feed_parquet", "rows", &parquet);
    for (name, bytes) in [
        ("csv", csv.clone()),
        ("gzip", gzip(&csv)),
        ("zstd", zstd(&csv)),
        ("json", table.json_lines()),
        ("xml", table.rss()),
        ("parquet", parquet),
    ] {
        keep("feed", name, &bytes);
    }
}

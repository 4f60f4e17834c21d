//! Writes the seeds that are made of other files of the repository below the folder it is given, and
//! copies those that were written by hand there.

// What counts branches in the targets is called from here, too.
use libfuzzer_sys as _;

use akin_contracts::feed::Written;
use akin_fuzz::model::{FILES, Packed, fixture, packed};
use akin_ports::FeedRow;
use sbert_cpu::Precision;
use std::env::args_os;
use std::fs;
use std::path::Path;

#[allow(dead_code, reason = "not all of what the tests of feeds write is a seed")]
#[path = "../../../adapters/feeds/tests/it/support/written.rs"]
mod written;

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

/// Feeds of two products in every format, plain and compressed.
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
    let rows = [Written::Row(row), Written::Row(other), Written::Nonsense];
    let csv = written::csv(&rows, b',');
    keep("feed_csv", "commas", &csv);
    keep("feed_csv", "tabs", &written::csv(&rows, b'\t'));
    keep("feed_json_lines", "lines", &written::json_lines(&rows));
    keep("feed_json_lines", "array", &written::json_array(&rows));
    keep("feed_xml", "rss", &written::rss(&rows));
    keep("feed_xml", "atom", &written::atom(&rows));
    // One that is written whole: a column is not told apart in a row that is no text.
    let parquet = written::parquet(&rows[..2]);
    keep("feed_parquet", "rows", &parquet);
    for (name, bytes) in [
        ("csv", csv.clone()),
        ("gzip", written::gzip(&csv)),
        ("zstd", written::zstd(&csv)),
        ("json", written::json_lines(&rows)),
        ("xml", written::rss(&rows)),
        ("parquet", parquet),
    ] {
        keep("feed", name, &bytes);
    }
}

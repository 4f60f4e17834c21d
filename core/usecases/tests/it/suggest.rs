//! Suggestions while a shopper types.

use crate::shop::{Shop, row};
use akin_entities::{KeywordField, Language, SearchMode};
use akin_ports::FeedRow;
use akin_usecases::{SearchRequest, Suggest, Suggestions};

/// Returns a shop of tripods, cameras and headphones.
async fn shop() -> Shop {
    let shop = Shop::new();
    let product = |id: &str, name: &str, category: &str, brand: &str, ratings: &str| FeedRow {
        main_category: category.to_owned(),
        sub_category: format!("{category} for all"),
        brand: brand.to_owned(),
        ratings: ratings.to_owned(),
        ..row(id, name, "₹100")
    };
    shop.stock(&[
        product("PH-001", "Travel tripod for phones", "Camera Gear", "Lumo", "4.5"),
        product("PH-002", "Travel tripod, carbon", "Camera Gear", "Lumo", "4.8"),
        product("PH-003", "Travel mug", "Kitchen", "Ørnevik", "3.0"),
        product("PH-004", "Trail camera", "Camera Gear", "Pebble", "4.0"),
        product("PH-005", "Wireless headphones", "Audio", "Trumpet & Co", "4.1"),
        product("PH-006", "红色三脚架", "三脚架", "蓝牙", "4.2"),
    ])
    .await;
    shop
}

async fn suggested(shop: &Shop, typed: &str) -> Suggestions {
    let suggest = Suggest::new(
        shop.index.clone(),
        shop.store.clone(),
        Language::English,
        shop.relevance.clone(),
    );
    suggest.run(typed, 6).await.unwrap()
}

fn queries(suggestions: &Suggestions) -> Vec<(&str, u64)> {
    suggestions.queries.iter().map(|query| (query.text.as_str(), query.count)).collect()
}

fn products(suggestions: &Suggestions) -> Vec<&str> {
    suggestions.products.iter().map(|record| record.product.id.as_str()).collect()
}

fn values(suggestions: &Suggestions) -> Vec<&str> {
    let categories = suggestions.categories.iter().map(|category| category.value.as_str());
    categories.chain(suggestions.brands.iter().map(|brand| brand.value.as_str())).collect()
}

#[tokio::test]
async fn the_last_word_is_completed_and_the_next_one_comes_from_names() {
    let shop = shop().await;
    let found = suggested(&shop, "trav").await;
    assert_eq!(queries(&found), [("travel", 3), ("travel tripod", 2), ("travel mug", 1)]);
    assert_eq!(products(&found), ["PH-002", "PH-001", "PH-003"], "the best rated first");
    let found = suggested(&shop, "Travel tri").await;
    assert_eq!(queries(&found)[0], ("travel tripod", 2));
    assert_eq!(products(&found), ["PH-002", "PH-001"]);
    let found = suggested(&shop, "travel ").await;
    assert_eq!(queries(&found), [("travel tripod", 2), ("travel mug", 1)]);
    assert_eq!(products(&found).len(), 3);
    assert_eq!(queries(&suggested(&shop, "mug tri").await), [], "no product has both");
    assert_eq!(suggested(&shop, "unheard trip").await.queries, []);
}

#[tokio::test]
async fn every_suggested_query_finds_its_products() {
    let shop = shop().await;
    for typed in ["t", "tr", "trav", "travel ", "camera g", "wire", "h", "三", "红色三", "PH", "m"]
    {
        for query in suggested(&shop, typed).await.queries {
            let mode = SearchMode::Lexical;
            let request = SearchRequest { mode, ..SearchRequest::for_text(&query.text).unwrap() };
            let total = shop.answer(&request).await.total;
            assert!(total > 0 && query.count > 0, "{typed}: {query:?} finds {total}");
        }
    }
}

/// Words of descriptions are not suggested: they alone are no evidence that a product fits.
#[tokio::test]
async fn a_query_is_suggested_for_what_names_hold() {
    let shop = Shop::new();
    let described = |id: &str, name: &str, description: &str| FeedRow {
        description: description.to_owned(),
        brand: "Trumpet".to_owned(),
        ..row(id, name, "₹1")
    };
    shop.stock(&[
        described("1", "Travel mug", "a trusty mug"),
        described("2", "Shelf 12 inch", ""),
        described("3", "Wi-Fi router, 3.5 mm", ""),
    ])
    .await;
    assert_eq!(queries(&suggested(&shop, "trus").await), []);
    assert_eq!(queries(&suggested(&shop, "trum").await)[0], ("trumpet", 3), "the brand");
    assert_eq!(queries(&suggested(&shop, "wi-f").await)[0].0, "wi-fi");
    for (typed, id) in [("12 inch", "2"), ("12\"", "2"), ("3.5 mm", "3"), ("wi-fi", "3")] {
        assert_eq!(products(&suggested(&shop, typed).await), [id], "{typed}");
    }
}

/// The word that is meant may be one of many that begin so.
#[tokio::test]
async fn a_rare_word_is_suggested_after_those_it_stands_with() {
    let shop = Shop::new();
    let others = (b'a'..=b'z').flat_map(|a| (b'a'..=b'b').map(move |b| [b't', a, b, b'x']));
    let others = others.map(|word| String::from_utf8_lossy(&word).into_owned());
    let mut rows = Vec::new();
    for (number, word) in others.enumerate() {
        rows.push(row(&format!("{number}a"), &word, "₹1"));
        rows.push(row(&format!("{number}b"), &word, "₹1"));
    }
    rows.push(row("mug", "zebra tzzzz", "₹1"));
    shop.stock(&rows).await;
    assert_eq!(queries(&suggested(&shop, "zebra t").await), [("zebra tzzzz", 1)]);
}

#[tokio::test]
async fn categories_and_brands_begin_with_the_words_that_were_typed() {
    let shop = shop().await;
    let found = suggested(&shop, "gear").await;
    let fields: Vec<_> = found.categories.iter().map(|one| (one.field, one.count)).collect();
    assert_eq!(values(&found), ["Camera Gear", "Camera Gear for all"]);
    assert_eq!(fields, [(KeywordField::MainCategory, 3), (KeywordField::SubCategory, 3)]);
    assert_eq!(values(&suggested(&shop, "ORNE").await), ["Ørnevik"]);
    assert_eq!(values(&suggested(&shop, "camera ge").await).len(), 2);
    assert_eq!(values(&suggested(&shop, "脚").await), ["三脚架", "三脚架 for all"]);
    assert_eq!(values(&suggested(&shop, "co").await), ["Trumpet & Co"]);
    assert_eq!(values(&suggested(&shop, "era").await), [""; 0]);
}

#[tokio::test]
async fn one_slip_is_forgiven_if_nothing_begins_as_typed() {
    let shop = shop().await;
    for typed in ["trvael", "tarvel", "trabel", "travvel"] {
        let found = suggested(&shop, typed).await;
        assert_eq!(queries(&found)[0], ("travel", 3), "{typed}");
        assert_eq!(products(&found).len(), 3);
    }
    assert_eq!(values(&suggested(&shop, "camrea").await)[0], "Camera Gear");
    assert_eq!(queries(&suggested(&shop, "tar").await), [], "three letters");
    assert_eq!(queries(&suggested(&shop, "ravel").await), [], "another first letter");
}

#[tokio::test]
async fn words_of_scripts_without_spaces_are_completed() {
    let shop = shop().await;
    let found = suggested(&shop, "三脚").await;
    assert_eq!((queries(&found), products(&found)), (vec![("三脚架", 1)], vec!["PH-006"]));
    let found = suggested(&shop, "红色三脚").await;
    assert_eq!((queries(&found), products(&found)), (vec![("红色三脚架", 1)], vec!["PH-006"]));
}

#[tokio::test]
async fn an_id_suggests_its_product() {
    let shop = shop().await;
    assert_eq!(products(&suggested(&shop, "ph004").await), ["PH-004"]);
}

#[tokio::test]
async fn a_blank_text_suggests_the_greatest_categories_and_brands() {
    let shop = shop().await;
    for typed in ["", "  ", "!?"] {
        let found = suggested(&shop, typed).await;
        assert_eq!(found.categories[0].value, "Camera Gear");
        assert_eq!((found.categories.len(), found.brands[0].count), (6, 2));
        assert_eq!((found.queries.len(), found.products.len()), (0, 0));
    }
    assert_eq!(suggested(&Shop::new(), "").await, Suggestions::default());
    assert_eq!(suggested(&Shop::new(), "trav").await, Suggestions::default());
}

#[tokio::test]
async fn a_quoted_or_excluded_word_is_not_completed() {
    let shop = shop().await;
    for typed in ["tripod -trav", "\"travel\" tri"] {
        let found = suggested(&shop, typed).await;
        assert_eq!((found.queries.len(), found.products.len()), (0, 0), "{typed}");
    }
}

#[tokio::test]
async fn suggestions_follow_the_catalogue_and_are_bounded() {
    let shop = shop().await;
    let suggest = Suggest::new(
        shop.index.clone(),
        shop.store.clone(),
        Language::English,
        shop.relevance.clone(),
    );
    assert_eq!(suggest.run("lum", 6).await.unwrap().brands[0].count, 2);
    let lamp = FeedRow { brand: "Lumen".into(), ..row("PH-007", "Luminous lamp", "₹1") };
    shop.ingest(&[lamp], 2).await;
    shop.embed().await;
    let found = suggest.run("lum", 6).await.unwrap();
    assert_eq!((values(&found), queries(&found)[0]), (vec!["Lumo", "Lumen"], ("lumo", 2)));
    let found = suggest.run("t", 1).await.unwrap();
    let counts =
        [found.queries.len(), found.categories.len(), found.brands.len(), found.products.len()];
    assert!(counts.iter().all(|count| *count <= 1), "{counts:?}");
    let long = format!("travel {}", "x".repeat(5_000));
    assert_eq!(suggest.run(&long, 6).await.unwrap().queries, []);
    assert_eq!(suggest.run("trav", 0).await.unwrap(), Suggestions::default());
}

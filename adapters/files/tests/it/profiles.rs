//! Exports of platforms, as they write them.

use crate::support::{Options, RowFeed, rows_of};
use akin_ports::FeedRow;
use std::io::Cursor;

/// Returns the profile by which a text is read.
async fn profile(text: &str) -> Option<&'static str> {
    let mut feed = RowFeed::start(&Options::default(), Cursor::new(text.as_bytes().to_vec()));
    feed.next_rows().await.unwrap();
    feed.reader.profile()
}

/// Returns id, name, categories, and the prices of a row.
fn essentials(row: &FeedRow) -> [&str; 6] {
    let FeedRow {
        product_id, name, main_category, sub_category, discount_price, actual_price, ..
    } = row;
    [product_id, name, main_category, sub_category, discount_price, actual_price]
}

const SHOPIFY: &str = "Handle,Title,Body (HTML),Vendor,Type,Tags,Option1 Name,Option1 Value,Variant SKU,\
Variant Price,Variant Compare At Price,Variant Barcode,Image Src
apron,Linen Apron,\"<p>Washed linen.</p>\n<p>Two pockets.</p>\",Hearthside,Textiles,\"apron, linen\",Size,Small,A-S,39.00,49.00,2000000000015,a1.jpg
apron,,,,,,,Medium,A-M,42.00,,2000000000022,a2.jpg
apron,,,,,,,,,,,,a3.jpg
glove,Oven Glove,,Hearthside,Textiles,,Title,Default Title,G-1,18.00,,,g1.jpg
glove,,,,,,,,,,,,g2.jpg
";

#[tokio::test]
async fn variants_of_shopify_are_products_of_one_group_and_further_pictures_are_none() {
    assert_eq!(profile(SHOPIFY).await, Some("shopify"));
    let rows = rows_of(SHOPIFY).await;
    let read: Vec<_> = rows.iter().map(essentials).collect();
    assert_eq!(
        read,
        [
            ["apron/Small", "Linen Apron", "Textiles", "", "39.00", "49.00"],
            ["apron/Medium", "Linen Apron", "Textiles", "", "", "42.00"],
            ["glove", "Oven Glove", "Textiles", "", "", "18.00"],
        ]
    );
    assert_eq!(rows[1].description, rows[0].description);
    assert_eq!((&*rows[1].image, &*rows[1].brand, rows[1].line), ("a2.jpg", "Hearthside", 4));
    let expected = "group: apron; sku: A-M; gtin: 2000000000022; Size: Medium";
    assert_eq!(rows[1].attributes, expected);
    assert_eq!(rows[2].attributes, "group: glove; sku: G-1");
}

#[tokio::test]
async fn the_products_of_shopify_as_json_have_the_price_of_their_first_variant() {
    let text = r#"{"products":[{"id":7,"title":"Apron","handle":"apron","body_html":"<p>Linen</p>","vendor":"Hearthside",
        "product_type":"Textiles","tags":["linen","kitchen"],
        "variants":[{"id":1,"sku":"A-S","price":"39.00","compare_at_price":"49.00"},{"id":2,"price":"42.00"}],
        "images":[{"id":9,"src":"a1.jpg"},{"src":"a2.jpg"}],"options":[{"name":"Size","values":["S","M"]}]}]}"#;
    assert_eq!(profile(text).await, Some("shopify-json"));
    let row = &rows_of(text).await[0];
    assert_eq!(essentials(row), ["apron", "Apron", "Textiles", "", "39.00", "49.00"]);
    assert_eq!((&*row.image, &*row.brand), ("a1.jpg", "Hearthside"));
    assert!(row.attributes.contains("Size: S, M"), "{}", row.attributes);
    assert!(row.attributes.contains("tags: linen, kitchen"), "{}", row.attributes);
}

#[tokio::test]
async fn an_export_of_woocommerce_is_understood() {
    let text = "ID,Type,SKU,Name,Published,\"Short description\",Description,\"In stock?\",\"Sale price\",\"Regular price\",Categories,Tags,Images,Parent,\"Attribute 1 name\",\"Attribute 1 value(s)\"
101,simple,kt-014,\"Copper Kettle\",1,\"Stove top.\",\"Holds two litres.\",1,,64,\"Kitchen > Kettles, Sale\",\"copper, kettle\",\"k1.jpg, k2.jpg\",,Material,Copper
102,simple,kt-015,\"Enamel Kettle\",1,\"Stove top.\",,1,.99,32.5,\"Kitchen > Kettles, Sale\",kettle,\"k3.jpg, k4.jpg\",,Material,Enamel
";
    assert_eq!(profile(text).await, Some("woocommerce"));
    let rows = rows_of(text).await;
    assert_eq!(essentials(&rows[0]), ["101", "Copper Kettle", "Kitchen", "Kettles", "", "64"]);
    assert_eq!(essentials(&rows[1])[4..], [".99", "32.5"]);
    assert_eq!((&*rows[0].image, &*rows[1].description), ("k1.jpg", "Stove top."));
    assert!(rows[0].attributes.contains("sku: kt-014"), "{}", rows[0].attributes);
    assert!(rows[0].attributes.ends_with("Material: Copper"), "{}", rows[0].attributes);
}

#[tokio::test]
async fn products_of_the_api_of_woocommerce_are_understood() {
    let text = r#"[{"id":501,"name":"Copper Kettle","price":"64.00","regular_price":"64.00","sale_price":"",
        "sku":"kt-014","categories":[{"id":9,"name":"Kettles"}],"images":[{"id":1,"src":"k1.jpg"}],
        "attributes":[{"id":3,"name":"Material","options":["Copper"]}],"brands":[{"id":1,"name":"Hearthside"}]}]"#;
    assert_eq!(profile(text).await, Some("woocommerce-rest"));
    let row = &rows_of(text).await[0];
    assert_eq!(essentials(row), ["501", "Copper Kettle", "Kettles", "", "", "64.00"]);
    assert_eq!((&*row.image, &*row.brand), ("k1.jpg", "Hearthside"));
    assert!(row.attributes.contains("Material: Copper") && row.attributes.contains("sku: kt-014"));
}

#[tokio::test]
async fn an_export_of_magento_is_understood() {
    let text = "sku,attribute_set_code,product_type,categories,name,description,price,special_price,base_image,additional_attributes,is_in_stock
24-MB01,Bag,simple,\"Default Category/Gear,Default Category/Gear/Bags\",Joust Bag,Sturdy,34.00,,/m/b.jpg,\"color=Black,material=Nylon\",1
";
    assert_eq!(profile(text).await, Some("magento"));
    let row = &rows_of(text).await[0];
    assert_eq!(essentials(row), ["24-MB01", "Joust Bag", "Gear", "", "", "34.00"]);
    assert!(row.attributes.contains("color: Black; material: Nylon"), "{}", row.attributes);
}

#[tokio::test]
async fn exports_of_other_platforms_are_understood() {
    for (text, name, expected) in [
        (
            "Item Type,Product ID,Product Name,Brand Name,Price,Sale Price,Category\nProduct,77,Tea pot,Hearthside,20.00,18.00,Kitchen/Tea\n",
            "bigcommerce",
            ["77", "Tea pot", "Kitchen/Tea", "", "18.00", "20.00"],
        ),
        (
            "Product ID;Image;Name;Reference;Category;Price (tax excl.);Price (tax incl.);Quantity;Status\n1;i.jpg;T-shirt;demo_1;Men;19.12;22.94;2400;1\n",
            "prestashop",
            ["1", "T-shirt", "Men", "", "", "22.94"],
        ),
        (
            "id\ttitle\tlink\timage_link\tprice\tsale_price\tavailability\tproduct_type\n1\tPan\tl\ti\t12 USD\t9 USD\tin stock\tHome > Pans\n",
            "google",
            ["1", "Pan", "Home", "Pans", "9 USD", "12 USD"],
        ),
        (
            "{\"@context\":\"https://schema.org\",\"@type\":\"Product\",\"sku\":\"S1\",\"name\":\"Vase\",\"category\":\"Home\",\"offers\":[{\"price\":5.125,\"priceCurrency\":\"EUR\"}]}\n",
            "schema-org",
            ["S1", "Vase", "Home", "", "", "5.1250"],
        ),
        (
            "product_id\tproduct_name\tproduct_class\tcategory hierarchy\tproduct_description\tproduct_features\trating_count\taverage_rating\n0\tpine bed\tBeds\tFurniture / Beds\tgood\tcolor : oak|width : 40\t15.0\t4.5\n",
            "wands",
            ["0", "pine bed", "Furniture", "Beds", "", ""],
        ),
        (
            "uniq_id,product_name,product_category_tree,retail_price,discounted_price\nu1,Shorts,\"[\"\"Clothing >> Shorts\"\"]\",999,379\n",
            "flipkart",
            ["u1", "Shorts", "Clothing", "Shorts", "379", "999"],
        ),
        (
            "article_id,product_code,prod_name,product_group_name,index_group_name,detail_desc\n0108775015,0108775,Strap top,Garment Upper body,Ladieswear,Jersey top\n",
            "hm",
            ["0108775015", "Strap top", "Ladieswear", "Garment Upper body", "", ""],
        ),
        (
            "{\"parent_asin\":\"B01\",\"title\":\"Mouse\",\"main_category\":\"Computers\",\"price\":9.99,\"average_rating\":4.5}\n",
            "amazon",
            ["B01", "Mouse", "Computers", "", "", "9.99"],
        ),
    ] {
        assert_eq!(profile(text).await, Some(name), "{text}");
        assert_eq!(essentials(&rows_of(text).await[0]), expected, "{text}");
    }
}

#[tokio::test]
async fn attributes_of_several_columns_are_pairs_in_any_writing() {
    let text = "product_id\tproduct_name\tproduct_class\tproduct_description\tproduct_features\n\
                0\tpine bed\tBeds\tgood\tcolor : oak|width : 40\n";
    assert_eq!(rows_of(text).await[0].attributes, "class: Beds; color: oak; width: 40");
}

#[tokio::test]
async fn a_profile_that_is_named_is_used_and_the_map_comes_before_it() {
    let map: akin_usecases::ColumnMap = "Vendor=attributes.maker,Type=".parse().unwrap();
    for (map, expected) in
        [(map.clone(), ("apron/Small", "", "")), (map.with_profile("none").unwrap(), ("", "", ""))]
    {
        let options = Options { map, ..Options::default() };
        let mut feed = RowFeed::start(&options, Cursor::new(SHOPIFY.as_bytes().to_vec()));
        let row = feed.next_rows().await.unwrap().unwrap().remove(0).unwrap();
        assert_eq!((&*row.product_id, &*row.brand, &*row.main_category), expected);
        assert!(row.attributes.contains("Hearthside"), "{}", row.attributes);
    }
}

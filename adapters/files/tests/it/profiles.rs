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
async fn variants_of_shopify_are_products_of_one_group_with_all_pictures() {
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
    assert_eq!((&*rows[1].sku, &*rows[1].gtin), ("A-M", "2000000000022"));
    assert_eq!(rows[1].attributes, "tags: apron, linen; Size: Medium");
    assert_eq!((&*rows[0].images, &*rows[1].images), ("a2.jpg a3.jpg", "a1.jpg a3.jpg"));
    assert_eq!((&*rows[2].item_group_id, &*rows[2].attributes), ("glove", ""));
    assert_eq!(rows[2].images, "g2.jpg");
}

#[tokio::test]
async fn a_variant_of_shopify_has_the_first_rows_texts_where_it_is_blank_but_no_identifier() {
    let text = "Handle,Title,Vendor,Tags,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,\
        Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Variant Compare At Price,\
        Variant Barcode,Image Src,Variant Image,Status
tee,Tee,Lumo,cotton,Color,Red,Size,S,T-1,shopify,0,deny,20,25,111,main.jpg,red.jpg,active
tee,,,,,Blue,,S,,shopify,4,deny,,,,,,
tee,,,,,Blue,,M,T-3,shopify,0,continue,22,,,,blue.jpg,
mug,Mug,Lumo,,Title,Default Title,,,M-1,,0,deny,9,,,mug.jpg,,draft
";
    let rows = rows_of(text).await;
    let read: Vec<_> = rows.iter().map(essentials).collect();
    assert_eq!(
        read,
        [
            ["tee/Red/S", "Tee", "", "", "20", "25"],
            ["tee/Blue/S", "Tee", "", "", "20", "25"],
            ["tee/Blue/M", "Tee", "", "", "", "22"],
            ["mug", "Mug", "", "", "", "9"],
        ]
    );
    let stock: Vec<_> = rows.iter().map(|row| &*row.availability).collect();
    assert_eq!(stock, ["0", "4", "", ""], "what is not tracked or goes on selling can be bought");
    assert_eq!((&*rows[1].sku, &*rows[1].gtin, &*rows[2].sku), ("", "", "T-3"));
    assert_eq!(rows[1].attributes, "tags: cotton; status: active; Color: Blue; Size: S");
    let pictures: Vec<_> = rows.iter().map(|row| (&*row.image, &*row.images)).collect();
    let expected = [
        ("red.jpg", "main.jpg blue.jpg"),
        ("red.jpg", "main.jpg blue.jpg"),
        ("blue.jpg", "main.jpg red.jpg"),
        ("mug.jpg", ""),
    ];
    assert_eq!(pictures, expected);
}

#[tokio::test]
async fn the_newer_columns_of_shopify_are_read_like_the_old_ones() {
    let text = "Title,URL handle,Description,Vendor,Product category,Type,Tags,Status,SKU,Barcode,Option1 name,\
        Option1 value,Price,Compare-at price,Inventory tracker,Inventory quantity,Continue selling when out of stock,\
        Product image URL,Variant image URL
Linen Apron,apron,<p>Linen</p>,Hearthside,Home > Linens,,,Active,A-S,1,Size,S,39,49,shopify,3,DENY,a1.jpg,
,apron,,,,,,,A-M,2,,M,42,,shopify,0,DENY,a2.jpg,m.jpg
";
    assert_eq!(profile(text).await, Some("shopify"));
    let rows = rows_of(text).await;
    let read: Vec<_> = rows.iter().map(essentials).collect();
    assert_eq!(read[0], ["apron/S", "Linen Apron", "Home", "Linens", "39", "49"]);
    assert_eq!(read[1], ["apron/M", "Linen Apron", "Home", "Linens", "", "42"]);
    assert_eq!((&*rows[1].image, &*rows[1].sku, &*rows[1].availability), ("m.jpg", "A-M", "0"));
}

#[tokio::test]
async fn variants_of_shopify_as_json_are_the_same_products_as_in_its_csv() {
    let text = r#"{"products":[{"id":7,"title":"Linen Apron","handle":"apron","body_html":"<p>Linen</p>","vendor":"Hearthside",
        "product_type":"Textiles","tags":["linen","kitchen"],
        "variants":[{"id":1,"title":"Small","option1":"Small","option2":null,"sku":"A-S","price":"39.00","compare_at_price":"49.00",
          "available":true,"featured_image":null},
         {"id":2,"title":"Medium","option1":"Medium","sku":"A-M","price":"42.00","compare_at_price":null,"available":false,
          "featured_image":{"id":9,"src":"a2.jpg"}}],
        "images":[{"id":8,"src":"a1.jpg"},{"src":"a2.jpg"}],"options":[{"name":"Size","position":1,"values":["Small","Medium"]}]},
       {"id":8,"title":"Oven Glove","handle":"glove","body_html":"","vendor":"Hearthside","product_type":"Textiles","tags":[],
        "variants":[{"id":3,"title":"Default Title","option1":"Default Title","sku":"G-1","price":"18.00","available":true}],
        "images":[],"options":[{"name":"Title","position":1,"values":["Default Title"]}]}]}"#;
    assert_eq!(profile(text).await, Some("shopify-json"));
    let rows = rows_of(text).await;
    let read: Vec<_> = rows.iter().map(essentials).collect();
    assert_eq!(
        read,
        [
            ["apron/Small", "Linen Apron", "Textiles", "", "39.00", "49.00"],
            ["apron/Medium", "Linen Apron", "Textiles", "", "", "42.00"],
            ["glove", "Oven Glove", "Textiles", "", "", "18.00"],
        ]
    );
    assert_eq!((&*rows[0].image, &*rows[1].image, &*rows[1].sku), ("a1.jpg", "a2.jpg", "A-M"));
    assert_eq!((&*rows[0].availability, &*rows[1].availability), ("true", "false"));
    assert_eq!(rows[1].attributes, "tags: linen, kitchen; Size: Medium");
    assert_eq!((&*rows[1].item_group_id, &*rows[2].item_group_id), ("apron", "glove"));
}

#[tokio::test]
async fn variants_in_json_of_any_shop_are_products_of_one_group() {
    let text = r#"{"id":"P1","name":"Tee","brand":"Lumo","price":20,"sale_price":15,"image":"t.jpg","attributes":{"material":"linen"},
        "variants":[{"sku":"T-S","color":"red","size":"S"},{"sku":"T-M","color":"blue","size":"M","price":22,"stock":0,"image":"b.jpg"}]}
        {"id":"P2","name":"Cup","price":5,"variants":[]}"#;
    assert_eq!(profile(text).await, Some("variants"));
    let rows = rows_of(text).await;
    let read: Vec<_> = rows.iter().map(essentials).collect();
    assert_eq!(
        read,
        [
            ["P1/T-S", "Tee", "", "", "15", "20"],
            ["P1/T-M", "Tee", "", "", "", "22"],
            ["P2", "Cup", "", "", "", "5"],
        ]
    );
    assert_eq!(rows[1].attributes, "material: linen; color: blue; size: M");
    assert_eq!((&*rows[1].image, &*rows[1].availability, &*rows[1].sku), ("b.jpg", "0", "T-M"));
    let groups: Vec<_> = rows.iter().map(|row| &*row.item_group_id).collect();
    assert_eq!(groups, ["P1", "P1", ""]);
}

const WOOCOMMERCE: &str = "ID,Type,SKU,Name,Published,\"Short description\",Description,\"In stock?\",\"Sale price\",\"Regular price\",Categories,Tags,Images,Parent,\"Attribute 1 name\",\"Attribute 1 value(s)\",\"Attribute 2 name\",\"Attribute 2 value(s)\"
101,simple,kt-014,\"Copper Kettle\",1,\"Stove top.\",\"Holds two litres.\",1,,64,\"Kitchen > Kettles, Sale\",\"copper, kettle\",\"k1.jpg, k2.jpg\",,Material,Copper,,
110,variable,tee,Tee,1,\"A tee.\",,1,,,\"Clothing > Tees\",,\"t1.jpg, t2.jpg\",,Size,\"S, M\",Material,Linen
111,variation,tee-s,\"Tee - S\",1,,,1,15,20,,,,tee,Size,S,,
112,variation,tee-m,\"Tee - M\",1,,,0,,22,,,m.jpg,tee,Size,M,,
120,variable,,Cap,1,,,1,,,Clothing,,c.jpg,,Color,\"red, blue\",,
130,simple,mug,Mug,1,,,backorder,,9,Kitchen,,,,,,,
121,\"variation, virtual\",,,1,,,1,,8,,,,id:120,Color,red,,
";

#[tokio::test]
async fn variations_of_woocommerce_take_what_they_lack_from_their_parent() {
    assert_eq!(profile(WOOCOMMERCE).await, Some("woocommerce"));
    let rows = rows_of(WOOCOMMERCE).await;
    let read: Vec<_> = rows.iter().map(essentials).collect();
    assert_eq!(
        read,
        [
            ["101", "Copper Kettle", "Kitchen", "Kettles", "", "64"],
            ["111", "Tee - S", "Clothing", "Tees", "15", "20"],
            ["112", "Tee - M", "Clothing", "Tees", "", "22"],
            // Its variation stands elsewhere.
            ["120", "Cap", "Clothing", "", "", ""],
            ["130", "Mug", "Kitchen", "", "", "9"],
            ["121", "Cap", "Clothing", "", "", "8"],
        ]
    );
    let details: Vec<_> = rows
        .iter()
        .map(|row| [&*row.sku, &*row.item_group_id, &*row.availability, &*row.image, &*row.images])
        .collect();
    assert_eq!(
        details,
        [
            ["kt-014", "", "1", "k1.jpg", "k1.jpg, k2.jpg"],
            ["tee-s", "tee", "1", "t1.jpg", "t1.jpg, t2.jpg"],
            ["tee-m", "tee", "0", "m.jpg", "m.jpg"],
            ["", "id:120", "1", "c.jpg", "c.jpg"],
            ["mug", "", "backorder", "", ""],
            ["", "id:120", "1", "c.jpg", "c.jpg"],
        ]
    );
    assert_eq!(rows[0].attributes, "tags: copper, kettle; Material: Copper");
    assert_eq!(rows[1].attributes, "Size: S; Material: Linen");
    assert_eq!(rows[1].description, "A tee.");
    assert_eq!(rows[5].attributes, "Color: red");
}

#[tokio::test]
async fn products_of_the_api_of_woocommerce_are_understood() {
    let text = r#"[{"id":501,"name":"Copper Kettle","price":"64.00","regular_price":"64.00","sale_price":"",
        "sku":"kt-014","categories":[{"id":9,"name":"Kettles"}],"images":[{"id":1,"src":"k1.jpg"},{"id":2,"src":"k2.jpg"}],
        "stock_status":"instock","parent_id":0,"variations":[],
        "attributes":[{"id":3,"name":"Material","options":["Copper"]}],"brands":[{"id":1,"name":"Hearthside"}]},
       {"id":502,"name":"Tee","price":"20","regular_price":"","sale_price":"","sku":"tee","categories":[],
        "images":[{"src":"t.jpg"}],"attributes":[{"name":"Size","options":["S","M"]},{"name":"Material","options":["Linen"]}],
        "variations":[{"id":503,"sku":"tee-s","regular_price":"20","sale_price":"15","price":"15","stock_status":"onbackorder",
          "image":{"src":"s.jpg"},"attributes":[{"name":"Size","option":"S"}]}]},
       {"id":600,"name":"Cap","price":"9","regular_price":"9","sku":"cap","variations":[601,602]}]"#;
    assert_eq!(profile(text).await, Some("woocommerce-rest"));
    let rows = rows_of(text).await;
    assert_eq!(essentials(&rows[0]), ["501", "Copper Kettle", "Kettles", "", "", "64.00"]);
    assert_eq!((&*rows[0].image, &*rows[0].brand), ("k1.jpg", "Hearthside"));
    assert_eq!((&*rows[0].attributes, &*rows[0].sku), ("Material: Copper", "kt-014"));
    assert_eq!((&*rows[0].images, &*rows[0].item_group_id), ("k1.jpg k2.jpg", ""));
    assert_eq!(essentials(&rows[1]), ["503", "Tee", "", "", "15", "20"]);
    assert_eq!(rows[1].attributes, "Size: S; Material: Linen");
    assert_eq!((&*rows[1].item_group_id, &*rows[1].image), ("502", "s.jpg"));
    assert_eq!((&*rows[1].sku, &*rows[1].availability), ("tee-s", "onbackorder"));
    assert_eq!((rows.len(), &*rows[2].product_id), (3, "600"));
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

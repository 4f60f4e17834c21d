//! Google Merchant XML as shops write it.

use crate::support::{Options, RowFeed, error_of, items_of, read, rows_of};
use akin_ports::FeedItem;

/// A feed of items with this content, each on a line of its own from the third on.
fn rss(items: &[&str]) -> String {
    let items: Vec<_> = items.iter().map(|item| format!("<item>{item}</item>")).collect();
    format!(
        "<?xml version=\"1.0\"?>\n<rss xmlns:g=\"http://base.google.com/ns/1.0\"><channel>\n{}\n\
         </channel></rss>",
        items.join("\n")
    )
}

#[tokio::test]
async fn a_google_item_gives_a_row() {
    let row = &rows_of(&rss(&["<g:id>TV-1</g:id><title>Television</title>\
         <description><![CDATA[Sharp & <b>bright</b>]]> to the edge</description>\
         <link>https://shop.example/tv?a=1&amp;b=2</link><g:image_link>tv.jpg</g:image_link>\
         <g:price>1299.00 EUR</g:price><g:sale_price>999.00 EUR</g:sale_price>\
         <g:brand>L&#252;x</g:brand><g:availability>in stock</g:availability>\
         <g:shipping><g:country>DE</g:country><g:price>4.95 EUR</g:price></g:shipping>\
         <g:product_type>Home &gt; Screens &gt; Televisions</g:product_type>\
         <g:product_type>Offers</g:product_type>\
         <g:google_product_category>404</g:google_product_category>"]))
    .await[0];
    assert_eq!((row.line, &*row.product_id, &*row.name), (3, "TV-1", "Television"));
    assert_eq!(row.description, "Sharp & <b>bright</b> to the edge");
    assert_eq!(row.link, "https://shop.example/tv?a=1&b=2");
    assert_eq!((&*row.image, &*row.brand), ("tv.jpg", "Lüx"));
    assert_eq!((&*row.actual_price, &*row.discount_price), ("1299.00 EUR", "999.00 EUR"));
    assert_eq!((&*row.main_category, &*row.sub_category), ("Home", "Screens > Televisions"));
    assert_eq!((&*row.availability, &*row.attributes), ("in stock", ""));
}

#[tokio::test]
async fn the_google_name_of_a_field_comes_before_the_plain_one() {
    let row = &rows_of(&rss(&["<title>For readers</title><g:title>For shoppers</g:title>\
         <description>one</description><g:description/>"]))
    .await[0];
    assert_eq!((&*row.name, &*row.description), ("For shoppers", "one"));
}

#[tokio::test]
async fn google_names_are_recognized_by_their_namespace() {
    let row = &rows_of(
        "<rss xmlns:shop=\"http://base.google.com/ns/1.0\"><channel><item><shop:title>Ball\
         </shop:title><shop:id>7</shop:id><other:price>3</other:price></item></channel></rss>",
    )
    .await[0];
    assert_eq!((&*row.name, &*row.product_id, &*row.actual_price), ("Ball", "7", ""));
}

#[tokio::test]
async fn a_numeric_taxonomy_category_is_ignored() {
    let rows = rows_of(&rss(&[
        "<title>a</title><g:google_product_category>Media &gt; Books</g:google_product_category>",
        "<title>b</title><g:google_product_category>784</g:google_product_category>",
    ]))
    .await;
    assert_eq!((&*rows[0].main_category, &*rows[0].sub_category), ("Media", "Books"));
    assert_eq!(rows[1].main_category, "");
}

#[tokio::test]
async fn an_atom_entry_gives_a_row() {
    let row = &rows_of(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:g=\"x\"><title>Shop</title>\
         <link href=\"https://shop.example\"/><entry><title>Ball</title><g:id>B1</g:id>\
         <id>tag:shop</id><link rel=\"self\" href=\"feed\"/>\
         <link href=\"https://shop.example/ball?a&amp;b\"/><summary>Round</summary>\
         <g:price>3 USD</g:price></entry></feed>",
    )
    .await[0];
    assert_eq!((&*row.product_id, &*row.name, &*row.description), ("B1", "Ball", "Round"));
    assert_eq!(row.link, "https://shop.example/ball?a&b");
}

#[tokio::test]
async fn an_error_in_the_name_of_an_item_refuses_it_by_line_and_field() {
    let items = items_of(&rss(&[
        "<title>a</title>",
        "<title>Tom & Jerry</title>",
        "<title>b</title><g:brand>A&nbsp;B</g:brand>",
        "<title>c</title><title>d</title>",
        &format!("<title>{}</title>", "x".repeat(2 << 20)),
        "<title>e</title>",
    ]))
    .await;
    let told = |item: &FeedItem| item.as_ref().err().map(|row| (row.line, row.field.clone()));
    let told: Vec<_> = items.iter().filter_map(told).collect();
    let name = "name".to_owned();
    assert_eq!(told, [(4, name.clone()), (7, name)]);
    assert_eq!(items[2].as_ref().map(|row| &*row.brand), Ok(""));
    assert_eq!(items[3].as_ref().map(|row| &*row.name), Ok("c"), "the first of two counts");
    assert_eq!(items[5].as_ref().map(|row| (row.line, &*row.name)), Ok((8, "e")));
}

#[tokio::test]
async fn items_before_an_error_in_the_document_are_read_and_its_line_is_named() {
    for (fault, said) in [
        ("<item><title>b</item>", "`</title>`"),
        ("<item><title>b</title>", "open elements"),
        ("<item><title>b</ti", "not closed"),
        ("<item><!-- ", "not closed"),
        ("</item>", "`</rss>`"),
    ] {
        let text = format!("<rss>\n<item><title>a</title></item>\n{fault}");
        let bytes = std::io::Cursor::new(text.into_bytes());
        let mut feed = RowFeed::start(&Options::default(), bytes);
        assert_eq!(feed.next_rows().await.unwrap().unwrap().len(), 1);
        let error = feed.next_rows().await.unwrap_err().report();
        assert!(error.contains("line 3") && error.contains(said), "{fault}: {error}");
    }
}

#[tokio::test]
async fn a_declared_encoding_is_decoded() {
    let text = b"<?xml version='1.0' encoding='ISO-8859-1'?><rss><item><title>Caf\xe9</title></item></rss>";
    let items = read(text.as_slice()).await.unwrap();
    assert_eq!(items[0].as_ref().unwrap().name, "Café");
    let unknown = error_of(b"<?xml version=\"1.0\" encoding=\"martian\"?><rss/>").await;
    assert!(unknown.contains("\"martian\""), "{unknown}");
    let wrong =
        error_of(b"<rss>\n<item><title>Caf\xe9 \xc3\xa9\xc3\xa9</title></item></rss>").await;
    assert!(wrong.contains("line 2") && wrong.contains("declare its encoding"), "{wrong}");
}

#[tokio::test]
async fn entities_that_a_document_defines_are_not_expanded() {
    let text = "<!DOCTYPE rss [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">\
                <!ENTITY file SYSTEM \"file:///etc/passwd\">]>\
                <rss><item><title>&b;</title></item><item><title>&file;</title></item></rss>";
    for item in items_of(text).await {
        let refused = item.unwrap_err();
        assert!(refused.reason.contains("not an entity"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_deep_or_endless_document_is_refused_with_its_line() {
    let deep = format!("<rss>\n{}", "<a>".repeat(100_000));
    assert!(error_of(deep.as_bytes()).await.contains("more than 256 nested elements"));
    for (begin, fill) in [
        ("<rss>\n<item>", "x"),
        ("<rss>\n<a ", "x"),
        ("<rss>\n<!--", "-"),
        ("<rss>\n<![CDATA[", "]"),
    ] {
        let error = error_of(format!("{begin}{}", fill.repeat(20 << 20)).as_bytes()).await;
        assert!(error.contains("line 2") && error.contains("8 MiB"), "{begin}: {error}");
    }
}

#[tokio::test]
async fn an_html_page_and_another_document_are_refused_by_name() {
    let error = error_of(b"<!DOCTYPE html>\n<html><body>Not found</body></html>").await;
    assert!(error.contains("an HTML page"), "{error}");
    let error = error_of(b"<?xml version=\"1.0\"?>\n<shop><item/></shop>").await;
    assert!(error.contains("<shop>") && error.contains("<rss> or <feed>"), "{error}");
    assert!(error_of(b"<rss></rss><rss></rss>").await.contains("found <rss> where"));
}

use crate::support::{Answer, Shop};
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use tower::ServiceExt;

/// Requests a file of the page with headers.
async fn get(shop: &Shop, path: &str, headers: &[(header::HeaderName, &str)]) -> Response<Body> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    shop.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

fn header_of(response: &Response<Body>, name: header::HeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// Returns the paths of the scripts and styles of the page.
fn assets(page: &Answer) -> Vec<String> {
    let is_asset = |part: &&str| part.starts_with("/assets/") && extension(part) != "svg";
    let parts = page.text.split('"').filter(is_asset);
    parts.map(str::to_owned).collect()
}

#[tokio::test]
async fn every_view_is_the_page_which_loads_from_the_server_only() {
    let shop = Shop::open().await;
    let page = shop.get("/").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "no-cache");
    assert!(!page.text.contains("src=\"http") && !page.text.contains("href=\"http"));
    assert!(!page.text.contains("<style") && !page.text.contains("<script>"), "nothing is inline");
    for view in
        ["/products/PH-1", "/products/a%2Fb", "/compare", "/judge?q=lamp", "/status", "/docs"]
    {
        assert_eq!(shop.get(view).await.text, page.text, "{view}");
    }
    let assets = assets(&page);
    assert!(assets.len() >= 2, "{assets:?}");
    for asset in assets {
        let answer = shop.get(&asset).await;
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        let expected = if extension(&asset) == "js" { "text/javascript" } else { "text/css" };
        assert_eq!(answer.header("content-type"), format!("{expected}; charset=utf-8"), "{asset}");
        assert!(answer.text.len() > 100, "{asset}");
    }
}

#[tokio::test]
async fn the_smallest_form_that_a_client_accepts_is_sent() {
    let shop = Shop::open().await;
    let page = shop.get("/").await;
    for path in assets(&page).iter().map(String::as_str).chain(["/"]) {
        let mut lengths = Vec::new();
        for (accepted, encoding) in
            [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("identity", "")]
        {
            let response = get(&shop, path, &[(header::ACCEPT_ENCODING, accepted)]).await;
            assert_eq!(header_of(&response, header::CONTENT_ENCODING), encoding, "{path}");
            assert_eq!(header_of(&response, header::VARY), "accept-encoding", "{path}");
            lengths.push(to_bytes(response.into_body(), usize::MAX).await.unwrap().len());
        }
        assert!(lengths.is_sorted() && lengths[0] * 10 < lengths[2] * 7, "{path}: {lengths:?}");
    }
}

#[tokio::test]
async fn the_first_load_is_small() {
    let shop = Shop::open().await;
    let page = shop.get("/").await;
    let mut total = 0;
    for path in assets(&page).iter().map(String::as_str).chain(["/"]) {
        let response = get(&shop, path, &[(header::ACCEPT_ENCODING, "gzip")]).await;
        total += to_bytes(response.into_body(), usize::MAX).await.unwrap().len();
    }
    assert!(total < 150_000, "{total} bytes");
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again() {
    let shop = Shop::open().await;
    for accepted in ["br", "identity"] {
        let accepted = (header::ACCEPT_ENCODING, accepted);
        let first = get(&shop, "/", std::slice::from_ref(&accepted)).await;
        let tag = header_of(&first, header::ETAG).to_owned();
        assert!(tag.len() > 10 && tag.starts_with('"'));
        let again = get(&shop, "/", &[accepted.clone(), (header::IF_NONE_MATCH, &tag)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert!(to_bytes(again.into_body(), usize::MAX).await.unwrap().is_empty());
        let other = get(&shop, "/", &[accepted, (header::IF_NONE_MATCH, "\"other\"")]).await;
        assert_eq!(other.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn nothing_but_the_files_of_the_page_is_served() {
    let shop = Shop::open().await;
    let page = shop.get("/").await;
    let compressed = format!("{}.br", assets(&page)[0]);
    for path in [
        "/index.html",
        "/assets/none.js",
        "/assets/..%2Findex.html",
        "/assets/%ff.js",
        "/assets/",
        &compressed,
    ] {
        let answer = shop.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.problem().0, "NOT_FOUND");
    }
}

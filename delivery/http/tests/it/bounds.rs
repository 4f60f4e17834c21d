//! Rules of every route: size limits, error envelopes, request ids, headers.

use crate::support::{Shop, request};
use akin_memory::MemoryEmbedder;
use akin_ports::{EmbeddedBatch, Embedder, PortResult};
use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use std::sync::Arc;

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_as_a_problem() {
    let shop = Shop::open().await;
    for route in ["/api/similar_products", "/api/search"] {
        let largest = format!("{{\"query\": \"lamp\"{}}}", " ".repeat(akin_http::MAX_BODY - 17));
        assert_eq!(largest.len(), akin_http::MAX_BODY);
        assert!(shop.post(route, largest.clone()).await.status.is_success());
        let answer = shop.post(route, largest + " ").await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        let (code, message) = match route {
            "/api/search" => answer.problem(),
            _ => answer.envelope(),
        };
        assert_eq!(code, "INVALID_REQUEST_BODY");
        assert_eq!(message, "the body is larger than 65536 bytes");
    }
}

#[tokio::test]
async fn a_body_of_another_content_type_is_refused_as_a_problem() {
    let shop = Shop::open().await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let mut request = request(Method::POST, "/api/search", r#"{"query": "lamp"}"#);
        request.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        let answer = shop.send(request).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{content_type}");
        assert!(answer.problem().1.contains("Content-Type: application/json"));
    }
    let mut request = request(Method::POST, "/api/search", r#"{"query": "lamp"}"#);
    let utf_8 = "application/json; charset=utf-8".parse().unwrap();
    request.headers_mut().insert(header::CONTENT_TYPE, utf_8);
    assert_eq!(shop.send(request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_compressed_body_is_refused_by_name() {
    let shop = Shop::open().await;
    for (encoding, status) in [
        ("gzip", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("identity, br", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("Identity", StatusCode::OK),
    ] {
        let mut request = request(Method::POST, "/api/search", r#"{"query": "lamp"}"#);
        request.headers_mut().insert(header::CONTENT_ENCODING, encoding.parse().unwrap());
        let answer = shop.send(request).await;
        assert_eq!(answer.status, status, "{encoding}");
        if status != StatusCode::OK {
            let (code, message) = answer.problem();
            assert_eq!(code, "INVALID_REQUEST_BODY");
            assert!(message.contains(&format!("Content-Encoding {encoding:?}")), "{message}");
        }
    }
}

#[tokio::test]
async fn a_field_that_is_given_twice_is_named() {
    let shop = Shop::open().await;
    for (body, field) in [
        (r#"{"query": "a", "query": "b"}"#, "query"),
        (r#"{"query": "a", "filters": {"brand": [], "brand": []}}"#, "brand"),
    ] {
        let answer = shop.post("/api/search", body).await;
        assert_eq!(answer.problem().1, format!("duplicate field `{field}`"));
    }
}

#[tokio::test]
async fn unknown_routes_and_methods_are_refused_as_a_problem() {
    let shop = Shop::open().await;
    for path in
        ["/api", "/api/", "/api/serach", "/images/a.svg", "/../etc/passwd", "/api/products/"]
    {
        let answer = shop.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.problem(), ("NOT_FOUND".to_owned(), "no such route".to_owned()));
    }
    for (method, path, allowed) in [
        (Method::DELETE, "/api/search", "GET,HEAD,POST"),
        (Method::OPTIONS, "/api/search", "GET,HEAD,POST"),
        (Method::PATCH, "/api/products/PH-1", "GET,HEAD"),
        (Method::POST, "/", "GET,HEAD"),
    ] {
        let answer = shop.send(request(method, path, "")).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(answer.problem().0, "METHOD_NOT_ALLOWED");
        assert_eq!(answer.header("allow"), allowed, "{path}");
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let shop = Shop::open().await;
    for path in ["/", "/api/health_status", "/api/search?q=lamp", "/api/products/PH-1"] {
        let answer = shop.send(request(Method::HEAD, path, "")).await;
        assert_eq!((answer.status, &*answer.text), (StatusCode::OK, ""), "{path}");
    }
}

#[tokio::test]
async fn a_request_keeps_its_id_or_is_given_one() {
    let shop = Shop::open().await;
    let send_with_id = async |id: Option<&[u8]>| {
        let mut request = Request::get("/api/health_status");
        if let Some(id) = id {
            request = request.header("x-request-id", id);
        }
        let answer = shop.send(request.body(Body::empty()).unwrap()).await;
        answer.header("x-request-id").to_owned()
    };
    assert_eq!(send_with_id(Some(b"shop-1.A_b:9")).await, "shop-1.A_b:9");
    let (first, second) = (send_with_id(None).await, send_with_id(None).await);
    assert!(first.len() >= 17 && first != second);
    let long = [b'x'; 65];
    for hostile in [&b""[..], b"a b", b"a\tb", b"<script>", b"\"", b"\xff", b"{\"a\":1}", &long] {
        let id = send_with_id(Some(hostile)).await;
        assert_ne!(id.as_bytes(), hostile);
        assert_eq!(id.len(), first.len());
    }
}

#[tokio::test]
async fn every_response_has_the_security_headers_and_allows_no_other_origin() {
    let shop = Shop::open().await;
    for path in ["/", "/compare", "/api/search?q=lamp", "/api/none", "/api/search"] {
        let mut request = request(Method::GET, path, "");
        request.headers_mut().insert(header::ORIGIN, "https://elsewhere.example".parse().unwrap());
        let answer = shop.send(request).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe-eval") && !policy.contains("script-src 'unsafe"));
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
}

#[tokio::test]
async fn images_are_served_from_their_folder_only() {
    let mut shop = Shop::open().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("images")).unwrap();
    std::fs::write(folder.path().join("images/a.svg"), "<svg/>").unwrap();
    std::fs::write(folder.path().join("secret"), "secret").unwrap();
    shop.api.images = Some(folder.path().join("images"));
    let image = shop.get("/images/a.svg").await;
    assert_eq!((image.status, &*image.text), (StatusCode::OK, "<svg/>"));
    assert_eq!(image.header("content-type"), "image/svg+xml");
    assert!(image.header("content-security-policy").contains("sandbox"));
    for path in
        ["/images/b.svg", "/images/", "/images/../secret", "/images/..%2Fsecret", "/images/%00"]
    {
        let answer = shop.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.problem().0, "NOT_FOUND");
    }
    let answer = shop.post("/images/a.svg", "").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.problem().0, "METHOD_NOT_ALLOWED");
}

#[cfg(unix)]
#[tokio::test]
async fn hidden_files_other_types_and_links_out_of_the_folder_are_not_served_as_images() {
    use std::os::unix::fs::symlink;
    let mut shop = Shop::open().await;
    let folder = tempfile::tempdir().unwrap();
    let (images, outside) = (folder.path().join("images"), folder.path().join("outside"));
    for new in [images.join("deep"), images.join(".git"), outside.clone()] {
        std::fs::create_dir_all(new).unwrap();
    }
    for file in
        ["a.png", "B.JPG", "deep/c.webp", ".hidden.png", ".git/d.png", "notes.txt", "e", ".png"]
    {
        std::fs::write(images.join(file), "bytes").unwrap();
    }
    std::fs::write(outside.join("f.png"), "secret").unwrap();
    symlink(outside.join("f.png"), images.join("link.png")).unwrap();
    symlink(&outside, images.join("linked")).unwrap();
    symlink("notes.txt", images.join("text.png")).unwrap();
    symlink(".hidden.png", images.join("seen.png")).unwrap();
    symlink("a.png", images.join("inside.png")).unwrap();
    std::fs::create_dir(images.join("folder.png")).unwrap();
    shop.api.images = Some(images);
    for path in ["a.png", "B.JPG", "deep/c.webp", "inside.png", "deep%2Fc.webp"] {
        let image = shop.get(&format!("/images/{path}")).await;
        assert_eq!((image.status, &*image.text), (StatusCode::OK, "bytes"), "{path}");
        assert_eq!(image.header("x-content-type-options"), "nosniff");
        assert!(image.header("content-type").starts_with("image/"), "{path}");
    }
    for path in [
        ".hidden.png",
        "%2ehidden.png",
        ".git/d.png",
        "notes.txt",
        "e",
        ".png",
        "link.png",
        "linked/f.png",
        "text.png",
        "seen.png",
        "folder.png",
        "deep",
        "deep/",
        "deep//c.webp",
        "deep/../a.png",
        "deep/%2e%2e/a.png",
        "..%2foutside%2ff.png",
        "deep%5c..%5ca.png",
        "a.png%00",
        "a.png%00.png",
        "%2fetc/passwd",
        "/a.png",
        "a.png/",
        "%ff.png",
    ] {
        let answer = shop.get(&format!("/images/{path}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.problem().0, "NOT_FOUND", "{path}");
        assert!(!answer.text.contains("secret") && answer.text != "bytes", "{path}");
    }
}

#[tokio::test]
async fn an_image_that_cannot_be_looked_for_is_unavailable_and_not_missing() {
    let mut shop = Shop::open().await;
    let folder = tempfile::tempdir().unwrap();
    shop.api.images = Some(folder.path().join("images"));
    let answer = shop.get("/images/a.svg").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.problem().0, "IMAGE_UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), "1");
}

/// An embedder that never answers, or panics.
#[derive(Debug)]
struct BrokenEmbedder {
    inner: MemoryEmbedder,
    panics: bool,
}

#[async_trait]
impl Embedder for BrokenEmbedder {
    async fn embed(&self, _: &[String]) -> PortResult<EmbeddedBatch> {
        assert!(!self.panics, "secret of the model");
        std::future::pending().await
    }

    fn fingerprint(&self) -> &akin_entities::Fingerprint {
        self.inner.fingerprint()
    }

    fn token_limit(&self) -> usize {
        self.inner.token_limit()
    }
}

async fn shop_with_broken_embedder(panics: bool) -> Shop {
    Shop::with_embedder(Arc::new(BrokenEmbedder { inner: MemoryEmbedder::default(), panics })).await
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_times_out_as_a_problem() {
    let answer = shop_with_broken_embedder(false).await.get("/api/search?q=lamp").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.problem().0, "TIMED_OUT");
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn a_panic_is_answered_as_a_problem_without_its_message() {
    let answer = shop_with_broken_embedder(true).await.get("/api/search?q=lamp").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.problem().0, "UNK");
    assert!(!answer.text.contains("secret"));
    assert_ne!(answer.header("x-request-id"), "");
}

//! The memory of answers that clients have not read.

use crate::support::{INGESTED, Shop, request};
use akin_entities::{Product, ProductId, Version};
use akin_http::{AnswerBudget, ConnectionLimits};
use axum::body::to_bytes;
use axum::http::{Method, StatusCode};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

/// The paths of requests whose answers contain the product `PH-1`, which [`shop`] makes large.
const LARGE: [&str; 3] =
    ["/api/products/PH-1", "/api/search?q=steady+phone+tripod", "/api/products/PH-2/similar"];

/// A shop with a budget for one of its large answers, whose product has a description of `size` bytes.
async fn shop(size: usize) -> Shop {
    let mut shop = Shop::open().await;
    let product = Product {
        description: "x".repeat(size),
        ..Product::new(ProductId::new("PH-1").unwrap(), "steady phone tripod")
    };
    let store = &shop.api.engines.default.search.store;
    store.apply(&[product], Version(INGESTED.0 + 1)).await.unwrap();
    shop.api.answers = AnswerBudget::new(size * 3 / 2);
    shop
}

#[tokio::test]
async fn a_large_answer_is_refused_while_others_take_the_memory_and_small_ones_are_not() {
    let shop = shop(200_000).await;
    let router = shop.router();
    for path in LARGE {
        let unread = router.clone().oneshot(request(Method::GET, path, "")).await.unwrap();
        assert_eq!(unread.status(), StatusCode::OK, "{path}");
        for refused in LARGE {
            let answer = router.clone().oneshot(request(Method::GET, refused, "")).await.unwrap();
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}, {refused}");
            assert_eq!(answer.headers()["retry-after"], "1");
            let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
            assert!(str::from_utf8(&body).unwrap().contains("OVERLOADED"));
        }
        for small in ["/api/products/PH-2", "/api/search?q=desk+lamp&mode=lexical"] {
            assert_eq!(shop.get(small).await.status, StatusCode::OK, "{small}");
        }
        let body = to_bytes(unread.into_body(), usize::MAX).await.unwrap();
        assert!(body.len() > 200_000);
    }
}

async fn send(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Reads the beginning of a response.
async fn status(stream: &mut TcpStream) -> String {
    let mut line = [0; 12];
    stream.read_exact(&mut line).await.unwrap();
    String::from_utf8(line.to_vec()).unwrap()
}

#[tokio::test]
async fn the_memory_of_an_answer_is_free_when_its_client_has_read_it_or_is_gone() {
    let shop = shop(40_000_000).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = ConnectionLimits::default();
    tokio::spawn(akin_http::serve(listener, shop.router(), limits, std::future::pending()));
    for reads in [true, false] {
        let mut first = send(address, LARGE[0]).await;
        assert_eq!(status(&mut first).await, "HTTP/1.1 200");
        let mut second = send(address, LARGE[1]).await;
        assert_eq!(status(&mut second).await, "HTTP/1.1 503");
        if reads {
            assert!(first.read_to_end(&mut Vec::new()).await.unwrap() > 40_000_000);
        }
        drop(first);
        while status(&mut send(address, LARGE[1]).await).await != "HTTP/1.1 200" {}
    }
}

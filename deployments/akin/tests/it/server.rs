//! `akin serve` as a process, with the real model and the embedded engine.

use crate::support::server::Server;
use crate::support::{FEED, Sandbox, rows, send_signal};
use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

#[test]
#[ignore = "needs the model: make model"]
fn existing_clients_get_the_responses_they_expect() {
    let sandbox = Sandbox::ingested();
    let server = Server::start(&sandbox, &[("SEARCH_DEFAULT_LIMIT", "2")]);
    let health = server.get("/api/health_status");
    assert_eq!(health["message"], "Health status OK");
    let body = r#"{"query": "phone tripod", "threshold": null}"#;
    let (head, body) = server.request(&format!(
        "POST /api/similar_products HTTP/1.1\r\nhost: akin\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert!(head.starts_with("HTTP/1.1 201 Created\r\n"), "{head}");
    assert!(body.starts_with(r#"{"message":"Query Similar Products successful","data":{"similar_products":[{"product_id":"PH-"#), "{body}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["data"]["similar_products"].as_array().unwrap().len(), 2);
    assert_eq!(server.get("/api/search?q=desk+lamp")["hits"][0]["product"]["product_id"], "HO-1");
    assert_eq!(server.get("/api/products/HO-1/similar")["hits"].as_array().unwrap().len(), 3);
}

#[test]
fn a_server_that_cannot_listen_leaves_no_catalogue_behind() {
    let sandbox = Sandbox::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let refused = sandbox.run(&format!("serve --listen {address}")).fails_with(1);
    let expected = format!("cannot listen on {address}; choose another address with --listen");
    assert!(refused.stderr.contains(&expected), "{refused}");
    assert!(!sandbox.path("data").exists());
}

#[test]
#[ignore = "needs the model: make model"]
fn a_server_under_load_finds_products_that_another_process_ingests() {
    let sandbox = Sandbox::ingested();
    let server = Server::start(&sandbox, &[]);
    sandbox.write("garden.csv", rows(300, "GA", "Garden chair"));
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let (server, is_over) = (&server, &is_over);
        let clients: Vec<_> = (0..3)
            .map(|client| {
                scope.spawn(move || {
                    let mut asked = 0;
                    while !is_over.load(Ordering::Relaxed) {
                        let path = format!(
                            "/api/search?q=lamp+{client}+{asked}&mode=semantic&threshold=-1"
                        );
                        let total = server.get(&path)["total"].as_u64().unwrap();
                        assert!(total >= 4, "what was there is still there");
                        asked += 1;
                    }
                    asked
                })
            })
            .collect();
        sandbox.run("ingest garden.csv").succeeds();
        // What another process wrote shows within moments, and without a restart.
        let began = Instant::now();
        while server.get("/api/search?q=garden+chair&mode=lexical")["total"] != 300 {
            assert!(began.elapsed() < Duration::from_secs(10), "the server does not see it");
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(clients.into_iter().all(|client| client.join().unwrap() > 0));
    });
    let status = server.get("/api/status");
    assert_eq!((&status["indexed"], &status["queue"]["dead"]), (&304.into(), &0.into()));
    assert_eq!(status["runs"][0]["counts"]["embedded"], 300);
    let (_, metrics) =
        server.request("GET /metrics HTTP/1.1\r\nhost: akin\r\nconnection: close\r\n\r\n");
    for said in ["akin_products 304\n", "akin_indexed{engine=\"local+native\"} 304\n"] {
        assert!(metrics.contains(said), "{metrics}");
    }
    assert!(metrics.contains("akin_last_run_rows{outcome=\"embedded\"} 300\n"), "{metrics}");
    sandbox.write("feed.csv", FEED.replace("Desk lamp", "Desk lantern"));
    sandbox.run("ingest feed.csv").succeeds();
    let renamed = server.get("/api/search?q=lantern&mode=lexical");
    assert_eq!(renamed["hits"][0]["product"]["name"], "Desk lantern");
}

#[test]
#[ignore = "needs the model: make model"]
fn an_empty_store_is_served_with_a_hint_how_to_fill_it() {
    let sandbox = Sandbox::new();
    let mut server = Server::start(&sandbox, &[("LOG_LEVEL", "info")]);
    let nothing = server.get("/api/search?q=lamp");
    assert_eq!((&nothing["total"], &nothing["good"]), (&0.into(), &false.into()));
    sandbox.run("ingest feed.csv").succeeds();
    assert_eq!(server.get("/api/search?q=lamp")["hits"][0]["product"]["product_id"], "HO-2");
    send_signal("INT", &server.process);
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
    let log = server.remaining_log();
    assert!(log.contains("`akin ingest FEED`"), "{log}");
    assert!(log.contains("answered method=GET route=\"/api/search\" status=200"), "{log}");
}

#[test]
#[ignore = "needs the model: make model"]
fn a_stopped_server_ends_cleanly_and_has_logged_every_request() {
    let variables = [("LOG_LEVEL", "info"), ("LOG_JSON", "1")];
    let sandbox = Sandbox::ingested();
    let mut server = Server::start(&sandbox, &variables);
    let ask = |path: &str, id: &str| {
        let id = if id.is_empty() { String::new() } else { format!("x-request-id: {id}\r\n") };
        let (head, _) = server.request(&format!(
            "GET {path} HTTP/1.1\r\nhost: akin\r\n{id}connection: close\r\n\r\n"
        ));
        let id = head.lines().find_map(|line| line.strip_prefix("x-request-id: "));
        id.expect("an id").to_owned()
    };
    let given = ask("/api/search?q=lamp", "mine-1");
    let made = ask("/api/products/none", "");
    assert_eq!(given, "mine-1");
    send_signal("TERM", &server.process);
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
    let log = server.remaining_log();
    let lines = log.lines().filter(|line| line.starts_with('{'));
    let lines: Vec<serde_json::Value> = lines.map(|it| serde_json::from_str(it).unwrap()).collect();
    let of = |id: &str| lines.iter().find(|line| line["span"]["id"] == id).expect(id);
    assert_eq!((&of(&given)["status"], &of(&given)["route"]), (&200.into(), &"/api/search".into()));
    assert_eq!((&of(&made)["status"], &of(&made)["level"]), (&404.into(), &"INFO".into()));
    let ids: HashSet<_> = lines.iter().map(|line| line["span"]["id"].as_str()).collect();
    assert_eq!(ids.len(), lines.len(), "{log}");
    assert!(log.ends_with("stopping\n") || log.contains("stopping"), "{log}");
}

#[test]
#[ignore = "needs the model: make model"]
fn a_port_in_use_is_reported() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let outcome = Sandbox::new().run(&format!("serve --listen {address}")).fails_with(1);
    assert!(
        outcome.stderr.contains(&format!("cannot listen on {address}; choose another")),
        "{outcome}"
    );
}

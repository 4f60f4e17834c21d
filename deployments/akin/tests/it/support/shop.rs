use super::server::Server;
use super::{Outcome, Place};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A place whose `akin` knows a real server.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) place: Place,
    settings: Vec<(&'static str, String)>,
}

/// Where the server listens whose address `make test` leaves in `variable`.
pub(crate) fn url(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: run `make test`, or see `make services`")
    })
}

/// A number that no other shop of this process has.
pub(crate) fn number() -> u32 {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

impl Shop {
    /// A place with these variables in the environment of each `akin`.
    pub(crate) fn with(settings: Vec<(&'static str, String)>) -> Self {
        Self { place: Place::new(), settings }
    }

    /// A shop with tables of its own on the real server.
    pub(crate) fn in_postgres() -> Self {
        let url = url("AKIN_TEST_POSTGRES");
        let (user, rest) = url.trim_start_matches("postgres://").split_once('@').expect("a user");
        let (address, database) = rest.split_once('/').expect("a database");
        let (host, port) = address.split_once(':').expect("a port");
        let name = format!("akin_{}_{}", std::process::id(), number());
        Self::with(vec![
            ("POSTGRES_HOST", host.to_owned()),
            ("POSTGRES_PORT", port.to_owned()),
            ("POSTGRES_USER", user.to_owned()),
            ("POSTGRES_DB", database.to_owned()),
            ("POSTGRES_SSLMODE", "disable".to_owned()),
            ("POSTGRES_RAW_PRODUCT_TABLE_NAME", format!("{name}_raw")),
            ("POSTGRES_EMBEDDED_PRODUCT_TABLE_NAME", format!("{name}_embedded")),
        ])
    }

    /// The same one, with an index of its own on the real server.
    #[must_use]
    pub(crate) fn with_opensearch(self) -> Self {
        let name = format!("akin-{}-{}", std::process::id(), number());
        self.and("OPENSEARCH_ENDPOINT", &url("AKIN_TEST_OPENSEARCH"))
            .and("OPENSEARCH_INDEX_NAME", &name)
    }

    /// The same one, with this variable.
    #[must_use]
    pub(crate) fn and(mut self, name: &'static str, value: &str) -> Self {
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.to_owned()));
        self
    }

    /// The settings of servers, as flags.
    pub(crate) fn flags(&self) -> Vec<String> {
        let of_servers = self.settings.iter().filter(|(name, _)| !name.starts_with("AKIN_"));
        let flag = |name: &str| name.to_lowercase().replace('_', "-");
        of_servers.map(|(name, value)| format!("--{}={value}", flag(name))).collect()
    }

    /// What the variable `name` is set to.
    pub(crate) fn setting(&self, name: &str) -> &str {
        let setting = self.settings.iter().find(|(known, _)| *known == name);
        setting.map_or_else(|| panic!("{name} is not set"), |(_, value)| &**value)
    }

    pub(crate) fn akin(&self, words: &str) -> Command {
        let mut command = self.place.akin(words);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run(&self, words: &str) -> Outcome {
        self.akin(words).output().unwrap().into()
    }

    pub(crate) fn json(&self, words: &str) -> Value {
        self.run(&format!("{words} --json")).succeeds().json()
    }

    /// Serves two engines, each of which must answer as the other does; returns the server.
    pub(crate) fn answers_alike(&self, engines: &str) -> Server {
        let server = Server::of(self.akin(&format!("serve --listen 127.0.0.1:0 {engines}")));
        for mode in ["hybrid", "semantic", "lexical"] {
            let asked = json!({"query": "steady phone tripod", "mode": mode});
            let compared = server.post("/api/compare", &asked);
            assert_eq!(compared["overlap"], 1.0, "{compared}");
            let ranks = compared["ranks"].as_array().unwrap();
            assert!(ranks.iter().all(|one| one["rose"] == 0), "{compared}");
        }
        server
    }

    /// What is asked for comes first from `engine`, in every mode.
    pub(crate) fn finds_the_tripod(&self, engine: &str) {
        for mode in ["hybrid", "semantic", "lexical"] {
            let words = format!("search --engine {engine} --mode {mode} steady phone tripod");
            let found = self.json(&words);
            assert_eq!(found["hits"][0]["product"]["product_id"], "PH-1", "{mode}");
            assert_eq!(found["engine"], format!("{engine}+native"));
        }
    }
}

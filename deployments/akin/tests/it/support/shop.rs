//! A sandbox with the settings of real servers.

use super::server::Server;
use super::{Outcome, Sandbox};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A sandbox whose `akin` runs with the settings of real servers.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) sandbox: Sandbox,
    variables: Vec<(&'static str, String)>,
}

/// Returns the address of a server, which `make test` sets in `variable`.
pub(crate) fn url(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: run `make test`, or see `make services`")
    })
}

/// Returns a number that is unique in this process.
pub(crate) fn unique_number() -> u32 {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

impl Shop {
    /// Creates a shop that uses the embedded engine and no server.
    pub(crate) fn local() -> Self {
        Self { sandbox: Sandbox::new(), variables: Vec::new() }
    }

    /// Creates a shop with its own tables in Postgres.
    pub(crate) fn in_postgres() -> Self {
        let url = url("AKIN_TEST_POSTGRES");
        let (user, rest) = url.trim_start_matches("postgres://").split_once('@').expect("a user");
        let (user, password) = user.split_once(':').expect("a password");
        let (address, database) = rest.split_once('/').expect("a database");
        let (host, port) = address.split_once(':').expect("a port");
        let name = format!("akin_{}_{}", std::process::id(), unique_number());
        let variables = vec![
            ("POSTGRES_HOST", host.to_owned()),
            ("POSTGRES_PORT", port.to_owned()),
            ("POSTGRES_USER", user.to_owned()),
            ("POSTGRES_PASSWORD", password.to_owned()),
            ("POSTGRES_DB", database.to_owned()),
            ("POSTGRES_SSLMODE", "disable".to_owned()),
            ("POSTGRES_RAW_PRODUCT_TABLE_NAME", format!("{name}_raw")),
            ("POSTGRES_EMBEDDED_PRODUCT_TABLE_NAME", format!("{name}_embedded")),
        ];
        Self { sandbox: Sandbox::new(), variables }
    }

    /// Adds an own index in OpenSearch.
    #[must_use]
    pub(crate) fn with_opensearch(self) -> Self {
        let name = format!("akin-{}-{}", std::process::id(), unique_number());
        self.with_variable("OPENSEARCH_ENDPOINT", &url("AKIN_TEST_OPENSEARCH"))
            .with_variable("OPENSEARCH_INDEX_NAME", &name)
    }

    /// Sets an environment variable of every `akin`.
    #[must_use]
    pub(crate) fn with_variable(mut self, name: &'static str, value: &str) -> Self {
        self.set_variable(name, value);
        self
    }

    pub(crate) fn set_variable(&mut self, name: &'static str, value: &str) {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.to_owned()));
    }

    /// Returns the variables of every `akin`.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.variables.iter().map(|(name, value)| (*name, &**value))
    }

    /// Returns the settings of the servers as flags.
    pub(crate) fn flags(&self) -> Vec<String> {
        let servers = self.variables.iter().filter(|(name, _)| !name.starts_with("AKIN_"));
        let flag = |name: &str| name.to_lowercase().replace('_', "-");
        servers.map(|(name, value)| format!("--{}={value}", flag(name))).collect()
    }

    /// Returns the value of the variable `name`.
    pub(crate) fn setting(&self, name: &str) -> &str {
        let variable = self.variables.iter().find(|(known, _)| *known == name);
        variable.map_or_else(|| panic!("{name} is not set"), |(_, value)| &**value)
    }

    pub(crate) fn akin(&self, arguments: &str) -> Command {
        let mut command = self.sandbox.akin(arguments);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Outcome {
        self.akin(arguments).output().unwrap().into()
    }

    pub(crate) fn json(&self, arguments: &str) -> Value {
        self.run(&format!("{arguments} --json")).succeeds().json()
    }

    /// Starts a server with two engines, and asserts that both rank alike in every mode.
    pub(crate) fn serves_equal_rankings(&self, engines: &str) -> Server {
        let server = Server::spawn(self.akin(&format!("serve --listen 127.0.0.1:0 {engines}")));
        for mode in ["hybrid", "semantic", "lexical"] {
            let request = json!({"query": "steady phone tripod", "mode": mode});
            let compared = server.post("/api/compare", &request);
            assert_eq!(compared["overlap"], 1.0, "{compared}");
            let ranks = compared["ranks"].as_array().unwrap();
            assert!(ranks.iter().all(|one| one["rose"] == 0), "{compared}");
        }
        server
    }

    /// Asserts that searches of `engine` in another language are refused until a migration to it.
    pub(crate) fn needs_a_migration_for_german(&self, engine: &str) {
        let search = format!("search --mode lexical --engine {engine} --language");
        for command in [
            &*format!("{search} german Stativ"),
            &format!("worker --once --engine {engine} --language de"),
        ] {
            let refused = self.run(command).fails_with(2).stderr;
            let remedy = format!("run `akin migrate --engine {engine}`");
            assert!(
                refused.contains("analyzed as english") && refused.contains(&remedy),
                "{refused}"
            );
        }
        let migrated = self.json(&format!("migrate --engine {engine} --language de"));
        assert_eq!(migrated["analyzed"], json!([{"index": engine, "products": 4}]));
        let again = self.json(&format!("migrate --engine {engine} --language de"));
        assert_eq!(again["analyzed"], json!([]));
        let found = self.json(&format!("{search} de tripod"));
        assert_eq!(found["hits"][0]["product"]["product_id"], "PH-1");
        assert!(self.run(&format!("{search} en tripod")).fails_with(2).stderr.contains("german"));
        let status = self.json(&format!("ingest --engine {engine} --language de feed.csv"));
        assert_eq!(status["embedded"], 0, "embeddings stay");
    }

    /// Asserts that `engine` ranks the tripod first in every mode.
    pub(crate) fn finds_the_tripod(&self, engine: &str) {
        for mode in ["hybrid", "semantic", "lexical"] {
            let arguments = format!("search --engine {engine} --mode {mode} steady phone tripod");
            let found = self.json(&arguments);
            assert_eq!(found["hits"][0]["product"]["product_id"], "PH-1", "{mode}");
            assert_eq!(found["engine"], format!("{engine}+native"));
        }
    }
}

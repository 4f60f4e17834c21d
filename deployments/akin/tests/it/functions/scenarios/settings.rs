//! What is shown of settings and secrets.

use super::{BATCH, Scenarios};
use crate::functions::function::Function;
use crate::functions::pipeline::Pipeline;
use crate::support::shop::{unique_number, url};
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

impl Scenarios {
    pub(crate) fn a_secret_is_rotated(&mut self) {
        let role = format!("akin_rotated_{}_{}", std::process::id(), unique_number());
        let [old, new] = ["Zx8-old-secret", "Zx8-new-secret"];
        sql(&format!("CREATE ROLE {role} LOGIN SUPERUSER PASSWORD '{old}'"));
        let secret = |password: &str, port: u16| {
            json!({
                "engine": "postgres", "host": "127.0.0.1", "port": port.to_string(),
                "readerHost": "127.0.0.1", "readerPort": port, "username": role, "password": password
            })
        };
        let port = self.pipeline.postgres.port;
        self.pipeline.services.set_secret(&secret(old, port));
        let Pipeline { services, ingest, embed, query, .. } = &mut self.pipeline;
        for function in [ingest, embed, query] {
            function.kill();
            for name in ["HOST", "PORT", "USER", "PASSWORD"] {
                function.remove_variable(&format!("POSTGRES_{name}"));
            }
            function.set_variable("POSTGRES_SECRETS_MANAGER_NAME", &services.aws.name);
        }
        self.rename(2, "Pewter tankard");
        self.pipeline.work_off(BATCH);
        self.is_newest("pewter tankard");
        let starts = self.starts();
        sql(&format!("ALTER ROLE {role} PASSWORD '{new}'"));
        self.pipeline.services.set_secret(&secret(new, port));
        sql(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'"
        ));
        self.rename(2, "Crystal tankard");
        self.pipeline.work_off(BATCH);
        self.is_newest("crystal tankard");
        assert_eq!(self.starts(), starts, "no function was started anew");
        self.secrets.extend([old, new].map(str::to_owned));
        self.shown("a rotated secret is read again by the running functions");
    }

    fn starts(&self) -> [u64; 3] {
        let Pipeline { ingest, embed, query, .. } = &self.pipeline;
        [ingest.starts, embed.starts, query.starts]
    }

    pub(crate) fn settings_that_are_missing_or_ignored_are_named(&mut self) {
        let folder = self.pipeline.shop.sandbox.0.path();
        let bare = [("AKIN_COMPLETE", "true"), ("POSTGRES_PORT", "many")];
        let bare = bare.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut function = Function::new("ingest-lambda", folder, bare);
        function.start();
        assert_eq!(function.exit_code(), Some(2));
        let log = function.log();
        for name in [
            "POSTGRES_HOST",
            "POSTGRES_PORT",
            "POSTGRES_USER",
            "POSTGRES_DB",
            "AWS_SQS_SUBSCRIBED_QUEUE_URL",
            "AWS_S3_SAMPLE_DATA_BUCKET_NAME",
            "AWS_S3_SAMPLE_DATA_KEY",
        ] {
            assert!(log.contains(name), "{name}: {log}");
        }
        let query = &mut self.pipeline.query;
        let names = ["LOG_FORMAT", "LOG_SOURCE_EVENT", "TRANSFORMERS_CACHE"];
        for name in names {
            query.set_variable(name, "set");
        }
        let before = query.log().len();
        query.kill();
        query.start();
        assert!(query.is_ready_within(Duration::from_secs(30)), "{}", query.log());
        let log = query.log().split_off(before);
        assert!(names.iter().all(|name| log.matches(name).count() == 1), "{log}");
        self.shown(
            "6 missing settings and an invalid one are named at once, 3 ignored variables once",
        );
    }

    pub(crate) fn secrets_are_in_no_log(&mut self) {
        let logs = self.pipeline.logs();
        assert!(logs.lines().count() > 100, "{logs}");
        for secret in &self.secrets {
            assert!(!logs.contains(secret), "a secret is in a log");
        }
        assert!(!logs.contains("panicked"), "{logs}");
        self.shown(&format!(
            "{} secrets are in none of the {} lines of the logs",
            self.secrets.len(),
            logs.lines().count()
        ));
    }
}

/// Runs a statement in the Postgres of the tests.
fn sql(statement: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/services/postgres.sh");
    let arguments = ["psql", &url("AKIN_TEST_POSTGRES"), "--quiet", "--command", statement];
    let output = Command::new(script).args(arguments).output().expect("psql");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

use super::*;
use clap::Parser;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    settings: Settings,
}

fn settings(arguments: &[&str]) -> Settings {
    Command::try_parse_from([&["akin"], arguments].concat()).unwrap().settings
}

#[test]
fn all_problems_are_reported_at_once() {
    let given = ["--postgres-sslrootcert", "/nowhere.pem", "--postgres-user", " "];
    let problems = settings(&given).problems().join("\n");
    for name in ["POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_DB", "POSTGRES_SSLROOTCERT"] {
        assert!(problems.contains(name), "{problems}");
    }
}

#[test]
fn the_server_is_verified_by_default() {
    assert_eq!(settings(&[]).sslmode, SslMode::VerifyFull);
    assert!(matches!(settings(&[]).ssl_mode(), PgSslMode::VerifyFull));
    let require = settings(&["--postgres-sslmode", "require"]);
    assert!(matches!(require.ssl_mode(), PgSslMode::Require));
    let with_authority = Settings { ssl_root_cert: Some("/ca.pem".into()), ..require };
    assert!(matches!(with_authority.ssl_mode(), PgSslMode::VerifyCa));
    assert!(Command::try_parse_from(["akin", "--postgres-sslmode", "allow"]).is_err());
}

/// Set in the process that [`run_with_variables`] starts.
const IN_CHILD: &str = "AKIN_TEST_STRAY_VARIABLES";

/// Runs the test of this `name` in another process, with all variables of libpq that sqlx knows.
fn run_with_variables(name: &str) {
    const VARIABLES: [&str; 13] = [
        "PGHOST",
        "PGHOSTADDR",
        "PGPORT",
        "PGUSER",
        "PGPASSWORD",
        "PGPASSFILE",
        "PGDATABASE",
        "PGSSLMODE",
        "PGSSLROOTCERT",
        "PGSSLCERT",
        "PGSSLKEY",
        "PGAPPNAME",
        "PGOPTIONS",
    ];
    let mut test = std::process::Command::new(std::env::current_exe().unwrap());
    test.args(["--exact", &format!("settings::tests::{name}")]);
    test.env(IN_CHILD, "1");
    for variable in VARIABLES {
        test.env(variable, if variable == "PGPORT" { "54321" } else { "stray" });
    }
    let output = test.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
}

#[test]
fn variables_of_libpq_reach_no_connection_or_are_refused() {
    if std::env::var(IN_CHILD).is_err() {
        return run_with_variables("variables_of_libpq_reach_no_connection_or_are_refused");
    }
    let given = ["--postgres-host", "db.example", "--postgres-user", "akin", "--postgres-db", "a"];
    let given = settings(&given);
    let options = format!("{:?}", given.connect_options());
    // Certificates and options of a session cannot be taken back.
    let refused = ["PGOPTIONS", "PGSSLCERT", "PGSSLKEY"];
    assert_eq!(options.matches("stray").count(), refused.len(), "{options}");
    assert!(!options.contains("54321"), "{options}");
    let problems = given.problems();
    for (name, problem) in refused.iter().zip(&problems) {
        assert!(problem.contains(name) && problem.contains("unset it"), "{problem}");
    }
    assert_eq!(problems.len(), refused.len(), "{problems:?}");
}

#[test]
fn a_password_is_not_printed() {
    let shown = format!("{:?}", settings(&["--postgres-password", "hunter2"]));
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn an_address_in_place_of_a_host_or_database_is_refused_and_not_printed() {
    for value in [
        "postgres://u:sekrit@h/db",
        "u:sekrit@h",
        "d?password=sekrit",
        "dbname=d password=sekrit",
        "h/sekrit",
    ] {
        for (flag, variable) in
            [("--postgres-host", "POSTGRES_HOST"), ("--postgres-db", "POSTGRES_DB")]
        {
            let problems = settings(&[flag, value]).own_problems();
            let named: Vec<_> = problems.iter().filter(|it| it.contains(variable)).collect();
            assert_eq!(named.len(), 1, "{problems:?}");
            assert!(named[0].contains("/ @ ? ="), "{named:?}");
            assert!(!problems.concat().contains("sekrit"), "{problems:?}");
        }
    }
    let complete = ["--postgres-host", "::1", "--postgres-user", "a", "--postgres-db", "a-b.c d"];
    assert!(settings(&complete).own_problems().is_empty());
}

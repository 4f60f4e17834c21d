//! The settings that a function takes from its surroundings where its own are not set.

use std::ffi::OsString;
use std::path::PathBuf;

/// Whether a function sends changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queue {
    /// It does: without SQS they would be where no other function looks.
    Required,
    /// It does not.
    Optional,
}

/// Looks a variable up; `None` if it is not set, or empty.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Returns arguments for the settings that are not set: the model in the package, the engines whose
/// servers are set, the store in Postgres and the queue in SQS. So a deployment that never heard of engines
/// works, and one that lacks a server's settings is told: what a function writes to its own disk is lost.
pub(crate) fn defaults(queue: Queue, variable: Lookup<'_>) -> Vec<OsString> {
    let mut arguments = Vec::new();
    let mut add = |name: &str, flag: &str, value: Option<OsString>| {
        if let (None, Some(value)) = (variable(name), value) {
            arguments.extend([flag.into(), value]);
        }
    };
    add("AKIN_MODEL", "--model", packed_model(variable));
    add("AKIN_ENGINES", "--engine", Some(engines(variable)));
    add("AKIN_STORE", "--store", Some("postgres".into()));
    let has_queue = variable("AWS_SQS_SUBSCRIBED_QUEUE_URL").is_some();
    add("AKIN_QUEUE", "--queue", (has_queue || queue == Queue::Required).then(|| "sqs".into()));
    arguments
}

/// The variables of which one tells where a server is.
const POSTGRES: [&str; 2] = ["POSTGRES_HOST", "POSTGRES_SECRETS_MANAGER_NAME"];
const OPENSEARCH: [&str; 2] = ["OPENSEARCH_ENDPOINT", "OPENSEARCH_SECRETS_MANAGER_NAME"];

/// Returns the model that is packed with the function, if one is.
fn packed_model(variable: Lookup<'_>) -> Option<OsString> {
    let model = PathBuf::from(variable("LAMBDA_TASK_ROOT")?).join("model");
    model.exists().then(|| model.into())
}

/// Returns the engines whose servers are set, or else the one of Postgres, whose settings every function
/// needs.
fn engines(variable: Lookup<'_>) -> OsString {
    let embedder = match variable("AWS_SAGEMAKER_ENDPOINT_NAME") {
        Some(_) => "+sagemaker",
        None => "",
    };
    let indexes = [("postgres", POSTGRES), ("opensearch", OPENSEARCH)];
    let set = indexes.iter().filter(|(_, names)| is_set(variable, names));
    let engines: Vec<_> = set.map(|(index, _)| format!("{index}{embedder}")).collect();
    if engines.is_empty() { format!("postgres{embedder}").into() } else { engines.join(",").into() }
}

fn is_set(variable: Lookup<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| variable(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults_of(variables: &[(&str, &str)]) -> String {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let arguments: Vec<_> = defaults(Queue::Optional, &lookup);
        arguments.join(" ".as_ref()).into_string().expect("a text")
    }

    #[test]
    fn the_engines_are_those_whose_servers_are_set() {
        for (variables, expected) in [
            (&[][..], "--engine postgres --store postgres"),
            (&[("POSTGRES_HOST", "db")], "--engine postgres --store postgres"),
            (
                &[
                    ("POSTGRES_SECRETS_MANAGER_NAME", "shop_rds_credentials"),
                    ("OPENSEARCH_SECRETS_MANAGER_NAME", "shop_opensearch_credentials"),
                    ("AWS_SAGEMAKER_ENDPOINT_NAME", "embeddings"),
                    ("AWS_SQS_SUBSCRIBED_QUEUE_URL", "https://sqs.example/1/changes"),
                ],
                "--engine postgres+sagemaker,opensearch+sagemaker --store postgres --queue sqs",
            ),
            (
                &[("OPENSEARCH_ENDPOINT", "https://search.example")],
                "--engine opensearch --store postgres",
            ),
        ] {
            assert_eq!(defaults_of(variables), expected, "{variables:?}");
        }
    }

    #[test]
    fn a_function_that_sends_changes_needs_a_queue() {
        let arguments = defaults(Queue::Required, &|_| None);
        assert!(arguments.ends_with(&["--queue".into(), "sqs".into()]), "{arguments:?}");
    }

    #[test]
    fn what_is_set_is_left_as_it_is() {
        let set = [
            ("POSTGRES_HOST", "db"),
            ("AKIN_ENGINES", "opensearch"),
            ("AKIN_STORE", "local"),
            ("AKIN_QUEUE", "local"),
            ("AWS_SQS_SUBSCRIBED_QUEUE_URL", "https://sqs.example/1/changes"),
        ];
        assert_eq!(defaults_of(&set), "");
    }

    #[test]
    fn a_model_in_the_package_is_the_default() {
        let package = tempfile::tempdir().expect("a folder");
        let root = package.path().to_str().expect("a text");
        let has_model = |more: &[(&str, &str)]| {
            defaults_of(&[&[("LAMBDA_TASK_ROOT", root)], more].concat()).contains("--model")
        };
        assert!(!has_model(&[]));
        std::fs::create_dir(package.path().join("model")).expect("a folder");
        let expected = format!("--model {root}/model ");
        assert!(defaults_of(&[("LAMBDA_TASK_ROOT", root)]).starts_with(&expected));
        assert!(!has_model(&[("AKIN_MODEL", "fp32")]));
    }
}

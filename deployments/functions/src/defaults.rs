//! The settings that a function takes from its surroundings where its own are not set.

use std::ffi::OsString;
use std::path::PathBuf;

/// Looks a variable up; `None` if it is not set, or empty.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Returns arguments for the settings that are not set: the model in the package, the engines whose
/// servers are set, and the queue whose address is. So a deployment that never heard of engines works.
pub(crate) fn defaults(variable: Lookup<'_>) -> Vec<OsString> {
    let mut arguments = Vec::new();
    let mut add = |name: &str, flag: &str, value: Option<OsString>| {
        if let (None, Some(value)) = (variable(name), value) {
            arguments.extend([flag.into(), value]);
        }
    };
    add("AKIN_MODEL", "--model", packed_model(variable));
    add("AKIN_ENGINES", "--engine", engines(variable));
    let has_postgres = is_set(variable, &POSTGRES);
    add("AKIN_STORE", "--store", has_postgres.then(|| "postgres".into()));
    let has_queue = variable("AWS_SQS_SUBSCRIBED_QUEUE_URL").is_some();
    add("AKIN_QUEUE", "--queue", has_queue.then(|| "sqs".into()));
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

/// Returns the engines whose servers are set.
fn engines(variable: Lookup<'_>) -> Option<OsString> {
    let embedder = match variable("AWS_SAGEMAKER_ENDPOINT_NAME") {
        Some(_) => "+sagemaker",
        None => "",
    };
    let indexes = [("postgres", POSTGRES), ("opensearch", OPENSEARCH)];
    let set = indexes.iter().filter(|(_, names)| is_set(variable, names));
    let engines: Vec<_> = set.map(|(index, _)| format!("{index}{embedder}")).collect();
    (!engines.is_empty()).then(|| engines.join(",").into())
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
        let arguments: Vec<_> = defaults(&lookup);
        arguments.join(" ".as_ref()).into_string().expect("a text")
    }

    #[test]
    fn the_engines_are_those_whose_servers_are_set() {
        for (variables, expected) in [
            (&[][..], ""),
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
            (&[("OPENSEARCH_ENDPOINT", "https://search.example")], "--engine opensearch"),
        ] {
            assert_eq!(defaults_of(variables), expected, "{variables:?}");
        }
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
        assert_eq!(defaults_of(&[("LAMBDA_TASK_ROOT", root)]), "");
        std::fs::create_dir(package.path().join("model")).expect("a folder");
        let expected = format!("--model {root}/model");
        assert_eq!(defaults_of(&[("LAMBDA_TASK_ROOT", root)]), expected);
        assert_eq!(defaults_of(&[("LAMBDA_TASK_ROOT", root), ("AKIN_MODEL", "fp32")]), "");
    }
}

//! `akin evaluate`: its exit codes and its JSON document.

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

/// Runs `akin` with an environment that holds only the paths of programs and models.
fn akin(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_akin"));
    command.args(arguments).env_clear();
    for name in ["PATH", "HOME", "XDG_CACHE_HOME", "AKIN_MODELS", "AKIN_CPU"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command.output().unwrap()
}

/// Runs `akin`, which must fail with code 1, and returns its error message.
fn failure(arguments: &[&str]) -> String {
    let output = akin(arguments);
    assert_eq!((output.status.code(), output.stdout), (Some(1), Vec::new()));
    String::from_utf8(output.stderr).unwrap()
}

/// Runs `akin`, which must succeed, and returns its output.
fn success(arguments: &[&str]) -> Vec<u8> {
    let output = akin(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Returns the path of a file of the sample catalogue.
fn sample(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../data", name].iter().collect();
    path.to_str().unwrap().to_owned()
}

fn mean(document: &Value, mode: &str, measure: &str) -> f64 {
    let modes = document["modes"].as_array().unwrap();
    let results = modes.iter().find(|results| results["mode"] == mode).unwrap();
    results["figures"][measure]["mean"].as_f64().unwrap()
}

#[test]
fn an_invalid_file_is_refused_with_its_line_before_anything_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let [judgments, data] = ["judgments.csv", "data"].map(|name| folder.path().join(name));
    std::fs::write(&judgments, "query_id,product_id,grade\nq01,PH-001,five\n").unwrap();
    let [judgments, data] = [&judgments, &data].map(|path| path.to_str().unwrap());
    let message = failure(&["evaluate", &sample("queries.csv"), judgments, "--data", data]);
    assert_eq!(message, format!("akin: {judgments}, line 2: not a grade of 0 to 3: \"five\"\n"));
    assert!(!std::fs::exists(data).unwrap());
}

#[test]
fn a_wrong_minimum_is_a_usage_error() {
    for (minimum, told) in [
        ("hybrid.dcg=.7", "\"dcg\" is no measure: use one of ndcg, judged_ndcg, mrr"),
        ("hybrid.ndcg", "use [ENGINE:]MODE.MEASURE=VALUE"),
    ] {
        let output = akin(&["evaluate", "queries.csv", "judgments.csv", "--min", minimum]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(message.contains(told), "{minimum}: {message}");
    }
}

#[test]
#[ignore = "needs the model: make model"]
fn a_gate_a_comparison_and_a_report_tell_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let [data, earlier, report] =
        ["data", "earlier.json", "report.html"].map(|name| folder.path().join(name));
    let [data, earlier, report] = [&data, &earlier, &report].map(|path| path.to_str().unwrap());
    success(&["ingest", &sample("catalogue.csv"), "--currency", "INR", "--data", data]);
    let (queries, judgments) = (sample("queries.csv"), sample("judgments.csv"));
    let evaluate =
        |more: &[&str]| akin(&[&["evaluate", &queries, &judgments, "--data", data], more].concat());
    let json = evaluate(&["--json", "--worst", "2"]).stdout;
    let document: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(document["worst"].as_array().unwrap().len(), 2);
    assert!(!document["worst"][0]["hits"].as_array().unwrap().is_empty());
    assert_eq!(document["engines"][0]["modes"], document["modes"]);
    let recall = &document["modes"][0]["result_set"]["set_recall"]["mean"];
    assert!(recall.as_f64().unwrap() > 0.5, "{recall}");
    let shown = &document["modes"][0]["result_set"]["shown_ndcg"]["mean"];
    assert!(shown.as_f64().unwrap() > 0.6, "{shown}");

    // What is as good as before passes, in another depth it cannot be compared.
    std::fs::write(earlier, &json).unwrap();
    let same = ["--compare", earlier, "--fail-if-worse", "--report", report];
    let output = evaluate(&same);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("hybrid - hybrid in earlier.json: +0.000 nDCG@10 [+0.000"), "{told}");
    let html = std::fs::read_to_string(report).unwrap();
    for part in ["<svg role=\"img\"", "<h2>Worst queries of hybrid</h2>", "hybrid in earlier.json"]
    {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("http") && !html.contains("<script"), "it opens offline");
    let output = evaluate(&[&same[..2], &["--depth", "20"]].concat());
    assert!(String::from_utf8_lossy(&output.stderr).contains("evaluate both at one --depth"));

    let output = evaluate(&["--compare", "hybrid,lexical", "--fail-if-worse"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("lexical is worse than hybrid by nDCG@10")
    );
    let output = evaluate(&["--min", "hybrid.ndcg=0.5,lexical.mrr=1"]);
    assert_eq!(output.status.code(), Some(4));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("lexical.mrr is 0.") && !told.contains("hybrid.ndcg"), "{told}");
}

#[test]
#[ignore = "needs the model: make model"]
fn every_engine_is_evaluated_and_compared_with_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let full = ["--model", "fp32", "--data", data];
    let catalogue = sample("catalogue.csv");
    success(&[&["ingest", &*catalogue, "--currency", "INR"], &full[..]].concat());
    let (queries, judgments) = (sample("queries.csv"), sample("judgments.csv"));
    let both = ["evaluate", &queries, &judgments, "--json", "--engine", "local,local+onnx"];
    let gate = ["--min", "local+onnx:hybrid.ndcg=0.5,local+native:hybrid.ndcg=0.5"];
    let compare = ["--compare", "local:lexical,local+onnx:lexical"];
    let json = success(&[&both[..], &full, &gate, &compare].concat());
    let document: Value = serde_json::from_slice(&json).unwrap();
    let names = document["engines"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|engine| engine["engine"].as_str().unwrap()).collect();
    assert_eq!(names, ["local+native", "local+onnx"]);
    let comparisons = document["comparisons"].as_array().unwrap();
    for mode in ["hybrid", "semantic", "lexical"] {
        let [from, to] = ["local", "local+onnx"].map(|engine| format!("{engine}:{mode}"));
        let compared = comparisons.iter().find(|one| one["from"] == from && one["to"] == to);
        let difference = compared.unwrap()["difference"]["mean"].as_f64().unwrap();
        assert!(difference.abs() < 0.02, "{mode}: {difference}");
    }
    let passed = document["minimums"].as_array().unwrap();
    assert!(passed.len() == 2 && passed.iter().all(|minimum| minimum["passes"] == true));
    let other = akin(&[&both[..], &full, &["--min", "postgres:hybrid.ndcg=0.5"]].concat());
    assert_eq!(other.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&other.stderr).contains("postgres+native is not evaluated"));
}

#[test]
#[ignore = "needs the model: make model"]
fn hybrid_search_is_best_on_the_sample_catalogue() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let (queries, judgments) = (sample("queries.csv"), sample("judgments.csv"));
    let evaluate = ["evaluate", &queries, &judgments, "--json", "--data", data];
    // Creates the catalogue.
    let empty = folder.path().join("empty.csv");
    std::fs::write(&empty, "name\n").unwrap();
    success(&["ingest", empty.to_str().unwrap(), "--data", data]);

    let message = failure(&evaluate);
    assert!(message.starts_with("akin: none of the "), "{message}");

    success(&["ingest", &sample("catalogue.csv"), "--currency", "INR", "--data", data]);
    let document: Value = serde_json::from_slice(&success(&evaluate)).unwrap();
    assert_eq!(document["queries"], 40);
    assert_eq!(document["missing_products"], serde_json::json!([]));
    let hybrid = mean(&document, "hybrid", "nDCG@10");
    for mode in ["semantic", "lexical"] {
        let other = mean(&document, mode, "nDCG@10");
        assert!(hybrid > other, "hybrid {hybrid} is not above {mode} {other}");
    }
    // Every product in the first ten is judged, so both measures agree closely.
    assert!((hybrid - mean(&document, "hybrid", "judged nDCG@10")).abs() < 0.01);
}

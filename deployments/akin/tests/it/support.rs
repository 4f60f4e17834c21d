//! Helpers shared by all tests: they run the command as a process in a temporary folder.

pub(crate) mod aws;
pub(crate) mod contents;
pub(crate) mod hub;
pub(crate) mod proxy;
pub(crate) mod server;
pub(crate) mod shop;

use serde_json::Value;
use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// A feed in the format of the sample catalogue: two tripods, two lamps, and a row without a name.
pub(crate) const FEED: &str = "\
name,main_category,sub_category,image,link,ratings,no_of_ratings,discount_price,actual_price,product_id,description,brand
Steady phone tripod,Phones,Tripods,images/t.svg,,4.2,17,₹617.50,\"₹1,299\",PH-1,Keeps any phone still while you film.,Pelluno
Phone tripod with remote,Phones,Tripods,images/t.svg,,,,,₹999,PH-2,Stands on a desk; press the button from afar.,Brackwell
Desk lamp,Home,Lamps,images/l.svg,,Get,,₹450,₹450,HO-1,Warm light beside the bed.,Lumo
,Home,Lamps,,,,,,₹10,HO-9,,
Floor lamp,Home,Lamps,images/l.svg,,5,2,,\"₹12,000.00\",HO-2,Lights a whole room.,Lumo
";

/// A temporary folder in which `akin` runs, with its store in `data`.
#[derive(Debug)]
pub(crate) struct Sandbox(pub(crate) TempDir);

/// Returns a feed of `count` products named `name`, whose ids start with `prefix`.
pub(crate) fn rows(count: usize, prefix: &str, name: &str) -> String {
    let row = |number| format!("{prefix}-{number},{name} number {number}");
    let rows = (0..count).map(row).collect::<Vec<_>>().join("\n");
    format!("product_id,name\n{rows}\n")
}

/// The exit code and the output of a finished process.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    /// Creates a folder with [`FEED`] in `feed.csv`.
    pub(crate) fn new() -> Self {
        let sandbox = Self(tempfile::tempdir().unwrap());
        sandbox.write("feed.csv", FEED);
        sandbox
    }

    /// Creates a folder and ingests `feed.csv`.
    pub(crate) fn ingested() -> Self {
        let sandbox = Self::new();
        sandbox.run("ingest feed.csv").succeeds();
        sandbox
    }

    /// Creates a folder and ingests `feed.csv` with the fp32 model, whose scores agree to the third
    /// decimal on every processor.
    pub(crate) fn ingested_fp32() -> Self {
        let sandbox = Self::new();
        sandbox.run_fp32("ingest feed.csv").succeeds();
        sandbox
    }

    /// Runs `akin` with the fp32 model.
    pub(crate) fn run_fp32(&self, arguments: &str) -> Outcome {
        self.run_with_env(&[("AKIN_MODEL", "fp32")], arguments)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Prepares `akin` with `arguments`, split at spaces, and an environment that holds only the paths of
    /// programs and models.
    pub(crate) fn akin(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_akin"));
        command.args(arguments.split_whitespace()).current_dir(self.0.path()).env_clear();
        for name in ["PATH", "HOME", "XDG_CACHE_HOME", "AKIN_MODELS", "AKIN_CPU"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.env("AKIN_DATA", "data").stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Outcome {
        self.akin(arguments).output().unwrap().into()
    }

    /// Starts `akin` with its output in pipes.
    pub(crate) fn spawn(&self, arguments: &str) -> Child {
        let mut command = self.akin(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs `akin` with `input` on its standard input.
    pub(crate) fn run_with_input(&self, arguments: &str, input: &str) -> Outcome {
        let mut command = self.akin(arguments);
        let (out, err) = (Stdio::piped(), Stdio::piped());
        let mut child = command.stdin(Stdio::piped()).stdout(out).stderr(err).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap().into()
    }

    /// Runs `akin` with `variables` in its environment.
    pub(crate) fn run_with_env(&self, variables: &[(&str, &str)], arguments: &str) -> Outcome {
        self.akin(arguments).envs(variables.iter().copied()).output().unwrap().into()
    }
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        Self { code: output.status.code(), stdout, stderr }
    }
}

impl Outcome {
    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{self}");
        self
    }

    pub(crate) fn fails_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        assert!(!self.stderr.contains("panicked"), "{self}");
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// Returns the counts with these `names` from a JSON report.
    pub(crate) fn counts<const N: usize>(&self, names: [&str; N]) -> [u64; N] {
        let json = self.json();
        names.map(|name| json[name].as_u64().unwrap_or_else(|| panic!("no {name}: {self}")))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        write!(f, "exit code {code}\n--- stdout\n{}--- stderr\n{}", self.stdout, self.stderr)
    }
}

/// Sends the signal with this name to `child`.
pub(crate) fn send_signal(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

/// Returns the path of a file of the sample catalogue.
pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").join(name)
}

/// Returns `command` with a limit on the size of every file, in blocks of 512 bytes. It simulates a full
/// disk without root.
pub(crate) fn limit_file_size(command: &Command, blocks: u64) -> Command {
    limit(command, &format!("trap '' XFSZ; ulimit -f {blocks}"))
}

/// Returns `command` with a limit on the number of open files.
pub(crate) fn limit_open_files(command: &Command, files: u64) -> Command {
    limit(command, &format!("ulimit -n {files}"))
}

/// Returns `command`, run after the `setup` of a shell.
fn limit(command: &Command, setup: &str) -> Command {
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("{setup}; exec \"$0\" \"$@\"")]);
    limited.arg(command.get_program()).args(command.get_args()).env_clear();
    limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited.current_dir(command.get_current_dir().unwrap()).stdin(Stdio::null());
    limited
}

/// Runs `check` with times, dates, scores and paths masked in its snapshots.
pub(crate) fn masked(check: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"in \d+\.\d s", "in [time] s");
    settings.add_filter(r#""seconds": [0-9.e-]+"#, r#""seconds": [time]"#);
    settings
        .add_filter(r#""(score|similarity|text_score)": (-?\d\.\d{3})\d+"#, r#""$1": $2[more]"#);
    settings.add_filter(r" +\d+\.\d s\b", " [time] s");
    settings.add_filter(r"took +", "took ");
    settings.add_filter(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?", "[date]");
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "[date, RFC 3339]");
    settings.add_filter(r"/[^\s]*/\.tmp[A-Za-z0-9]+", "[place]");
    settings.bind(check);
}

//! akin and its Python peer as processes: output, time and memory.

use anyhow::{Context, Result, anyhow, ensure};
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The interval for sampling the memory of a process.
const GLANCE: Duration = Duration::from_millis(5);

/// The maximum time until a server listens.
const PATIENCE: Duration = Duration::from_mins(1);

/// A program with a folder for its data, which is deleted on drop.
#[derive(Debug)]
pub(crate) struct Program {
    command: Vec<PathBuf>,
    environment: Vec<(&'static str, PathBuf)>,
    data: TempDir,
}

/// The result of a finished process.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The output.
    pub(crate) output: String,
    /// The time from start to end.
    pub(crate) seconds: f64,
    /// The peak memory, in megabytes.
    pub(crate) peak: f64,
}

/// A server process, which is stopped on drop.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// The address.
    pub(crate) address: SocketAddr,
}

impl Program {
    /// Creates a program from its command line. `AKIN_DATA` is set to its data folder.
    pub(crate) fn new(
        command: Vec<PathBuf>,
        environment: Vec<(&'static str, PathBuf)>,
    ) -> Result<Self> {
        Ok(Self { command, environment, data: tempfile::tempdir()? })
    }

    /// Runs the program to its end; an error contains its output.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Finished> {
        let began = Instant::now();
        let child = self.command(arguments)?.stderr(Stdio::piped()).spawn()?;
        let (process, ended) = (child.id(), AtomicBool::new(false));
        let (output, peak) = thread::scope(|scope| {
            // The peak reported by the system at the end includes the memory of this process, since a
            // child begins as a copy of its parent.
            let watcher = scope.spawn(|| {
                let mut peak = 0.0;
                while !ended.load(Ordering::Acquire) {
                    peak = memory(process, "VmHWM").unwrap_or(peak);
                    thread::sleep(GLANCE);
                }
                peak
            });
            let output = child.wait_with_output();
            ended.store(true, Ordering::Release);
            (output, watcher.join().unwrap_or_default())
        });
        let (output, seconds) = (output?, began.elapsed().as_secs_f64());
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{self:?} {arguments:?} failed: {said}");
        Ok(Finished { output: String::from_utf8(output.stdout)?, seconds, peak })
    }

    /// Starts the program with `serve` on a free local port, and waits until it listens.
    pub(crate) fn serve(&self) -> Result<Server> {
        self.serve_with(&[])
    }

    /// The same, with further arguments.
    pub(crate) fn serve_with(&self, further: &[&str]) -> Result<Server> {
        self.listen("serve", further)
    }

    /// Starts the program in a role that listens, and waits until it does.
    pub(crate) fn listen(&self, role: &str, further: &[&str]) -> Result<Server> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let listen = address.to_string();
        let arguments = [&[role, "--listen", &listen], further].concat();
        let child =
            self.command(&arguments)?.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut server = Server { child, address };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = server.child.try_wait()? {
                return Err(anyhow!("{self:?} {arguments:?} ended: {status}"));
            }
            ensure!(began.elapsed() < PATIENCE, "{self:?} does not listen on {address}");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let (program, first) = self.command.split_first().context("no program to run")?;
        let mut command = Command::new(program);
        command.args(first).args(arguments).env("AKIN_DATA", self.data.path());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        Ok(command)
    }
}

impl Server {
    /// Returns the current memory, in megabytes.
    pub(crate) fn resident(&self) -> Result<f64> {
        memory(self.child.id(), "VmRSS").context("the server's memory is not to be seen")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Reads a value of `/proc/PID/status`, in megabytes; `None` if the process has ended.
fn memory(process: u32, name: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kibibytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_leaves_its_output_and_its_peak() {
        let shell = Program::new(vec!["/bin/sh".into()], Vec::new()).unwrap();
        let finished = shell.run(&["-c", "sleep 0.05; echo done"]).unwrap();
        assert_eq!(finished.output, "done\n");
        assert!(finished.seconds >= 0.05 && finished.peak > 0.1, "{finished:?}");
    }

    #[test]
    fn a_failure_reports_the_output_of_the_process() {
        let shell = Program::new(vec!["/bin/sh".into()], Vec::new()).unwrap();
        let error = shell.run(&["-c", "echo no such shop >&2; exit 2"]).unwrap_err();
        assert!(error.to_string().contains("no such shop"), "{error}");
    }
}

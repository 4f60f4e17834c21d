//! The identity of this process, by which another one finds out whether it is gone.

use akin_ports::RunHolder;
use std::fs;
use std::process;

/// Returns this process as the holder of a new run.
pub(crate) fn holder() -> RunHolder {
    let number = process::id();
    let name = match host() {
        Some(host) => format!("process {number} on {host}"),
        None => format!("process {number}"),
    };
    // The random part distinguishes the runs of one process.
    let identity = identity(number).unwrap_or_else(|| "unknown".to_owned());
    RunHolder { name, key: format!("{identity} {:016x}", fastrand::u64(..)) }
}

/// Returns whether the process of `holder` is known to be gone.
pub(crate) fn is_gone(holder: &RunHolder) -> bool {
    is_alive(holder) == Some(false)
}

/// Returns whether the process of `holder` is alive. It is gone if it ran since this machine was booted,
/// with process ids that mean the same here, and its id now belongs to no process or another one.
/// `None`: nothing is known of other machines and other containers, and elsewhere than on Linux.
pub(crate) fn is_alive(holder: &RunHolder) -> Option<bool> {
    let mut parts = holder.key.split(' ');
    let parts = [(); 4].map(|()| parts.next().unwrap_or_default());
    let [boot, namespace, number, start] = parts;
    let (here, number) = (place()?, number.parse().ok()?);
    let is_here = here == (boot.to_owned(), namespace.to_owned());
    is_here.then(|| start_of(number).is_some_and(|found| found == start))
}

/// Returns the boot of this machine, the namespace of process ids, the process and its start.
fn identity(number: u32) -> Option<String> {
    let ((boot, namespace), start) = (place()?, start_of(number)?);
    Some(format!("{boot} {namespace} {number} {start}"))
}

/// Returns what process ids are relative to: the boot of this machine, and their namespace.
fn place() -> Option<(String, String)> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some((boot.trim().to_owned(), namespace.to_str()?.to_owned()))
}

/// Returns the time at which the process `number` started, in ticks since the boot; `None` if it is
/// not there or has ended.
fn start_of(number: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name, in parentheses, may contain anything. The state follows it.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    // A zombie has ended, although its parent has not asked how.
    let has_ended = matches!(state, "Z" | "X" | "x");
    fields.nth(18).filter(|_| !has_ended).map(str::to_owned)
}

/// Returns the name of this machine.
fn host() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok())?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    fn holder_of(number: u32) -> RunHolder {
        let key = format!("{} 7", identity(number).expect("a process"));
        RunHolder { name: String::new(), key }
    }

    #[test]
    fn a_process_is_gone_once_it_has_ended_even_if_nobody_waited_for_it() {
        assert_eq!(is_alive(&holder()), Some(true));
        let mut child =
            Command::new("cat").stdin(Stdio::piped()).spawn().expect("a process that waits");
        let holder = holder_of(child.id());
        assert!(!is_gone(&holder));
        child.kill().expect("a signal");
        while !is_gone(&holder) {
            std::thread::yield_now();
        }
        child.wait().expect("an end");
        assert!(is_gone(&holder));
    }

    #[test]
    fn another_process_with_the_same_id_is_not_mistaken_for_it() {
        let key = holder().key;
        let parts: Vec<_> = key.split(' ').collect();
        let of = |parts: &[&str]| RunHolder { name: String::new(), key: parts.join(" ") };
        assert!(is_gone(&of(&[parts[0], parts[1], parts[2], "1", parts[4]])));
    }

    #[test]
    fn nothing_is_known_of_processes_elsewhere() {
        let key = holder().key;
        let parts: Vec<_> = key.split(' ').collect();
        let of = |parts: &[&str]| RunHolder { name: String::new(), key: parts.join(" ") };
        for key in [
            of(&["another boot", parts[1], parts[2], "1", parts[4]]),
            of(&[parts[0], "pid:[1]", parts[2], "1", parts[4]]),
            of(&["unknown", parts[4]]),
            of(&[""]),
        ] {
            assert_eq!(is_alive(&key), None, "{key:?}");
        }
    }

    #[test]
    fn each_run_of_a_process_has_a_key_of_its_own() {
        assert_ne!(holder().key, holder().key);
        assert!(holder().name.contains(&process::id().to_string()));
    }
}

//! The program as the operating system runs it.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The binary under test.
const PAYFOLD: &str = env!("CARGO_BIN_EXE_payfold");

/// A running payfold; killed where a test leaves it running.
pub(crate) struct Program(Child);

/// A payfold that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// What it printed, once its exit status is this.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> (String, String) {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        (self.out, self.err)
    }
}

/// Runs a command to its end.
pub(crate) fn run(arguments: Vec<&str>) -> Ended {
    run_in::<&str>(&[], arguments)
}

/// Runs a command to its end, in an environment with these variables too.
pub(crate) fn run_in<V: AsRef<OsStr>>(variables: &[(&str, V)], arguments: Vec<&str>) -> Ended {
    let mut command = Command::new(PAYFOLD);
    command
        .args(arguments)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

impl Program {
    /// Starts it, with everything that it says going to a file.
    pub(crate) fn start(arguments: &[&str], log: &Path) -> Self {
        Self::spawn(Command::new(PAYFOLD), arguments, log)
    }

    /// As [`Program::start`], with at most so many files open.
    pub(crate) fn start_with_files(files: u32, arguments: &[&str], log: &Path) -> Self {
        let mut command = Command::new("sh");
        let limited = format!("ulimit -n {files} && exec \"$0\" \"$@\"");
        command.args(["-c", &limited, PAYFOLD]);
        Self::spawn(command, arguments, log)
    }

    fn spawn(mut command: Command, arguments: &[&str], log: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log).unwrap();
        command.args(arguments).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        Self(command.spawn().unwrap())
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.0.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    /// How much memory it has of its own, in kilobytes.
    pub(crate) fn memory_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"));
        let kb = line.unwrap().trim().trim_end_matches(" kB");
        kb.parse().unwrap()
    }

    /// Waits until it has ended.
    pub(crate) fn ended(mut self) -> Ended {
        let status = self.0.wait().unwrap();
        Ended {
            code: status.code(),
            out: String::new(),
            err: String::new(),
        }
    }

    /// Asks it to stop, and waits.
    pub(crate) fn stop(self) -> Ended {
        self.signal("-TERM");
        self.ended()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; a test that ends another way is told so by its own checks.
        if self.0.kill().is_ok() {
            drop(self.0.wait());
        }
    }
}

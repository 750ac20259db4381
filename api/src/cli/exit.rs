//! How a command ends: its exit status, and what a person reads then.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// Why a command did not do its job.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The job failed, or found something wrong in the store or the keys.
    Job(String),
    /// Wrong usage or configuration.
    Usage(String),
}

impl Failure {
    /// The job failed.
    pub(crate) fn job(what: impl Display) -> Self {
        Self::Job(what.to_string())
    }

    /// The usage or the configuration is wrong.
    pub(crate) fn usage(what: impl Display) -> Self {
        Self::Usage(what.to_string())
    }

    /// Tells it, and gives the exit status.
    pub(crate) fn tell(&self) -> ExitCode {
        let (what, status) = match self {
            Self::Job(what) => (what, 1),
            Self::Usage(what) => (what, 2),
        };
        tell_operator(what);
        ExitCode::from(status)
    }
}

/// Prints a line of the result. A reader who has gone away is no failure of the job.
pub(crate) fn say(line: impl Display) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}

/// Prints a line for whoever watches. A terminal that has gone away is no failure of the job.
pub(crate) fn tell_operator(line: impl Display) {
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}

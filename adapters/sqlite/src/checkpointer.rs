//! Copies the log into the file beside the writer, so that a commit seldom has to.

use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use crate::connection::{Role, connect};
use crate::writer::checkpoint;

/// How long after a commit; shorter copies the same pages more often, longer lets the log grow.
const PAUSE: Duration = Duration::from_millis(50);

/// What the writer tells its checkpointer.
#[derive(Default)]
pub(crate) struct Checkpoints {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Copied,
    Committed,
    Stopping,
}

impl Checkpoints {
    /// Something was committed since the last copy.
    pub(crate) fn wake(&self) {
        let mut state = self.lock();
        if *state == State::Copied {
            *state = State::Committed;
            self.changed.notify_one();
        }
    }

    pub(crate) fn stop(&self) {
        *self.lock() = State::Stopping;
        self.changed.notify_one();
    }

    /// Copies after commits until it is stopped.
    pub(crate) fn run(&self, file: &Path) {
        let mut connection = None;
        while self.due() {
            if let Err(error) = copy(file, &mut connection) {
                connection = None;
                tracing::warn!(%error, "copying the store's log into its file failed; it will be tried again");
            }
        }
    }

    /// Waits until a commit is `PAUSE` old; false once it is to stop.
    fn due(&self) -> bool {
        let mut state = self.lock();
        while *state == State::Copied {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let (mut state, _) = self
            .changed
            .wait_timeout_while(state, PAUSE, |state| *state == State::Committed)
            .unwrap_or_else(PoisonError::into_inner);
        match *state {
            State::Stopping => false,
            State::Copied | State::Committed => {
                *state = State::Copied;
                true
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn copy(file: &Path, connection: &mut Option<Connection>) -> rusqlite::Result<()> {
    let open = match connection.take() {
        Some(open) => open,
        None => connect(file, Role::Checkpointer)?,
    };
    checkpoint(connection.insert(open))
}

//! The line to one account's gateway: how many calls are in flight, and whether any is worth making. A
//! gateway that fails again and again is left alone for a while, so that nobody waits for it in vain;
//! then one call tries.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use payfold_domain::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::AppError;

/// How many calls of one account are in flight at once.
const IN_FLIGHT: usize = 16;

/// How long a call waits for a place among them.
const PATIENCE: Duration = Duration::from_secs(3);

/// After how many failures in a row the line is cut.
const FAILURES: u32 = 5;

/// How long it is cut at first, in seconds; each failed try doubles it.
const CUT_SECS: i64 = 2;

/// How long it is cut at most, in seconds.
const CUT_AT_MOST_SECS: i64 = 30;

/// The line to one account's gateway.
pub(super) struct Line {
    places: Arc<Semaphore>,
    state: Mutex<State>,
}

/// Whether calls are made.
#[derive(Debug, Clone, Copy)]
enum State {
    /// They are; so many failed in a row.
    Open { failures: u32 },
    /// They are not, before that time; then one tries.
    Cut { until: Timestamp, secs: i64 },
    /// The one that tries is out, since that time.
    Trying { since: Timestamp, secs: i64 },
}

/// Whether calls are made, as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breaker {
    /// They are.
    Closed,
    /// The gateway failed too often.
    Open,
}

/// A place on the line, held while the call is out.
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// What became of a call, as far as the line minds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The gateway answered, whatever it said.
    Answered,
    /// Nobody knows what became of it.
    Unknown,
}

impl Line {
    pub(super) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(IN_FLIGHT)),
            state: Mutex::new(State::Open { failures: 0 }),
        }
    }

    /// Waits for a place. Where the gateway is left alone, or every place stays taken, nothing is sent.
    pub(super) async fn enter(&self, now: Timestamp) -> Result<Place, AppError> {
        self.may_try(now)?;
        self.enter_though_cut().await
    }

    /// The same for a call that is made although the gateway is left alone.
    pub(super) async fn enter_though_cut(&self) -> Result<Place, AppError> {
        let place = Arc::clone(&self.places).acquire_owned();
        match tokio::time::timeout(PATIENCE, place).await {
            Ok(Ok(permit)) => Ok(Place { _permit: permit }),
            Ok(Err(_)) | Err(_) => Err(AppError::GatewayNotAsked("too many calls are in flight")),
        }
    }

    /// Learns what became of a call.
    pub(super) fn learn(&self, outcome: Outcome, now: Timestamp) {
        let mut state = self.state();
        *state = match (outcome, *state) {
            (Outcome::Answered, _) => State::Open { failures: 0 },
            (Outcome::Unknown, State::Open { failures }) if failures + 1 < FAILURES => {
                State::Open {
                    failures: failures + 1,
                }
            }
            (Outcome::Unknown, State::Open { .. }) => cut(now, CUT_SECS),
            (Outcome::Unknown, State::Trying { secs, .. }) => {
                cut(now, (secs * 2).min(CUT_AT_MOST_SECS))
            }
            // One that was out when the line was cut.
            (Outcome::Unknown, State::Cut { until, secs }) => State::Cut { until, secs },
        };
    }

    /// How many calls are in flight.
    pub(super) fn in_flight(&self) -> usize {
        IN_FLIGHT.saturating_sub(self.places.available_permits())
    }

    pub(super) fn breaker(&self) -> Breaker {
        match *self.state() {
            State::Open { .. } => Breaker::Closed,
            State::Cut { .. } | State::Trying { .. } => Breaker::Open,
        }
    }

    fn may_try(&self, now: Timestamp) -> Result<(), AppError> {
        let mut state = self.state();
        match *state {
            State::Open { .. } => Ok(()),
            // Nobody had anything to ask for long, or the clock stepped back: what is asked first need not
            // wait for one that tries.
            State::Cut { until, .. }
                if until.plus_secs(CUT_AT_MOST_SECS) <= now
                    || now.plus_secs(CUT_AT_MOST_SECS) < until =>
            {
                *state = State::Open { failures: 0 };
                Ok(())
            }
            State::Cut { until, secs } if until <= now => {
                *state = State::Trying { since: now, secs };
                Ok(())
            }
            // A try whose caller went away is not waited for for ever.
            State::Trying { since, secs }
                if since.plus_secs(CUT_AT_MOST_SECS) <= now
                    || now.plus_secs(CUT_AT_MOST_SECS) < since =>
            {
                *state = State::Trying { since: now, secs };
                Ok(())
            }
            State::Cut { .. } | State::Trying { .. } => Err(AppError::GatewayNotAsked(
                "the gateway failed again and again and is left alone for a moment",
            )),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cut(now: Timestamp, secs: i64) -> State {
    State::Cut {
        until: now.plus_secs(secs),
        secs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_000 + secs)
    }

    fn fail(line: &Line, times: u32, now: Timestamp) {
        for _ in 0..times {
            line.learn(Outcome::Unknown, now);
        }
    }

    #[tokio::test]
    async fn a_gateway_that_fails_is_left_alone_and_then_tried_by_one_call() {
        let line = Line::new();
        fail(&line, FAILURES - 1, at(0));
        assert!(line.enter(at(0)).await.is_ok());
        fail(&line, 1, at(0));
        assert!(line.enter(at(1)).await.is_err());
        assert!(line.enter(at(2)).await.is_ok(), "one tries");
        assert!(line.enter(at(2)).await.is_err(), "no other beside it");
        fail(&line, 1, at(3));
        assert!(line.enter(at(6)).await.is_err(), "now for twice as long");
        assert!(line.enter(at(7)).await.is_ok());
        line.learn(Outcome::Answered, at(7));
        assert_eq!(line.breaker(), Breaker::Closed);
        assert!(line.enter(at(7)).await.is_ok());
    }

    #[tokio::test]
    async fn a_cut_that_nobody_has_tried_since_long_is_forgotten() {
        let line = Line::new();
        fail(&line, FAILURES, at(0));
        assert!(line.enter(at(32)).await.is_ok());
        assert!(line.enter(at(32)).await.is_ok(), "another beside it");
        fail(&line, FAILURES, at(33));
        assert!(line.enter(at(34)).await.is_err());
    }

    #[tokio::test]
    async fn a_line_is_cut_no_longer_where_the_clock_steps_back() {
        let line = Line::new();
        fail(&line, FAILURES, at(1_000));
        assert!(line.enter(at(1_001)).await.is_err());
        assert!(line.enter(at(0)).await.is_ok());
        fail(&line, FAILURES, at(1_000));
        assert!(line.enter(at(1_002)).await.is_ok(), "one tries");
        assert!(line.enter(at(0)).await.is_ok(), "another, beside it");
    }

    #[tokio::test]
    async fn a_try_whose_caller_went_away_is_repeated() {
        let line = Line::new();
        fail(&line, FAILURES, at(0));
        assert!(line.enter(at(2)).await.is_ok());
        assert!(line.enter(at(31)).await.is_err());
        assert!(line.enter(at(32)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_calls_are_in_flight_than_there_are_places() {
        let line = Line::new();
        let mut places = Vec::new();
        for _ in 0..IN_FLIGHT {
            places.push(line.enter(at(0)).await.unwrap());
        }
        assert_eq!(line.in_flight(), IN_FLIGHT);
        assert!(line.enter(at(0)).await.is_err());
        places.pop();
        assert!(line.enter(at(0)).await.is_ok());
    }
}

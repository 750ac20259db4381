//! Sending what is due, and what becomes of it. The caller drives it: nothing here waits for its
//! time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt as _, future, stream};

use super::schedule::gap_after;
use super::{Content, Letter, Waits, Writing};
use crate::books::{Outcome, Sending};
use crate::draw;
use crate::faults::FaultKind;
use crate::sandbox::{Sandbox, State};

/// How many letters are under way at a time.
const ABREAST: usize = 16;

/// How one sending goes.
#[derive(Clone, Copy)]
enum Way {
    Plain,
    Twice,
    Lost,
    Tampered,
    AfterProbe,
}

impl Sandbox {
    /// Sends every notify that is due, waits for the answers, and says how many it sent. A shop
    /// that does not accept one gets it again by the gateway's schedule.
    pub async fn deliver_due(&self) -> usize {
        let mut sent = 0;
        loop {
            self.settle_refunds();
            self.close_expired();
            let due = self.take_due();
            if due.is_empty() {
                return sent;
            }
            sent += due.len();
            stream::iter(due)
                .for_each_concurrent(ABREAST, |(letter, way)| self.deliver(letter, way))
                .await;
        }
    }

    /// How long from now until a notify is due; nothing where none is waiting.
    pub fn next_due(&self) -> Option<Duration> {
        // A trade closes at the time that the merchant named, however fast the sandbox's clock runs.
        let close = self.state().books.next_close();
        let close = close.map(|at| (at - self.now()).to_std().unwrap_or_default());
        self.next_on_schedule().into_iter().chain(close).min()
    }

    /// The same of what goes by the sandbox's own clock, which can be let jump.
    pub fn next_on_schedule(&self) -> Option<Duration> {
        let state = self.state();
        let letters = state.outbox.waiting.iter().map(|letter| letter.due);
        let due = letters.chain(state.books.next_end()).min();
        due.map(|due| {
            let left = due - self.schedule_now(&state);
            left.to_std().unwrap_or_default() / self.settings().speed.max(1)
        })
    }

    fn take_due(&self) -> Vec<(Letter, Way)> {
        let now = self.now();
        let mut state = self.state();
        let on_schedule = self.schedule_now(&state);
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut state.outbox.waiting)
            .into_iter()
            .partition(|letter| letter.due <= on_schedule);
        state.outbox.waiting = later;
        let mut leaving = Vec::new();
        for letter in due {
            match put_off(&mut state, letter, now, on_schedule) {
                PutOff::No(letter) => {
                    let way = self.way(&mut state, &letter, now);
                    state.outbox.under_way.push(letter.clone());
                    leaving.push((letter, way));
                }
                PutOff::Yes(letter) => state.outbox.waiting.push(letter),
            }
        }
        leaving
    }

    fn way(&self, state: &mut State, letter: &Letter, now: DateTime<Utc>) -> Way {
        let ways = [
            (FaultKind::Lose, Way::Lost),
            (FaultKind::Tamper, Way::Tampered),
            (FaultKind::Twice, Way::Twice),
        ];
        for (kind, way) in ways {
            if state
                .faults
                .strike(kind, &letter.out_trade_no, now)
                .is_some()
            {
                return way;
            }
        }
        let one_in = self.settings().probe_one_in;
        let number = &letter.out_trade_no;
        match letter.content {
            Content::V3(_) if state.faults.strike(FaultKind::Probe, number, now).is_some() => {
                Way::AfterProbe
            }
            Content::V3(_) if draw::chance(&self.outside().entropy, one_in) => Way::AfterProbe,
            Content::V3(_) | Content::Alipay(_) | Content::V2(_) => Way::Plain,
        }
    }

    async fn deliver(&self, letter: Letter, way: Way) {
        let sendings = match way {
            Way::Lost => vec![self.sending(&letter, Writing::Genuine, Outcome::Lost)],
            Way::Plain => vec![self.post(&letter, Writing::Genuine).await],
            Way::Tampered => vec![self.post(&letter, Writing::Tampered).await],
            Way::AfterProbe => {
                let probe = self.post(&letter, Writing::Probe).await;
                if probe.is_accepted() {
                    tracing::warn!(url = letter.url, "the shop accepted a signature probe");
                }
                vec![probe, self.post(&letter, Writing::Genuine).await]
            }
            Way::Twice => {
                let both = future::join(
                    self.post(&letter, Writing::Genuine),
                    self.post(&letter, Writing::Genuine),
                );
                let (first, second) = both.await;
                vec![first, second]
            }
        };
        self.settle(letter, sendings);
    }

    fn sending(&self, letter: &Letter, writing: Writing, outcome: Outcome) -> Sending {
        Sending {
            at: self.now(),
            about: letter.about.clone(),
            writing,
            outcome,
        }
    }

    /// Sends it once, and notes what the shop says.
    async fn post(&self, letter: &Letter, writing: Writing) -> Sending {
        let out_trade_no = &letter.out_trade_no;
        let outcome = match self.write(letter, writing) {
            Ok(call) => match self.outside().outbound.send(call).await {
                Ok(answer) if letter.content.accepted_by(answer.status, &answer.body) => {
                    Outcome::Accepted(answer.status)
                }
                Ok(answer) => Outcome::Refused(answer.status),
                Err(error) => {
                    tracing::debug!(%error, out_trade_no, "a notify did not arrive");
                    Outcome::Unreached(error.problem)
                }
            },
            Err(error) => {
                tracing::error!(%error, out_trade_no, "a notify was not written");
                Outcome::Unwritten(error.to_string())
            }
        };
        self.sending(letter, writing, outcome)
    }

    fn settle(&self, mut letter: Letter, sendings: Vec<Sending>) {
        letter.sendings += 1;
        let mut state = self.state();
        let on_schedule = self.schedule_now(&state);
        let arrived = sendings.iter().any(Sending::is_notify);
        let accepted = sendings
            .iter()
            .any(|sending| sending.is_notify() && sending.is_accepted());
        if let Some(trade) = state.books.trade_mut(letter.trade) {
            sendings.into_iter().for_each(|sending| trade.told(sending));
        }
        let under_way = &mut state.outbox.under_way;
        under_way.retain(|other| other.number != letter.number);
        if arrived {
            overtaken(&mut state, &letter, on_schedule);
        }
        if accepted {
            return;
        }
        if let Some(gap) = gap_after(letter.gateway, letter.sendings) {
            letter.due = on_schedule + TimeDelta::seconds(i64::from(gap));
            state.outbox.waiting.push(letter);
        }
    }
}

enum PutOff {
    Yes(Letter),
    No(Letter),
}

/// Lets a fault put a letter off.
fn put_off(
    state: &mut State,
    mut letter: Letter,
    now: DateTime<Utc>,
    on_schedule: DateTime<Utc>,
) -> PutOff {
    let number = letter.out_trade_no.clone();
    if letter.waits != Waits::ForNothing {
        letter.waits = Waits::ForNothing;
        return PutOff::No(letter);
    }
    if let Some(struck) = state.faults.strike(FaultKind::Delay, &number, now) {
        letter.due = on_schedule + TimeDelta::seconds(i64::from(struck.seconds_or(30)));
        return PutOff::Yes(letter);
    }
    if let Some(struck) = state.faults.strike(FaultKind::Reorder, &number, now) {
        letter.due = on_schedule + TimeDelta::seconds(i64::from(struck.seconds_or(60)));
        letter.waits = if struck.narrow {
            Waits::ForOvertakingByItsOwn
        } else {
            Waits::ForOvertakingByAny
        };
        return PutOff::Yes(letter);
    }
    PutOff::No(letter)
}

/// Lets those go that waited for this letter to leave before them.
fn overtaken(state: &mut State, by: &Letter, on_schedule: DateTime<Utc>) {
    for letter in &mut state.outbox.waiting {
        let waited = match letter.waits {
            Waits::ForOvertakingByAny => true,
            Waits::ForOvertakingByItsOwn => letter.trade == by.trade,
            Waits::ForNothing | Waits::NoLonger => false,
        };
        if waited {
            letter.due = on_schedule;
            letter.waits = Waits::NoLonger;
        }
    }
}

impl Content {
    /// Whether an answer ends the repeats, by each gateway's own rule.
    fn accepted_by(&self, status: u16, body: &[u8]) -> bool {
        match self {
            Self::Alipay(_) => status == 200 && body == b"success",
            Self::V3(_) => matches!(status, 200 | 204),
            Self::V2(_) => status == 200 && super::wechatpay_v2::says_success(body),
        }
    }
}

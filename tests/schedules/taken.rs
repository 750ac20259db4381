//! What a gateway says is taken in while all is well: each notify that was turned away then was none of
//! the gateway's, or came too late for its signature.

use crate::aftermath::{Aftermath, Found};
use crate::post::TurnedAway;
use crate::schedule::Act;
use crate::trouble::any_between;

/// How far a signature's time may lie back (「如何验证签名」), in seconds.
const WINDOW_SECS: i64 = 300;

/// Where the ports are slow and other nodes are faster each time, a command is given up after this time.
const CONTENDED_SECS: i64 = 2;

pub(crate) fn hold(aftermath: &Aftermath<'_>, found: &mut Found) {
    let record = &aftermath.record;
    let tampers = |act: &Act| {
        matches!(
            act,
            Act::Trouble {
                fault: "tamper",
                ..
            }
        )
    };
    let forged = record.schedule.steps.iter().any(|step| tampers(&step.act));
    for away in &record.turned_away {
        if is_put_off(away) {
            let contended = CONTENDED_SECS <= away.until.secs_since(away.from);
            let troubled = any_between(&record.troubles, away.from, away.until);
            found.unless(
                contended || troubled,
                "no notify is put off while all is well",
                || shown(away),
            );
        } else if !forged {
            let late = away
                .sent_secs
                .is_some_and(|sent| away.until.as_secs() - sent > WINDOW_SECS);
            found.unless(
                away.is_probe || late,
                "no genuine notify is refused",
                || shown(away),
            );
        }
    }
}

fn shown(away: &TurnedAway) -> String {
    format!("{} was answered {}: {away:?}", away.url, away.status)
}

/// Whether the gateway was told that it could not be taken in now.
fn is_put_off(away: &TurnedAway) -> bool {
    away.status >= 500
}

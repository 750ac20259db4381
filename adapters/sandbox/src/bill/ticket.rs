//! Tickets: what a gateway hands out when a bill is asked for, and takes back for the file.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};

/// How many tickets are good at a time.
const MOST: usize = 1_000;

/// The tickets that were handed out.
#[derive(Default)]
pub(crate) struct Tickets(BTreeMap<String, Ticket>);

struct Ticket {
    file: Bytes,
    until: DateTime<Utc>,
    uses: Uses,
}

/// How often a ticket can be used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Uses {
    Once,
    WhileGood,
}

impl Tickets {
    /// Hands out a ticket for a file as it is now.
    pub(crate) fn hand_out(
        &mut self,
        token: String,
        file: Vec<u8>,
        until: DateTime<Utc>,
        uses: Uses,
        now: DateTime<Utc>,
    ) {
        self.0.retain(|_, ticket| now < ticket.until);
        if self.0.len() >= MOST {
            self.0.pop_first();
        }
        let file = Bytes::from(file);
        self.0.insert(token, Ticket { file, until, uses });
    }

    /// The file of a ticket that is still good.
    pub(crate) fn take(&mut self, token: &str, now: DateTime<Utc>) -> Option<Bytes> {
        let ticket = self.0.get(token).filter(|ticket| now < ticket.until)?;
        let (file, uses) = (ticket.file.clone(), ticket.uses);
        if uses == Uses::Once {
            self.0.remove(token);
        }
        Some(file)
    }
}

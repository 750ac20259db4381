//! The figures of one row of the report: added up in memory, then added to what is stored.

use rusqlite::{Transaction, params};

use super::Added;

/// What is added to one row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) payments_started: i64,
    pub(super) payments_confirmed: i64,
    pub(super) paid_minor: i64,
    pub(super) refunds: i64,
    pub(super) refunded_minor: i64,
    pub(super) duplicates_ignored: i64,
    pub(super) exceptions: i64,
    /// What the fees are from now on, where a bill told them.
    pub(super) fee_minor: Option<i64>,
}

pub(super) fn write(tx: &Transaction<'_>, added: &Added) -> rusqlite::Result<()> {
    let mut upsert = tx.prepare_cached(
        "INSERT INTO daily VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, coalesce(?11, 0))
         ON CONFLICT (day, account, method) DO UPDATE SET
            payments_started = payments_started + ?4,
            payments_confirmed = payments_confirmed + ?5,
            paid_minor = paid_minor + ?6,
            refunds = refunds + ?7,
            refunded_minor = refunded_minor + ?8,
            duplicates_ignored = duplicates_ignored + ?9,
            exceptions = exceptions + ?10,
            fee_minor = coalesce(?11, fee_minor)",
    )?;
    for (key, sums) in added {
        upsert.execute(params![
            key.day,
            key.account.as_str(),
            key.method.as_str(),
            sums.payments_started,
            sums.payments_confirmed,
            sums.paid_minor,
            sums.refunds,
            sums.refunded_minor,
            sums.duplicates_ignored,
            sums.exceptions,
            sums.fee_minor,
        ])?;
    }
    Ok(())
}

//! The trade bill of a day 「申请交易账单」: a row for each payment and refund, every value behind a
//! backtick, and the sums of the rows at the end; gzip or plain. It is read line by line and believed
//! only as a whole: another merchant's, cut, or with a hash or sums that its rows do not give, it is
//! refused. What a row means to the events is the caller's part.

mod amounts;
mod columns;
mod day;
mod lines;
mod sums;

use std::io::{Read, Seek};

use payfold_domain::bill::{BillRow, BillSummary, RefusedBill};

use crate::WechatPayAccount;
use columns::Columns;
use day::Days;
use lines::Lines;
use sums::Sums;

/// What must be so of a bill beside what stands in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BillProof<'a> {
    /// SHA-1 of the bill before it was packed, as the gateway stated it for a download.
    pub sha1: Option<[u8; 20]>,
    /// The day that was asked for, `YYYY-MM-DD`. A bill does not say its day, its rows do.
    pub date: Option<&'a str>,
}

impl WechatPayAccount {
    /// Reads a bill and gives out each row. Nothing may rest on the rows before it is known that the
    /// whole bill stands.
    ///
    /// # Errors
    ///
    /// Where the bill is refused: with the line, what was found there, and what was expected.
    pub fn read_bill(
        &self,
        file: impl Read + Seek,
        proof: BillProof<'_>,
        mut each: impl FnMut(BillRow),
    ) -> Result<BillSummary, RefusedBill> {
        let mut lines = Lines::open(file)?;
        let Some(header) = lines.next()? else {
            return Err(RefusedBill::new(1, "the end", "the header of a trade bill"));
        };
        let columns = Columns::read(&header)?;
        let (mut sums, mut days) = (Sums::default(), Days::new(proof.date)?);
        let stated = loop {
            match lines.next()? {
                Some(line) if line.text.starts_with('`') => {
                    let cells = columns.cells(&line)?;
                    let row = cells.row(self, line.number)?;
                    sums.add(&cells, line.number)?;
                    days.add(cells.at, line.number)?;
                    each(row);
                }
                Some(line) if line.text.starts_with("总交易单数") => {
                    break line.text.into_owned();
                }
                Some(line) => {
                    // It may be the rest of a name, which is a buyer's or a shop's, and is not told.
                    let found = "a line that begins otherwise";
                    let expected = "a row behind a backtick, or the header of the sums";
                    return Err(RefusedBill::new(line.number, found, expected));
                }
                None => {
                    let at = lines.count();
                    return Err(RefusedBill::new(at, "the end", "the sums after the rows"));
                }
            }
        };
        sums.check(&stated, lines.next()?.as_ref(), &columns)?;
        let digest = lines.finish(proof.sha1)?;
        Ok(BillSummary {
            date: days.date(sums.rows())?,
            digest,
            rows: sums.rows(),
        })
    }
}

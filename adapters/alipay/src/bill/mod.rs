//! The trade bill of a day 「业务明细」: a zip with a file of rows and one of sums, both GBK, their lines
//! framed by comments. It is read line by line and believed only as a whole: another merchant's, cut,
//! or with sums that its rows do not give, it is refused. What a row means to the events is the
//! caller's part.

mod amounts;
mod archive;
mod columns;
mod cut;
mod detail;
mod frame;
mod lines;

use std::io::{Read, Seek};

use payfold_domain::bill::{BillRow, BillSummary, RefusedBill};

use crate::AlipayAccount;
use archive::Bill;

impl AlipayAccount {
    /// Reads a bill, as Alipay packs it or only its file of rows, and gives out each row. Nothing may
    /// rest on the rows before it is known that the whole bill stands.
    ///
    /// # Errors
    ///
    /// Where the bill is refused: with the line, what was found there, and what was expected.
    pub fn read_bill(
        &self,
        file: impl Read + Seek,
        mut each: impl FnMut(BillRow),
    ) -> Result<BillSummary, RefusedBill> {
        let seller_id = self.seller_id();
        let mut bill = Bill::open(file)?;
        let (frame, summary) = bill.rows(|lines| detail::read(lines, seller_id, &mut each))?;
        bill.sums(|lines| frame::read_sums(lines, &frame))?;
        Ok(summary)
    }
}

//! The file of rows: comments, the header, a row for each payment and refund, and the sums that prove
//! it whole 「业务明细」.

use std::io::BufRead;

use payfold_domain::bill::{BillRow, BillSummary, RefusedBill};
use sha2::{Digest, Sha256};

use super::columns::{Columns, Direction};
use super::frame::{Frame, Sums};
use super::lines::{Line, Lines};

/// Reads the file, and gives out each row.
pub(super) fn read(
    mut lines: Lines<impl BufRead>,
    seller_id: &str,
    each: &mut impl FnMut(BillRow),
) -> Result<(Frame, BillSummary), RefusedBill> {
    let mut reading = Reading::default();
    reading.start(&mut lines, seller_id)?;
    reading.rows(&mut lines, each)?;
    reading.end(&mut lines)?;
    let date = reading.frame.day(lines.count())?;
    let summary = BillSummary {
        date: date.format("%Y-%m-%d").to_string(),
        digest: reading.digest.finalize().into(),
        rows: reading.payments.rows + reading.refunds.rows,
    };
    Ok((reading.frame, summary))
}

#[derive(Default)]
struct Reading {
    frame: Frame,
    columns: Option<Columns>,
    payments: Sums,
    refunds: Sums,
    digest: Sha256,
}

impl Reading {
    /// The comments before the rows, and the header.
    fn start(
        &mut self,
        lines: &mut Lines<impl BufRead>,
        seller_id: &str,
    ) -> Result<(), RefusedBill> {
        const EXPECTED: &str = "#支付宝业务明细查询, the first line of a trade bill's file of rows";
        let mut first = true;
        while let Some(line) = lines.next()? {
            if first && line.text.trim() != "#支付宝业务明细查询" {
                return Err(RefusedBill::new(line.number, &line.text, EXPECTED));
            }
            first = false;
            self.digest(&line);
            if line.text.starts_with('#') {
                self.frame.read(&line)?;
                self.frame.hold_to(seller_id, line.number)?;
                continue;
            }
            self.frame.day(line.number)?;
            let columns = Columns::read(&line)?;
            if columns.have_discount() {
                self.payments.discount = Some(0);
                self.refunds.discount = Some(0);
            }
            self.columns = Some(columns);
            return Ok(());
        }
        Err(RefusedBill::new(
            lines.count(),
            "the end",
            if first { EXPECTED } else { "the header" },
        ))
    }

    /// The rows, as far as the comment that ends them.
    fn rows(
        &mut self,
        lines: &mut Lines<impl BufRead>,
        each: &mut impl FnMut(BillRow),
    ) -> Result<(), RefusedBill> {
        while let Some(line) = lines.next()? {
            self.digest(&line);
            if line.text.starts_with('#') {
                return if line.text.contains("列表结束") {
                    Ok(())
                } else {
                    Err(RefusedBill::new(
                        line.number,
                        &line.text,
                        "a row, or 业务明细列表结束",
                    ))
                };
            }
            let Some(columns) = &self.columns else {
                return Err(RefusedBill::new(
                    line.number,
                    "a row",
                    "the header before it",
                ));
            };
            let cells = columns.cells(&line)?;
            let sums = match cells.direction {
                Direction::Payment => &mut self.payments,
                Direction::Refund => &mut self.refunds,
            };
            sums.add(&cells, line.number)?;
            each(cells.row(line.number)?);
        }
        Err(RefusedBill::new(
            lines.count(),
            "the end",
            "业务明细列表结束 after the rows",
        ))
    }

    /// The sums.
    fn end(&mut self, lines: &mut Lines<impl BufRead>) -> Result<(), RefusedBill> {
        let (mut payments, mut refunds) = (0, 0);
        while let Some(line) = lines.next()? {
            self.digest(&line);
            if let Some(stated) = line.text.strip_prefix("#交易合计：") {
                self.payments.check(&line, stated)?;
                payments += 1;
            }
            if let Some(stated) = line.text.strip_prefix("#退款合计：") {
                self.refunds.check(&line, stated)?;
                refunds += 1;
            }
        }
        if (payments, refunds) == (1, 1) {
            Ok(())
        } else {
            Err(RefusedBill::new(
                lines.count(),
                format!("{payments} lines of 交易合计, {refunds} of 退款合计"),
                "one of each before the end",
            ))
        }
    }

    /// When a bill was written is no part of what it tells.
    fn digest(&mut self, line: &Line<'_>) {
        if !line.text.starts_with("#导出时间") {
            self.digest.update(line.text.as_bytes());
            self.digest.update(b"\n");
        }
    }
}

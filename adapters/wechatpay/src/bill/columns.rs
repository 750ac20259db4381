//! The columns of a bill, found by their names, for merchants differ in what they have; and the cells
//! of a row 「申请交易账单」. A row is cut at comma and backtick, for names hold commas.

use payfold_domain::bill::{
    BillEntry, BillRow, BilledPayment, BilledRefund, Movement, MovementKind, RefusedBill,
};
use payfold_domain::{AppId, Application, Currency, Money, OutTradeNo, RefundNo, Timestamp};

use super::amounts::{PARTS_OF_A_FEN, parts, rounded};
use super::lines::Line;
use crate::{WechatPayAccount, grammar};

const AMOUNT: &str = "yuan in digits with decimals";

/// Where each column stands.
pub(super) struct Columns {
    count: usize,
    at: usize,
    app_id: usize,
    mch_id: usize,
    sub_mch_id: Option<usize>,
    transaction_id: usize,
    out_trade_no: usize,
    state: usize,
    currency: usize,
    settled: usize,
    ordered: Option<usize>,
    refund_no: usize,
    refunded: usize,
    refunded_coupons: Option<usize>,
    refund_asked: Option<usize>,
    refund_state: usize,
    fee: usize,
}

/// What a row's cells say. Amounts are in hundred-thousandths of a yuan.
pub(super) struct Cells<'a> {
    pub(super) at: Timestamp,
    pub(super) settled: i64,
    pub(super) ordered: Option<i64>,
    pub(super) refunded: i64,
    pub(super) refunded_coupons: i64,
    pub(super) refund_asked: Option<i64>,
    pub(super) fee: i64,
    app_id: &'a str,
    mch_id: &'a str,
    sub_mch_id: &'a str,
    transaction_id: &'a str,
    out_trade_no: &'a str,
    state: &'a str,
    currency: &'a str,
    refund_no: &'a str,
    refund_state: &'a str,
}

impl Columns {
    /// Finds the columns in the header. A bill of payments or of refunds alone is no bill of a day.
    pub(super) fn read(header: &Line<'_>) -> Result<Self, RefusedBill> {
        let names: Vec<&str> = header.text.split(',').map(str::trim).collect();
        let find = |wanted: &[&str]| {
            let mut places = wanted
                .iter()
                .map(|name| names.iter().position(|known| known == name));
            places.find_map(|place| place)
        };
        let need = |wanted: &[&str]| {
            find(wanted).ok_or_else(|| {
                let expected = format!(
                    "the column {}, as bills of bill_type ALL have",
                    wanted.join(" or ")
                );
                RefusedBill::new(header.number, "a header without it", expected)
            })
        };
        if find(&["退款成功时间"]).is_some() {
            let found = "a bill of refunds alone";
            return Err(RefusedBill::new(
                header.number,
                found,
                "a bill of bill_type ALL",
            ));
        }
        Ok(Self {
            count: names.len(),
            at: need(&["交易时间"])?,
            app_id: need(&["公众账号ID"])?,
            mch_id: need(&["商户号"])?,
            sub_mch_id: find(&["特约商户号", "子商户号"]),
            transaction_id: need(&["微信订单号"])?,
            out_trade_no: need(&["商户订单号"])?,
            state: need(&["交易状态"])?,
            currency: need(&["货币种类"])?,
            settled: need(&["应结订单金额", "总金额"])?,
            ordered: find(&["订单金额"]),
            refund_no: need(&["商户退款单号"])?,
            refunded: need(&["退款金额"])?,
            refunded_coupons: find(&[
                "充值券退款金额",
                "代金券或立减优惠退款金额",
                "企业红包退款金额",
            ]),
            refund_asked: find(&["申请退款金额"]),
            refund_state: need(&["退款状态"])?,
            fee: need(&["手续费"])?,
        })
    }

    pub(super) fn have_ordered(&self) -> bool {
        self.ordered.is_some()
    }

    pub(super) fn have_refund_asked(&self) -> bool {
        self.refund_asked.is_some()
    }

    pub(super) fn have_refunded_coupons(&self) -> bool {
        self.refunded_coupons.is_some()
    }

    /// The cells of a row.
    pub(super) fn cells<'a>(&self, line: &'a Line<'_>) -> Result<Cells<'a>, RefusedBill> {
        let row = line.text.strip_prefix('`').unwrap_or(&line.text);
        let pieces: Vec<&str> = row.split(",`").map(str::trim).collect();
        if pieces.len() != self.count {
            let found = format!("{} cells", pieces.len());
            return Err(RefusedBill::new(line.number, found, self.count.to_string()));
        }
        let cell = |column: usize| pieces.get(column).copied().unwrap_or_default();
        let amount = |column: usize| {
            let text = cell(column);
            parts(text).ok_or_else(|| RefusedBill::new(line.number, text, AMOUNT))
        };
        let amount_if_any = |column: Option<usize>| column.map(amount).transpose();
        let at = cell(self.at);
        Ok(Cells {
            at: grammar::beijing_spaced(at, "交易时间").map_err(|_refusal| {
                let found = format!("交易时间 {at}");
                RefusedBill::new(line.number, found, "yyyy-MM-dd HH:mm:ss")
            })?,
            settled: amount(self.settled)?,
            ordered: amount_if_any(self.ordered)?,
            refunded: amount(self.refunded)?,
            refunded_coupons: amount_if_any(self.refunded_coupons)?.unwrap_or(0),
            refund_asked: amount_if_any(self.refund_asked)?,
            fee: amount(self.fee)?,
            app_id: cell(self.app_id),
            mch_id: cell(self.mch_id),
            sub_mch_id: self.sub_mch_id.map(cell).unwrap_or_default(),
            transaction_id: cell(self.transaction_id),
            out_trade_no: cell(self.out_trade_no),
            state: cell(self.state),
            currency: cell(self.currency),
            refund_no: cell(self.refund_no),
            refund_state: cell(self.refund_state),
        })
    }
}

impl Cells<'_> {
    /// What the row tells of the account.
    pub(super) fn row(
        &self,
        account: &WechatPayAccount,
        line: u64,
    ) -> Result<BillRow, RefusedBill> {
        let refused = |found: String, expected: &str| RefusedBill::new(line, found, expected);
        if self.mch_id != account.mch_id {
            let expected = format!("the account's own mch_id, {}", account.mch_id);
            return Err(refused(format!("商户号 {}", self.mch_id), &expected));
        }
        if !matches!(self.sub_mch_id, "" | "0") {
            let found = format!("特约商户号 {}", self.sub_mch_id);
            return Err(refused(found, "0, as a merchant of his own has"));
        }
        let entry = match self.number_of_ours(account) {
            Some(out_trade_no) => BillEntry::Own(self.movement(out_trade_no, line)?),
            None => BillEntry::Foreign,
        };
        Ok(BillRow {
            line,
            fee_minor: rounded(self.fee),
            entry,
        })
    }

    /// The payment's number, where the row may be about one of the account's. Of all others the sums
    /// alone need anything, so how they stand refuses no bill.
    fn number_of_ours(&self, account: &WechatPayAccount) -> Option<OutTradeNo> {
        match (self.application(account), self.number()) {
            (Some(Application::Listed(_)), Some(number)) if self.is_renminbi() => Some(number),
            _ => None,
        }
    }

    fn movement(&self, out_trade_no: OutTradeNo, line: u64) -> Result<Movement, RefusedBill> {
        let refused = |found: String, expected: &str| RefusedBill::new(line, found, expected);
        let transaction_id = grammar::transaction_id(self.transaction_id).map_err(|_refusal| {
            refused(
                format!("微信订单号 {}", self.transaction_id),
                "1 to 32 digits",
            )
        })?;
        let (kind, parts) = self.kind(line)?;
        let fits = parts >= 0 && parts % PARTS_OF_A_FEN == 0;
        if !fits {
            return Err(refused(
                format!("an amount of {}", Money::cny(rounded(parts)).to_yuan()),
                "whole fen, not negative",
            ));
        }
        Ok(Movement {
            out_trade_no,
            transaction_id,
            amount: Money::cny(parts / PARTS_OF_A_FEN),
            at: self.at,
            kind,
        })
    }

    /// A row in another currency is counted and not judged: what a bill comes to is summed in renminbi,
    /// and nothing that is started here asks for other money. One such row is no reason to refuse all
    /// others of its day.
    fn is_renminbi(&self) -> bool {
        self.currency == Currency::CNY.as_str()
    }

    fn application(&self, account: &WechatPayAccount) -> Option<Application> {
        let app_id = AppId::new(self.app_id).ok()?;
        Some(account.application(app_id))
    }

    /// `None` where no payment here can have that number.
    fn number(&self) -> Option<OutTradeNo> {
        grammar::out_trade_no(self.out_trade_no).ok()
    }

    /// In which direction the money moved, and how much.
    fn kind(&self, line: u64) -> Result<(MovementKind, i64), RefusedBill> {
        let payment = |state| {
            let amount = self.ordered.unwrap_or(self.settled);
            Ok((MovementKind::Payment(state), amount))
        };
        match self.state {
            "SUCCESS" => payment(BilledPayment::Paid),
            "REVOKED" => payment(BilledPayment::Revoked),
            "REFUND" => {
                // A number that no refund here can have is another system's: the refund is known by
                // its payment alone.
                let refund_no = match self.refund_no {
                    "" | "0" => None,
                    number => RefundNo::from_gateway(number).ok(),
                };
                let state = self.refund_state(line)?;
                let amount = self.refund_asked.unwrap_or(self.refunded);
                Ok((MovementKind::Refund { refund_no, state }, amount))
            }
            other => {
                let found = format!("交易状态 {other}");
                Err(RefusedBill::new(line, found, "SUCCESS, REFUND or REVOKED"))
            }
        }
    }

    fn refund_state(&self, line: u64) -> Result<BilledRefund, RefusedBill> {
        match self.refund_state {
            "SUCCESS" => Ok(BilledRefund::Succeeded),
            "PROCESSING" => Ok(BilledRefund::Processing),
            "FAIL" | "CHANGE" | "ABNORMAL" | "CLOSED" => Ok(BilledRefund::Failed),
            other => {
                let expected = "SUCCESS, PROCESSING, FAIL, CHANGE, ABNORMAL or CLOSED";
                Err(RefusedBill::new(
                    line,
                    format!("退款状态 {other}"),
                    expected,
                ))
            }
        }
    }
}

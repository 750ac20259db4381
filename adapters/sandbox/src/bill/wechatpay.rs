//! WeChat Pay's trade bill: text with a mark of its byte order, every value behind a backtick, the sums
//! at the end (申请交易账单).

use super::{Row, Span, What, fee, rows};
use crate::beijing;
use crate::books::{Books, Gateway, Refund, Trade};
use crate::money::{signed_yuan, yuan};

/// Which lines are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    All,
    Success,
    Refund,
}

/// A bill.
pub(crate) struct Bill<'a> {
    rows: Vec<Row<'a>>,
    kind: Kind,
    mch_id: &'a str,
}

const FRONT: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额";
const TIMES: &str = ",退款申请时间,退款成功时间";
const REFUNDED: &str = ",微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态";
const BACK: &str = ",商品名称,商户数据包,手续费,费率,订单金额";
const ASKED: &str = ",申请退款金额";
const END: &str = ",费率备注";
const SUMS: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
const SUMS_OF_PAYMENTS: &str = "总交易单数,应结订单总金额,手续费总金额,订单总金额";

impl<'a> Bill<'a> {
    pub(crate) fn of(books: &'a Books, span: Span, kind: Kind, mch_id: &'a str) -> Self {
        let mut rows = rows(books, Gateway::WechatPay, span);
        rows.retain(|row| match (kind, row.what) {
            (Kind::All, _) | (Kind::Success, What::Payment) | (Kind::Refund, What::Refund(_)) => {
                true
            }
            (Kind::Success, What::Refund(_)) | (Kind::Refund, What::Payment) => false,
        });
        Self { rows, kind, mch_id }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The whole text.
    pub(crate) fn text(&self) -> String {
        let columns = match self.kind {
            Kind::All => [FRONT, "", REFUNDED, BACK, ASKED, END].concat(),
            Kind::Success => [FRONT, "", "", BACK, "", END].concat(),
            Kind::Refund => [FRONT, TIMES, REFUNDED, BACK, ASKED, END].concat(),
        };
        let mut text = format!("\u{feff}{columns}\r\n");
        for row in &self.rows {
            text.push_str(&marked(&self.line(row)));
        }
        text.push_str(&self.sums());
        text
    }

    fn line(&self, row: &Row<'_>) -> Vec<String> {
        let trade = row.trade;
        let mut line = self.front(row);
        match (self.kind, row.what) {
            (Kind::Success, _) => {
                line.extend(back(trade, fee_of(row), yuan(trade.minor)));
            }
            (Kind::All | Kind::Refund, What::Payment) => {
                line.extend(["0", "0", "0.00", "0.00", "", ""].map(str::to_owned));
                line.extend(back(trade, fee_of(row), yuan(trade.minor)));
                line.push(yuan(0));
            }
            (kind @ (Kind::All | Kind::Refund), What::Refund(refund)) => {
                if kind == Kind::Refund {
                    line.push(beijing::plain(refund.asked));
                    line.push(arrived(refund));
                }
                line.extend(refunded(refund));
                line.extend(back(trade, fee_of(row), yuan(0)));
                line.push(yuan(refund.minor));
            }
        }
        line.push(String::new());
        line
    }

    fn front(&self, row: &Row<'_>) -> Vec<String> {
        let trade = row.trade;
        let (state, settled) = match row.what {
            What::Payment => ("SUCCESS", trade.minor),
            What::Refund(_) => ("REFUND", 0),
        };
        vec![
            beijing::plain(row.at),
            trade.terms.app_id.clone(),
            self.mch_id.to_owned(),
            "0".to_owned(),
            String::new(),
            trade.transaction_id.clone().unwrap_or_default(),
            trade.out_trade_no.clone(),
            trade.buyer.clone(),
            trade
                .wechatpay_terms()
                .map_or("NATIVE", |terms| terms.trade_type.word())
                .to_owned(),
            state.to_owned(),
            "OTHERS".to_owned(),
            "CNY".to_owned(),
            yuan(settled),
            yuan(0),
        ]
    }

    fn sums(&self) -> String {
        let (mut paid, mut refunded, mut fees) = (0, 0, 0_i128);
        for row in &self.rows {
            fees += signed_fee(row);
            match row.what {
                What::Payment => paid += row.trade.minor,
                What::Refund(refund) => refunded += refund.minor,
            }
        }
        let (count, paid, fees) = (self.rows.len().to_string(), yuan(paid), signed_yuan(fees));
        match self.kind {
            Kind::Success => {
                let sums = [count, paid.clone(), fees, paid];
                format!("{SUMS_OF_PAYMENTS}\r\n{}", marked(&sums))
            }
            Kind::All | Kind::Refund => {
                let refunded = yuan(refunded);
                let asked = refunded.clone();
                let sums = [count, paid.clone(), refunded, yuan(0), fees, paid, asked];
                format!("{SUMS}\r\n{}", marked(&sums))
            }
        }
    }
}

fn refunded(refund: &Refund) -> [String; 6] {
    [
        refund.refund_id.clone(),
        refund.refund_no.clone(),
        yuan(refund.minor),
        yuan(0),
        "ORIGINAL".to_owned(),
        refund.state().to_owned(),
    ]
}

fn arrived(refund: &Refund) -> String {
    if refund.is_back() {
        beijing::plain(refund.at())
    } else {
        String::new()
    }
}

fn back(trade: &Trade, fee: String, amount: String) -> [String; 5] {
    let attach = trade
        .wechatpay_terms()
        .map_or_else(String::new, |terms| terms.attach.clone());
    [
        trade.terms.subject.clone(),
        attach,
        fee,
        "0.60%".to_owned(),
        amount,
    ]
}

/// Fees stand with five decimals, rounded to two.
fn fee_of(row: &Row<'_>) -> String {
    format!("{}000", signed_yuan(signed_fee(row)))
}

fn signed_fee(row: &Row<'_>) -> i128 {
    match row.what {
        What::Payment => i128::from(fee(row.trade.minor)),
        What::Refund(refund) => -i128::from(fee(refund.minor)),
    }
}

fn marked(values: &[String]) -> String {
    format!("`{}\r\n", values.join(",`"))
}

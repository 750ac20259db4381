//! The columns of a bill, found by their names, for accounts differ in what they have; and the cells of
//! a row. Nothing is quoted, so a comma in a free text makes more cells than there are columns: the
//! texts get the surplus in the one way in which every other cell is what its column holds.

use payfold_domain::bill::{
    BillEntry, BillRow, BilledPayment, BilledRefund, Movement, MovementKind, RefusedBill,
};
use payfold_domain::{Money, OutTradeNo, RefundNo, Timestamp, TransactionId};

use super::amounts::fen;
use super::lines::Line;
use crate::grammar::{beijing, is_digits};

/// How many commas in free texts a row may have.
const MOST_SURPLUS: usize = 24;

/// The columns that hold free text 「业务明细」.
const FREE_TEXTS: [&str; 3] = ["商品名称", "券名称", "备注"];

/// Where each column stands.
pub(super) struct Columns {
    count: usize,
    trade_no: usize,
    out_trade_no: usize,
    kind: usize,
    finished: usize,
    amount: usize,
    received: usize,
    discount: Option<usize>,
    request_no: usize,
    fee: usize,
    /// In order.
    free_texts: Vec<usize>,
    /// Every column of amounts.
    amounts: Vec<usize>,
}

/// Whether a row is about money that came or that went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Payment,
    Refund,
}

/// What a row's cells say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cells<'a> {
    pub(super) direction: Direction,
    pub(super) received: i64,
    pub(super) discount: Option<i64>,
    trade_no: &'a str,
    out_trade_no: &'a str,
    finished: Timestamp,
    amount: i64,
    request_no: &'a str,
    fee: i64,
}

/// A cell that is not what its column holds.
struct Misfit {
    column: &'static str,
    found: String,
    expected: &'static str,
}

impl Columns {
    /// Finds the columns in the header.
    pub(super) fn read(line: &Line<'_>) -> Result<Self, RefusedBill> {
        let names: Vec<String> = line
            .text
            .split(',')
            .map(|name| name.trim().replace('（', "(").replace('）', ")"))
            .collect();
        let find = |name: &str| names.iter().position(|known| known == name);
        let need = |name: &str| {
            find(name).ok_or_else(|| {
                let found = "a header without it";
                RefusedBill::new(line.number, found, format!("the column {name}"))
            })
        };
        let all = |fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
            let fitting = names.iter().enumerate().filter(|(_, name)| fits(name));
            fitting.map(|(column, _)| column).collect()
        };
        Ok(Self {
            count: names.len(),
            trade_no: need("支付宝交易号")?,
            out_trade_no: need("商户订单号")?,
            kind: need("业务类型")?,
            finished: need("完成时间")?,
            amount: need("订单金额(元)")?,
            received: need("商家实收(元)")?,
            discount: find("商家优惠(元)"),
            request_no: match find("退款批次号/请求号") {
                Some(column) => column,
                None => need("退款批次号")?,
            },
            fee: need("服务费(元)")?,
            free_texts: all(&|name| FREE_TEXTS.contains(&name)),
            amounts: all(&|name| name.ends_with("(元)")),
        })
    }

    pub(super) fn have_discount(&self) -> bool {
        self.discount.is_some()
    }

    /// The cells of a row.
    pub(super) fn cells<'a>(&self, line: &'a Line<'_>) -> Result<Cells<'a>, RefusedBill> {
        let pieces: Vec<&str> = line.text.split(',').map(str::trim).collect();
        let surplus = match pieces.len().checked_sub(self.count) {
            Some(surplus) if surplus == 0 || self.may_have(surplus) => surplus,
            Some(_) | None => {
                let found = format!("{} cells", pieces.len());
                return Err(RefusedBill::new(
                    line.number,
                    found,
                    format!("{}", self.count),
                ));
            }
        };
        let refused = |misfit: Misfit| {
            let found = format!("{} in {}", misfit.found, misfit.column);
            RefusedBill::new(line.number, found, misfit.expected)
        };
        if surplus == 0 {
            return self.fit(&pieces, &[], Form::Any).map_err(refused);
        }
        let ways = shares(self.free_texts.len(), surplus);
        let one_way = |form| {
            let mut fitting = ways
                .iter()
                .filter_map(|share| self.fit(&pieces, share, form).ok());
            let first = fitting.next();
            if fitting.all(|other| Some(&other) == first.as_ref()) {
                return Ok(first);
            }
            let found = "commas in texts that may be cut in two ways";
            Err(RefusedBill::new(line.number, found, "one way"))
        };
        let fitting = match one_way(Form::AsPublished)? {
            Some(cells) => Some(cells),
            None => one_way(Form::Any)?,
        };
        fitting.ok_or_else(|| {
            let found = format!("{} cells", pieces.len());
            let expected = format!("{}, or more by commas in texts alone", self.count);
            RefusedBill::new(line.number, found, expected)
        })
    }

    fn may_have(&self, surplus: usize) -> bool {
        surplus <= MOST_SURPLUS && !self.free_texts.is_empty()
    }

    /// The cells, where the free texts hold these shares of the surplus.
    fn fit<'a>(
        &self,
        pieces: &[&'a str],
        shares: &[usize],
        form: Form,
    ) -> Result<Cells<'a>, Misfit> {
        let cell = |column: usize| {
            let before = self.free_texts.iter().zip(shares);
            let shift: usize = before
                .take_while(|(text, _)| **text < column)
                .map(|(_, share)| share)
                .sum();
            pieces.get(column + shift).copied().unwrap_or_default()
        };
        let amount = |column: usize, name: &'static str| {
            let amount = fen(cell(column)).filter(|_| form.has_amount(cell(column)));
            amount.ok_or_else(|| Misfit::amount(name, cell(column)))
        };
        for column in &self.amounts {
            // Some accounts leave amounts that they do not have empty.
            if !cell(*column).is_empty() {
                amount(*column, "a column of amounts")?;
            }
        }
        let direction = match cell(self.kind) {
            "交易" => Direction::Payment,
            "退款" => Direction::Refund,
            other => {
                return Err(Misfit {
                    column: "业务类型",
                    found: other.to_owned(),
                    expected: "交易 or 退款",
                });
            }
        };
        if form == Form::AsPublished && direction == Direction::Payment {
            is_empty("退款批次号/请求号", cell(self.request_no))?;
        }
        let finished = cell(self.finished);
        Ok(Cells {
            direction,
            received: amount(self.received, "商家实收(元)")?,
            discount: self.discount.and_then(|column| fen(cell(column))),
            trade_no: cell(self.trade_no),
            out_trade_no: cell(self.out_trade_no),
            finished: beijing(finished.as_bytes()).ok_or_else(|| Misfit {
                column: "完成时间",
                found: finished.to_owned(),
                expected: "yyyy-MM-dd HH:mm:ss",
            })?,
            amount: amount(self.amount, "订单金额(元)")?,
            request_no: cell(self.request_no),
            fee: amount(self.fee, "服务费(元)")?,
        })
    }
}

/// How strictly a row's cells are read. Of the ways to cut a row whose texts have commas the one is right
/// that reads as published bills do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Amounts have two decimals, and a payment has no number of a refund.
    AsPublished,
    /// Whatever can be an amount is one.
    Any,
}

impl Form {
    fn has_amount(self, text: &str) -> bool {
        let decimals = text.rsplit_once('.').map(|(_, decimals)| decimals.len());
        self == Self::Any || decimals == Some(2)
    }
}

fn is_empty(column: &'static str, text: &str) -> Result<(), Misfit> {
    if text.is_empty() {
        return Ok(());
    }
    Err(Misfit {
        column,
        found: text.to_owned(),
        expected: "nothing for 交易",
    })
}

impl Misfit {
    fn amount(column: &'static str, found: &str) -> Self {
        Self {
            column,
            found: found.to_owned(),
            expected: "yuan in digits with at most two decimals",
        }
    }
}

impl Cells<'_> {
    /// What the row tells. A number that no payment here can have is another system's of the merchant.
    pub(super) fn row(&self, line: u64) -> Result<BillRow, RefusedBill> {
        let refused = |found: String, expected: &str| RefusedBill::new(line, found, expected);
        let transaction_id = TransactionId::from_gateway(self.trade_no)
            .ok()
            .filter(|id| is_digits(id.as_str().as_bytes()))
            .ok_or_else(|| refused(format!("支付宝交易号 {}", self.trade_no), "digits"))?;
        let (minor, kind) = match self.direction {
            Direction::Payment => (self.amount, MovementKind::Payment(BilledPayment::Paid)),
            Direction::Refund => (-self.amount, self.refund()),
        };
        if minor < 0 {
            let found = format!("订单金额 {}", Money::cny(self.amount).to_yuan());
            let expected = "positive for 交易, negative for 退款";
            return Err(refused(found, expected));
        }
        let entry = match OutTradeNo::from_gateway(self.out_trade_no) {
            Ok(out_trade_no) => BillEntry::Own(Movement {
                out_trade_no,
                transaction_id,
                amount: Money::cny(minor),
                at: self.finished,
                kind,
            }),
            Err(_no_number_of_ours) => BillEntry::Foreign,
        };
        Ok(BillRow {
            line,
            fee_minor: -self.fee,
            entry,
        })
    }

    /// A number that no refund here can have is another system's: the refund is known by its payment
    /// alone.
    fn refund(&self) -> MovementKind {
        MovementKind::Refund {
            refund_no: RefundNo::from_gateway(self.request_no).ok(),
            state: BilledRefund::Succeeded,
        }
    }
}

/// Every way in which so many texts share a surplus.
fn shares(texts: usize, surplus: usize) -> Vec<Vec<usize>> {
    match texts {
        0 => Vec::new(),
        1 => vec![vec![surplus]],
        _ => (0..=surplus)
            .flat_map(|first| {
                shares(texts - 1, surplus - first)
                    .into_iter()
                    .map(move |rest| [vec![first], rest].concat())
            })
            .collect(),
    }
}

//! The columns of a bill, found by their names, for accounts differ in what they have; and the cells of
//! a row. Where texts have commas, the row is cut in the one way in which every cell is what its column
//! holds.

use payfold_domain::bill::{
    BillEntry, BillRow, BilledPayment, BilledRefund, Movement, MovementKind, RefusedBill,
};
use payfold_domain::{Money, OutTradeNo, RefundNo, Timestamp, TransactionId};

use super::amounts::fen;
use super::cut::{self, Layout, MOST_COLUMNS, TwoWays};
use super::lines::Line;
use crate::grammar::{beijing, is_digits};

/// The columns that hold the shop's free text 「业务明细」, which can say anything.
const FREE_TEXTS: [&str; 3] = ["商品名称", "券名称", "备注"];

/// The columns that hold names of people and places.
const NAMES: [&str; 3] = ["门店名称", "操作员", "对方账户"];

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
    /// Every column of amounts.
    amounts: Vec<usize>,
    layout: Layout,
}

/// Whether a row is about money that came or that went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Payment,
    Refund,
}

impl Direction {
    const BOTH: [Self; 2] = [Self::Payment, Self::Refund];

    /// What stands in 业务类型.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Payment => "交易",
            Self::Refund => "退款",
        }
    }
}

/// What a row's cells say.
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
        if names.len() > MOST_COLUMNS {
            let (found, expected) = (names.len(), format!("at most {MOST_COLUMNS}"));
            return Err(RefusedBill::new(
                line.number,
                format!("{found} columns"),
                expected,
            ));
        }
        let find = |name: &str| names.iter().position(|known| known == name);
        let need = |name: &str| {
            find(name).ok_or_else(|| {
                let found = "a header without it";
                RefusedBill::new(line.number, found, format!("the column {name}"))
            })
        };
        let mut columns = Self {
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
            amounts: all(&names, |name| name.ends_with("(元)")),
            layout: Layout::default(),
        };
        columns.layout = columns.lay_out(&names);
        Ok(columns)
    }

    /// What each column holds.
    fn lay_out(&self, names: &[String]) -> Layout {
        let full = [self.amount, self.received, self.fee];
        let read = [
            self.trade_no,
            self.out_trade_no,
            self.kind,
            self.finished,
            self.request_no,
        ];
        let free = cut::set(all(names, |name| FREE_TEXTS.contains(&name)));
        Layout {
            count: self.count,
            read: cut::set(read.into_iter().chain(full).chain(self.discount)),
            kind: cut::set([self.kind]),
            created: cut::set(all(names, |name| name == "创建时间")),
            finished: cut::set([self.finished]),
            amounts: cut::set(self.amounts.iter().copied()),
            full: cut::set(full),
            request_no: cut::set([self.request_no]),
            texts: free | cut::set(all(names, |name| NAMES.contains(&name))),
            free,
            last: cut::set(self.count.checked_sub(1)),
        }
    }

    pub(super) fn have_discount(&self) -> bool {
        self.discount.is_some()
    }

    /// The cells of a row.
    pub(super) fn cells<'a>(&self, line: &'a Line<'_>) -> Result<Cells<'a>, RefusedBill> {
        let pieces: Vec<&str> = line.text.split(',').map(str::trim).collect();
        if pieces.len() == self.count {
            return self.fit(&pieces).map_err(|misfit| misfit.at(line));
        }
        match self.layout.cut(&pieces) {
            Ok(Some(cells)) => self.fit(&cells).map_err(|misfit| misfit.at(line)),
            Ok(None) => {
                let found = format!("{} cells", pieces.len());
                let expected = format!("{}, or more by commas in texts alone", self.count);
                Err(RefusedBill::new(line.number, found, expected))
            }
            Err(TwoWays) => {
                let found = "commas in texts that may be cut in two ways";
                Err(RefusedBill::new(line.number, found, "one way"))
            }
        }
    }

    /// What the cells say, one for each column.
    fn fit<'a>(&self, cells: &[&'a str]) -> Result<Cells<'a>, Misfit> {
        let cell = |column: usize| cells.get(column).copied().unwrap_or_default();
        let amount = |column: usize, name: &'static str| {
            fen(cell(column)).ok_or_else(|| Misfit::amount(name, cell(column)))
        };
        for column in &self.amounts {
            // Some accounts leave amounts that they do not have empty.
            if !cell(*column).is_empty() {
                amount(*column, "a column of amounts")?;
            }
        }
        let kind = cell(self.kind);
        let direction = Direction::BOTH
            .into_iter()
            .find(|direction| direction.word() == kind)
            .ok_or_else(|| Misfit {
                column: "业务类型",
                found: kind.to_owned(),
                expected: "交易 or 退款",
            })?;
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

impl Misfit {
    fn amount(column: &'static str, found: &str) -> Self {
        Self {
            column,
            found: found.to_owned(),
            expected: "yuan in digits with at most two decimals",
        }
    }

    fn at(self, line: &Line<'_>) -> RefusedBill {
        let found = format!("{} in {}", self.found, self.column);
        RefusedBill::new(line.number, found, self.expected)
    }
}

/// The columns with such names.
fn all(names: &[String], fits: impl Fn(&str) -> bool) -> Vec<usize> {
    let fitting = names.iter().enumerate().filter(|(_, name)| fits(name));
    fitting.map(|(column, _)| column).collect()
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

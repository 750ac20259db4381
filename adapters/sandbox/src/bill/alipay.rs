//! Alipay's bill of a merchant's business: a ZIP of two files, the lines and their sums (对账说明).

use std::io::Error;

use chrono::{DateTime, Utc};

use super::{Row, Span, What, fee, rows};
use crate::beijing;
use crate::books::{Books, Gateway};
use crate::money::{signed_yuan, yuan};

const COLUMNS: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";

const SUM_COLUMNS: &str = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）";

/// A bill, if anything happened in these days.
pub(crate) struct Bill<'a> {
    rows: Vec<Row<'a>>,
    span: Span,
    seller_id: &'a str,
}

/// Count and amount of the payments, and of the refunds.
#[derive(Default)]
struct Sums {
    payments: u64,
    paid: u64,
    refunds: u64,
    refunded: u64,
    /// What Alipay kept less what it gave back, in fen.
    fees: i128,
}

impl<'a> Bill<'a> {
    pub(crate) fn of(books: &'a Books, span: Span, seller_id: &'a str) -> Self {
        let rows = rows(books, Gateway::Alipay, span);
        Self {
            rows,
            span,
            seller_id,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// `20880…0156_20260105`: the account, and the day or month.
    pub(crate) fn stem(&self) -> String {
        let Span { first, end } = self.span;
        let dates = if first.succ_opt() == Some(end) {
            first.format("%Y%m%d").to_string()
        } else {
            first.format("%Y%m").to_string()
        };
        format!("{}0156_{dates}", self.seller_id)
    }

    /// The file, as Alipay made it at that time.
    pub(crate) fn packed(&self, at: DateTime<Utc>) -> Result<Vec<u8>, Error> {
        let stem = self.stem();
        let files = [
            (format!("{stem}_业务明细.csv"), self.lines(at)),
            (format!("{stem}_业务明细(汇总).csv"), self.summary(at)),
        ];
        super::archive::packed(&files, at)
    }

    fn lines(&self, at: DateTime<Utc>) -> String {
        let sums = self.sums();
        let mut lines = self.head("业务明细");
        lines.push(format!(
            "#{0}业务明细列表{1}",
            "-".repeat(41),
            "-".repeat(40)
        ));
        lines.push(COLUMNS.to_owned());
        lines.extend(self.rows.iter().map(line));
        lines.push(format!(
            "#{0}业务明细列表结束{1}",
            "-".repeat(41),
            "-".repeat(36)
        ));
        lines.push(format!(
            "#交易合计：{}笔，商家实收共{}元，商家优惠共0.00元",
            sums.payments,
            yuan(sums.paid)
        ));
        lines.push(format!(
            "#退款合计：{}笔，商家实收退款共{}元，商家优惠退款共0.00元",
            sums.refunds,
            minus(sums.refunded)
        ));
        lines.push(exported(at));
        ended(&lines)
    }

    fn summary(&self, at: DateTime<Utc>) -> String {
        let sums = self.sums();
        let net = i128::from(sums.paid) - i128::from(sums.refunded);
        let fees = signed_yuan(-sums.fees);
        let after_fees = signed_yuan(net - sums.fees);
        let net = signed_yuan(net);
        let mut lines = self.head("业务汇总");
        lines.push(format!(
            "#{0}业务汇总列表{1}",
            "-".repeat(41),
            "-".repeat(40)
        ));
        lines.push(SUM_COLUMNS.to_owned());
        lines.push(format!(
            "合计\t,\t,{},{},{net},{net},0.00,0.00,0.00,{fees},0.00,{after_fees}",
            sums.payments, sums.refunds
        ));
        lines.push(format!(
            "#{0}业务汇总列表结束{1}",
            "-".repeat(41),
            "-".repeat(36)
        ));
        lines.push(exported(at));
        ended(&lines)
    }

    fn head(&self, what: &str) -> Vec<String> {
        let time = |day: chrono::NaiveDate| day.format("%Y年%m月%d日 00:00:00");
        vec![
            format!("#支付宝{what}查询"),
            format!("#账号：[{}0156]", self.seller_id),
            format!(
                "#起始日期：[{}]   终止日期：[{}]",
                time(self.span.first),
                time(self.span.end)
            ),
        ]
    }

    fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for row in &self.rows {
            match row.what {
                What::Payment => {
                    sums.payments += 1;
                    sums.paid += row.trade.minor;
                    sums.fees += i128::from(fee(row.trade.minor));
                }
                What::Refund(refund) => {
                    sums.refunds += 1;
                    sums.refunded += refund.minor;
                    sums.fees -= i128::from(fee(refund.minor));
                }
            }
        }
        sums
    }
}

fn line(row: &Row<'_>) -> String {
    let (kind, amount, request_no, charged) = match row.what {
        What::Payment => {
            let minor = row.trade.minor;
            ("交易", yuan(minor), "", minus(fee(minor)))
        }
        What::Refund(refund) => (
            "退款",
            minus(refund.minor),
            refund.refund_no.as_str(),
            yuan(fee(refund.minor)),
        ),
    };
    let trade = row.trade;
    format!(
        "{}\t,{}\t,{kind}\t,{},{},{},\t,\t,\t,\t,*沙(san***@sandbox.com)\t,{amount},{amount},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,{request_no}\t,{charged},0.00,",
        trade.transaction_id.as_deref().unwrap_or_default(),
        trade.out_trade_no,
        trade.terms.subject,
        beijing::plain(trade.created),
        beijing::plain(row.at),
    )
}

fn exported(at: DateTime<Utc>) -> String {
    let at = beijing::local(at).format("%Y年%m月%d日 %H:%M:%S");
    format!("#导出时间：[{at}]")
}

fn ended(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\r\n")).collect()
}

fn minus(minor: u64) -> String {
    signed_yuan(-i128::from(minor))
}

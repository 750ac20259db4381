//! The gateways' bills of a day, in the forms that they publish: Alipay's file of rows between its
//! comments, WeChat Pay's with a backtick before each value, both with their sums.

use super::{Alipay, Paid, WechatPay};

/// A row of a bill.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BillRow<'a> {
    /// `yyyy-MM-dd HH:mm:ss` in Beijing.
    pub(crate) at: &'a str,
    pub(crate) out_trade_no: &'a str,
    pub(crate) transaction_id: &'a str,
    pub(crate) minor: i64,
    pub(crate) what: Billed<'a>,
    /// Of another application of the merchant's, where the bill names it.
    pub(crate) app_id: Option<&'a str>,
}

/// What a row is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Billed<'a> {
    /// Money that came, in the word of WeChat Pay: `SUCCESS` or `REVOKED`.
    Payment(&'a str),
    /// Money that went back, by its number and the word of WeChat Pay for how it stands.
    Refund(&'a str, &'a str),
}

impl<'a> BillRow<'a> {
    /// A payment of one fen's fee.
    pub(crate) fn payment(at: &'a str, paid: &Paid<'a>) -> Self {
        Self {
            at,
            out_trade_no: paid.out_trade_no,
            transaction_id: paid.transaction_id,
            minor: paid.minor,
            what: Billed::Payment("SUCCESS"),
            app_id: None,
        }
    }

    /// A refund of so much of that payment, with the buyer; of one fen's fee, too.
    pub(crate) fn refund(at: &'a str, paid: &Paid<'a>, refund_no: &'a str, minor: i64) -> Self {
        Self {
            minor,
            what: Billed::Refund(refund_no, "SUCCESS"),
            ..Self::payment(at, paid)
        }
    }
}

/// Payments and refunds: how many, and what they come to.
#[derive(Default)]
struct Sums {
    payments: usize,
    paid: i64,
    refunds: usize,
    refunded: i64,
}

impl Sums {
    fn of(rows: &[BillRow<'_>]) -> Self {
        let mut sums = Self::default();
        for row in rows {
            match row.what {
                Billed::Payment(_) => {
                    sums.payments += 1;
                    sums.paid += row.minor;
                }
                Billed::Refund(..) => {
                    sums.refunds += 1;
                    sums.refunded += row.minor;
                }
            }
        }
        sums
    }
}

impl WechatPay {
    /// The trade bill of a day, in plain text.
    pub(crate) fn bill(&self, rows: &[BillRow<'_>]) -> String {
        const COLUMNS: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
        const SUMS: &str = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
        let mut text = format!("\u{feff}{COLUMNS}\r\n");
        for row in rows {
            let (mch_id, minor) = (&self.mch_id, yuan(row.minor));
            let app_id = row.app_id.unwrap_or(&self.app_id);
            let BillRow {
                at,
                transaction_id,
                out_trade_no,
                ..
            } = row;
            let front = format!(
                "`{at},`{app_id},`{mch_id},`0,`,`{transaction_id},`{out_trade_no},`o-buyer,`NATIVE"
            );
            text += &match row.what {
                Billed::Payment(state) => format!(
                    "{front},`{state},`OTHERS,`CNY,`{minor},`0.00,`0,`0,`0.00,`0.00,`,`,`茶,`,`0.01000,`0.60%,`{minor},`0.00,`\r\n"
                ),
                Billed::Refund(refund_no, state) => format!(
                    "{front},`REFUND,`OTHERS,`CNY,`0.00,`0.00,`5000,`{refund_no},`{minor},`0.00,`ORIGINAL,`{state},`茶,`,`0.01000,`0.60%,`0.00,`{minor},`\r\n"
                ),
            };
        }
        let sums = Sums::of(rows);
        let (count, paid, refunded) = (rows.len(), yuan(sums.paid), yuan(sums.refunded));
        let fees = format!("0.{count:02}");
        text + &format!(
            "{SUMS}\r\n`{count},`{paid},`{refunded},`0.00,`{fees},`{paid},`{refunded}\r\n"
        )
    }
}

impl Alipay {
    /// The file of rows of the trade bill of a day, `yyyy-MM-dd`. Its rows name no application.
    pub(crate) fn bill(&self, date: &str, rows: &[BillRow<'_>]) -> String {
        const COLUMNS: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";
        let day = |date: chrono::NaiveDate| date.format("%Y年%m月%d日 00:00:00").to_string();
        let date: chrono::NaiveDate = date.parse().unwrap();
        let (first, last) = (day(date), day(date.succ_opt().unwrap()));
        let mut text = format!(
            "#支付宝业务明细查询\r\n#账号：[{}0156]\r\n#起始日期：[{first}]   终止日期：[{last}]\r\n#------业务明细列表------\r\n{COLUMNS}\r\n",
            self.seller_id
        );
        for row in rows {
            let BillRow {
                at,
                transaction_id,
                out_trade_no,
                ..
            } = row;
            let (kind, sign, refund_no) = match row.what {
                Billed::Payment(_) => ("交易", "", ""),
                Billed::Refund(refund_no, _) => ("退款", "-", refund_no),
            };
            let minor = format!("{sign}{}", yuan(row.minor));
            text += &format!(
                "{transaction_id}\t,{out_trade_no}\t,{kind}\t,茶,{at},{at},\t,\t,\t,\t,*三(139****00)\t,{minor},{minor},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,{refund_no}\t,-0.01,0.00,\r\n"
            );
        }
        let sums = Sums::of(rows);
        let refunded = match sums.refunded {
            0 => yuan(0),
            some => format!("-{}", yuan(some)),
        };
        text + &format!(
            "#------业务明细列表结束------\r\n#交易合计：{}笔，商家实收共{}元，商家优惠共0.00元\r\n#退款合计：{}笔，商家实收退款共{refunded}元，商家优惠退款共0.00元\r\n#导出时间：[2026年01月06日 05:46:49]\r\n",
            sums.payments,
            yuan(sums.paid),
            sums.refunds,
        )
    }
}

fn yuan(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

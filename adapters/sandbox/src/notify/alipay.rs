//! Alipay's notify and return: a form signed by V1, over all fields but `sign` and `sign_type`.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Unwritten, Writing};
use crate::alipay::form::{Pairs, charset};
use crate::beijing;
use crate::books::{Refund, Standing, Trade};
use crate::draw;
use crate::money::yuan;
use crate::outside::Call;
use crate::sandbox::Sandbox;
use crate::sign::base64_signature;

/// How long Alipay waits for an answer. Its true patience is not published.
const PATIENCE: Duration = Duration::from_secs(10);

/// The fields of one notify, in the merchant's charset, but for the time of sending.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Form {
    charset: String,
    fields: Vec<(String, String)>,
}

/// A field's name and value.
type Field = (&'static str, String);

/// A payment's notify.
pub(super) fn payment(sandbox: &Sandbox, trade: &Trade) -> Form {
    Form::of(trade, about(sandbox, trade))
}

/// A refund's notify: what was given back in all, and by which request.
pub(super) fn refund(sandbox: &Sandbox, trade: &Trade, refund: &Refund) -> Form {
    let mut fields = about(sandbox, trade);
    fields.extend([
        ("refund_fee", yuan(trade.refunded())),
        ("gmt_refund", format!("{}.000", beijing::plain(refund.at()))),
        ("out_biz_no", refund.refund_no.clone()),
    ]);
    // What can no longer be given back had its close told before.
    if trade.refunded() >= trade.minor && trade.finished.is_none() {
        fields.push(("gmt_close", beijing::plain(refund.at())));
    }
    Form::of(trade, fields)
}

fn about(sandbox: &Sandbox, trade: &Trade) -> Vec<Field> {
    let now = sandbox.now();
    let terms = trade.alipay_terms();
    let notify_id = format!(
        "{}{}",
        beijing::day(now),
        draw::digits(&sandbox.outside().entropy, 26)
    );
    let mut fields = vec![
        ("gmt_create", beijing::plain(trade.created)),
        (
            "charset",
            terms.map_or("utf-8", |terms| &terms.charset).to_owned(),
        ),
        ("subject", trade.terms.subject.clone()),
        (buyer_field(trade), trade.buyer.clone()),
        ("buyer_logon_id", "san***@sandbox.com".to_owned()),
        ("version", "1.0".to_owned()),
        ("notify_id", notify_id),
        ("notify_type", "trade_status_sync".to_owned()),
        ("out_trade_no", trade.out_trade_no.clone()),
        ("total_amount", yuan(trade.minor)),
        ("trade_status", trade.state().to_owned()),
        ("trade_no", trade.transaction_id.clone().unwrap_or_default()),
        ("auth_app_id", trade.terms.app_id.clone()),
        ("app_id", trade.terms.app_id.clone()),
        ("seller_id", sandbox.keys().alipay.seller_id.clone()),
    ];
    match trade.standing {
        Standing::Waiting => {}
        Standing::Paid(at) => {
            fields.extend(brought(trade));
            fields.push(("gmt_payment", beijing::plain(at)));
            if let Some(at) = trade.finished {
                fields.push(("gmt_close", beijing::plain(at)));
            }
        }
        Standing::Closed(at) => fields.push(("gmt_close", beijing::plain(at))),
    }
    if let Some(body) = terms.and_then(|terms| terms.body.clone()) {
        fields.push(("body", body));
    }
    if let Some(passback) = terms.and_then(|terms| terms.passback_params.clone()) {
        fields.push(("passback_params", passback));
    }
    fields
}

/// What a trade brought that was paid.
fn brought(trade: &Trade) -> [Field; 5] {
    let amount = yuan(trade.minor);
    let bill = format!(r#"[{{"amount":"{amount}","fundChannel":"ALIPAYACCOUNT"}}]"#);
    [
        ("fund_bill_list", bill),
        ("point_amount", "0.00".to_owned()),
        ("invoice_amount", amount.clone()),
        ("receipt_amount", amount.clone()),
        ("buyer_pay_amount", amount),
    ]
}

fn buyer_field(trade: &Trade) -> &'static str {
    if trade.has_open_id() {
        "buyer_open_id"
    } else {
        "buyer_id"
    }
}

impl Form {
    fn of(trade: &Trade, fields: Vec<Field>) -> Self {
        let fields = fields.into_iter();
        Self {
            charset: trade
                .alipay_terms()
                .map_or("utf-8", |terms| &terms.charset)
                .to_owned(),
            fields: fields
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        }
    }

    pub(super) fn write(
        &self,
        sandbox: &Sandbox,
        url: &str,
        writing: Writing,
    ) -> Result<Call, Unwritten> {
        let mut fields = self.fields.clone();
        fields.push(("notify_time".to_owned(), beijing::plain(sandbox.now())));
        let mut pairs = signed(sandbox, fields, &self.charset)?;
        if writing != Writing::Genuine {
            pairs.replace("out_trade_no", "another_order");
        }
        Ok(Call {
            method: http::Method::POST,
            url: url.to_owned(),
            headers: vec![
                (
                    "content-type",
                    format!(
                        "application/x-www-form-urlencoded; charset={}",
                        self.charset
                    ),
                ),
                ("user-agent", "Mozilla/4.0".to_owned()),
            ],
            body: Bytes::from(pairs.encoded()),
            deadline: PATIENCE,
        })
    }
}

/// The query string with which a buyer's browser returns to the shop.
pub(crate) fn signed_return(sandbox: &Sandbox, trade: &Trade) -> Result<String, Unwritten> {
    let terms = trade.alipay_terms();
    let charset = terms.map_or("utf-8", |terms| &terms.charset);
    let method = terms.map_or("alipay.trade.page.pay", |terms| &terms.method);
    let fields = vec![
        ("charset", charset.to_owned()),
        ("out_trade_no", trade.out_trade_no.clone()),
        ("method", format!("{method}.return")),
        ("total_amount", yuan(trade.minor)),
        ("trade_no", trade.transaction_id.clone().unwrap_or_default()),
        ("auth_app_id", trade.terms.app_id.clone()),
        ("version", "1.0".to_owned()),
        ("app_id", trade.terms.app_id.clone()),
        ("seller_id", sandbox.keys().alipay.seller_id.clone()),
        ("timestamp", beijing::plain(sandbox.now())),
    ];
    Ok(signed(sandbox, fields, charset)?.encoded())
}

fn signed(
    sandbox: &Sandbox,
    fields: impl IntoIterator<Item = (impl Into<String>, String)>,
    charset_name: &str,
) -> Result<Pairs, Unwritten> {
    let mut pairs = Pairs::write(fields, charset(charset_name.as_bytes()));
    let mode = sandbox.state().alipay_mode;
    let sign = base64_signature(sandbox.alipay_signer(mode), &pairs.signed_text(&[]))?;
    pairs.push("sign_type", "RSA2".to_owned());
    pairs.push("sign", sign);
    Ok(pairs)
}

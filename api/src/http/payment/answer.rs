//! A payment as callers see it, and what its buyer does to pay.

use payfold_domain::order::{Payment, PlacedOrder, Refund};
use payfold_domain::{Method, Timestamp};
use payfold_wechatpay::{AppParameters, JsapiParameters};
use serde::Serialize;

use crate::app::{Action, App, Freshness, SdkParams};
use crate::http::instant;
use crate::http::order::answer::{Actions, MoneyAnswer};
use crate::http::problem::Problem;

/// A payment.
#[derive(Serialize)]
pub(crate) struct PaymentAnswer {
    account: String,
    method: &'static str,
    out_trade_no: String,
    status: &'static str,
    amount: MoneyAnswer,
    transaction_id: Option<String>,
    paid_at: Option<String>,
    expires_at: Option<String>,
    refunds: Vec<RefundAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<ActionAnswer>,
}

/// A refund.
#[derive(Serialize)]
pub(crate) struct RefundAnswer {
    refund_no: String,
    minor: i64,
    reason: Option<String>,
    status: &'static str,
    requested_at: String,
    succeeded_at: Option<String>,
}

/// What the buyer does to pay.
#[derive(Serialize)]
pub(crate) struct ActionAnswer {
    #[serde(flatten)]
    step: Step,
    /// The `rt` of the return.
    #[serde(skip_serializing_if = "Option::is_none")]
    return_token: Option<String>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Step {
    Redirect {
        url: String,
        expires_at: String,
    },
    Qr {
        content: String,
        expires_at: String,
    },
    Sdk {
        params: SdkAnswer,
        expires_at: String,
    },
    None,
}

/// What a gateway's SDK takes, by the SDK's own names.
#[derive(Serialize)]
#[serde(untagged)]
enum SdkAnswer {
    OrderString { order_string: String },
    TradeNo { trade_no: String },
    Jsapi(JsapiParameters),
    App(AppParameters),
}

/// The payment as callers with a key see it.
pub(crate) async fn payment_answer(
    app: &App,
    order: &PlacedOrder,
    payment: &Payment,
    actions: Actions,
) -> Result<PaymentAnswer, Problem> {
    let action = match actions {
        Actions::Shown(freshness) => Some(action_of(app, order, payment, freshness).await?),
        Actions::LeftOut => None,
    };
    let money = payment.shown_transaction();
    Ok(PaymentAnswer {
        account: payment.payment.account.to_string(),
        method: payment.method.as_str(),
        out_trade_no: payment.payment.out_trade_no.to_string(),
        status: order.payment_status(payment).as_str(),
        amount: payment.asked.into(),
        transaction_id: money.map(|money| money.transaction_id.to_string()),
        paid_at: money.map(|money| instant::write(money.paid_at)),
        expires_at: payment.expires_at.map(instant::write),
        refunds: payment.refunds.iter().map(RefundAnswer::from).collect(),
        action,
    })
}

/// What the buyer does to pay, as old or as fresh as asked for.
pub(crate) async fn action_of(
    app: &App,
    order: &PlacedOrder,
    payment: &Payment,
    freshness: Freshness,
) -> Result<ActionAnswer, Problem> {
    let step = Step::from(app.action(order, payment, freshness).await?);
    let carries_token = match payment.method {
        Method::AlipayPage
        | Method::AlipayWap
        | Method::AlipayApp
        | Method::AlipayJsapi
        | Method::AlipayQr
        | Method::Unknown => false,
        Method::WechatpayNative
        | Method::WechatpayJsapi
        | Method::WechatpayMini
        | Method::WechatpayH5
        | Method::WechatpayApp
        | Method::External => true,
    };
    let return_token = carries_token.then(|| app.tokens.return_token(&payment.payment));
    Ok(ActionAnswer { step, return_token })
}

impl From<Action> for Step {
    fn from(action: Action) -> Self {
        let until = |instant: Timestamp| instant::write(instant);
        match action {
            Action::Redirect { url, expires_at } => Self::Redirect {
                url,
                expires_at: until(expires_at),
            },
            Action::Qr {
                content,
                expires_at,
            } => Self::Qr {
                content,
                expires_at: until(expires_at),
            },
            Action::Sdk { params, expires_at } => Self::Sdk {
                params: params.into(),
                expires_at: until(expires_at),
            },
            Action::None => Self::None,
        }
    }
}

impl From<SdkParams> for SdkAnswer {
    fn from(params: SdkParams) -> Self {
        match params {
            SdkParams::OrderString(order_string) => Self::OrderString { order_string },
            SdkParams::TradeNo(trade_no) => Self::TradeNo { trade_no },
            SdkParams::Jsapi(params) => Self::Jsapi(params),
            SdkParams::App(params) => Self::App(params),
        }
    }
}

impl From<&Refund> for RefundAnswer {
    fn from(refund: &Refund) -> Self {
        Self {
            refund_no: refund.refund_no.to_string(),
            minor: refund.amount.minor,
            reason: refund.reason.clone(),
            status: refund.status.as_str(),
            requested_at: instant::write(refund.requested_at),
            succeeded_at: refund.succeeded_at.map(instant::write),
        }
    }
}

//! Closing a payment at its gateway. A buyer may pay meanwhile, so whatever the gateway says to it, only
//! a query says how the payment stands.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use payfold_alipay::Call;
use payfold_domain::{PaymentRef, Timestamp, Verdict};
use payfold_wechatpay::{Proof, Reply};

use super::{CallKind, not_now, unknown, unknown_at_alipay, unsigned};
use crate::app::accounts::{Account, GatewayAccount};
use crate::app::{App, AppError};

impl App {
    /// Asks a gateway to close a payment. That it answered says nothing of how the payment stands.
    pub(crate) async fn close(
        &self,
        account: &Arc<Account>,
        payment: &PaymentRef,
    ) -> Result<(), AppError> {
        let number = payment.out_trade_no.clone();
        self.exchange(
            account,
            CallKind::Close,
            move |account, now, nonce| match &account.gateway {
                GatewayAccount::Alipay(alipay) => {
                    alipay.close_request(&number, now).map_err(unsigned)
                }
                GatewayAccount::WechatPay(wechatpay) => wechatpay
                    .close_request(&number, now, nonce)
                    .map_err(unsigned),
            },
            |answer, now| heard(account, answer, now),
        )
        .await
    }
}

fn heard(account: &Account, answer: &Response<Bytes>, now: Timestamp) -> Result<(), AppError> {
    let refusal = match &account.gateway {
        GatewayAccount::Alipay(alipay) => {
            let reply = alipay.verify_response(Call::Close, answer.status(), answer.body());
            match reply.map_err(unknown_at_alipay)? {
                payfold_alipay::Reply::Done(_) => None,
                payfold_alipay::Reply::Refused { verdict, code, .. } => {
                    Some((verdict, code, Proof::Signed))
                }
            }
        }
        GatewayAccount::WechatPay(wechatpay) => {
            let reply =
                wechatpay.verify_response(answer.status(), answer.headers(), answer.body(), now);
            match reply.map_err(unknown)? {
                Reply::Done(_) => None,
                Reply::Refused {
                    verdict,
                    code,
                    proof,
                    message: _,
                } => Some((verdict, code, proof)),
            }
        }
    };
    match refusal {
        Some((Verdict::AskAgain, code, proof)) => Err(not_now(code, proof)),
        // Paid, closed already, or not there: the query tells.
        Some((Verdict::NotThere | Verdict::NeedsAction | Verdict::No, ..)) | None => Ok(()),
    }
}

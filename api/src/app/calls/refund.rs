//! Asking a gateway to give money back, and how that stands. A refund has one number for ever: whatever
//! came of a call, the same number is sent again.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use payfold_alipay::{Call, CallFault, RefundAnswer};
use payfold_domain::{
    Authentic, Message, Money, PaymentRef, RefundNo, Timestamp, TransactionId, Verdict,
};
use payfold_wechatpay::{Proof, Reply};

use super::{CallKind, answer_evidence, not_now, unknown, unknown_at_alipay, unsigned};
use crate::app::accounts::{Account, GatewayAccount};
use crate::app::handle::Proven;
use crate::app::{App, AppError};

/// How many characters of a reason a gateway takes 「退款申请」.
const REASON_CHARACTERS: usize = 80;

/// Money that is to be given back.
#[derive(Debug, Clone)]
pub(crate) struct RefundCall {
    /// The payment it is given back out of.
    pub(crate) payment: PaymentRef,
    /// The money of that payment.
    pub(crate) transaction_id: TransactionId,
    /// Its number.
    pub(crate) refund_no: RefundNo,
    /// How much.
    pub(crate) amount: Money,
    /// What the payment brought.
    pub(crate) paid: Money,
    /// Why, for the buyer to read.
    pub(crate) reason: Option<String>,
}

/// What a gateway says to a refund, or of it.
#[derive(Debug)]
pub(crate) enum AskedBack {
    /// Facts.
    Said(Box<Message>, Box<Proven>),
    /// It does not know the refund, or not yet.
    NotThere,
    /// It wants a person to act first; the refund keeps its number.
    NeedsAction,
    /// It refuses, and says so under its signature.
    No,
    /// It answers under its signature, and what came of the call is not to be known by that.
    Undecided,
}

impl RefundCall {
    fn request(
        &self,
        account: &Account,
        notify_url: &str,
        now: Timestamp,
        nonce: &str,
    ) -> Result<Request<Bytes>, AppError> {
        let reason: Option<String> = self
            .reason
            .as_ref()
            .map(|reason| reason.chars().take(REASON_CHARACTERS).collect());
        match &account.gateway {
            GatewayAccount::Alipay(alipay) => alipay
                .refund_request(&payfold_alipay::RefundRequest {
                    out_trade_no: &self.payment.out_trade_no,
                    transaction_id: &self.transaction_id,
                    refund_no: &self.refund_no,
                    amount: self.amount,
                    reason: reason.as_deref(),
                    now,
                })
                .map_err(unsigned),
            GatewayAccount::WechatPay(wechatpay) => wechatpay
                .refund_request(&payfold_wechatpay::RefundRequest {
                    transaction_id: &self.transaction_id,
                    refund_no: &self.refund_no,
                    amount: self.amount,
                    paid: self.paid,
                    reason: reason.as_deref(),
                    notify_url,
                    now,
                    nonce,
                })
                .map_err(unsigned),
        }
    }
}

impl App {
    /// Asks a gateway to give money back.
    pub(crate) async fn refund(
        &self,
        account: &Arc<Account>,
        call: &RefundCall,
    ) -> Result<AskedBack, AppError> {
        let (payment, refund_no) = (call.payment.clone(), call.refund_no.clone());
        let call = call.clone();
        let notify_url = self.settings.notify_url(&account.name);
        self.exchange(
            account,
            CallKind::Refund,
            move |account, now, nonce| call.request(account, &notify_url, now, nonce),
            |answer, now| read(account, Call::Refund, &payment, &refund_no, answer, now),
        )
        .await
    }

    /// Asks a gateway how a refund stands, of that money of the payment's where it is known.
    pub(crate) async fn ask_refund(
        &self,
        account: &Arc<Account>,
        payment: &PaymentRef,
        transaction_id: Option<&TransactionId>,
        refund_no: &RefundNo,
    ) -> Result<AskedBack, AppError> {
        let (number, refund) = (payment.out_trade_no.clone(), refund_no.clone());
        let money = transaction_id.cloned();
        self.exchange(
            account,
            CallKind::RefundQuery,
            move |account, now, nonce| match &account.gateway {
                GatewayAccount::Alipay(alipay) => alipay
                    .refund_query_request(&number, money.as_ref(), &refund, now)
                    .map_err(unsigned),
                GatewayAccount::WechatPay(wechatpay) => wechatpay
                    .refund_query_request(&refund, now, nonce)
                    .map_err(unsigned),
            },
            |answer, now| read(account, Call::RefundQuery, payment, refund_no, answer, now),
        )
        .await
    }
}

fn read(
    account: &Account,
    call: Call,
    payment: &PaymentRef,
    refund_no: &RefundNo,
    answer: &Response<Bytes>,
    now: Timestamp,
) -> Result<AskedBack, AppError> {
    let said = |authentic: Authentic| {
        let proven = answer_evidence(account, answer, &authentic, now);
        AskedBack::Said(Box::new(authentic.message), Box::new(proven))
    };
    match &account.gateway {
        GatewayAccount::Alipay(alipay) => {
            let reply = match alipay.verify_response(call, answer.status(), answer.body()) {
                Err(CallFault::Undecided { code, .. }) if call == Call::Refund => {
                    tracing::warn!(account = %account.name, code, "a refund was neither made nor refused");
                    return Ok(AskedBack::Undecided);
                }
                reply => reply.map_err(unknown_at_alipay)?,
            };
            match reply {
                payfold_alipay::Reply::Done(verified) => {
                    let number = &payment.out_trade_no;
                    match alipay
                        .read_refund(verified, number, refund_no, now)
                        .map_err(unknown)?
                    {
                        RefundAnswer::Said(authentic) => Ok(said(authentic)),
                        RefundAnswer::NotThere => Ok(AskedBack::NotThere),
                    }
                }
                payfold_alipay::Reply::Refused { verdict, code, .. } => {
                    tracing::warn!(account = %account.name, code, "a refund was refused");
                    refused(call, verdict, code, Proof::Signed)
                }
            }
        }
        GatewayAccount::WechatPay(wechatpay) => {
            let reply =
                wechatpay.verify_response(answer.status(), answer.headers(), answer.body(), now);
            match reply.map_err(unknown)? {
                Reply::Done(verified) => {
                    let authentic = wechatpay
                        .read_refund(verified, refund_no, now)
                        .map_err(unknown)?;
                    Ok(if is_of(&authentic, payment) {
                        said(authentic)
                    } else {
                        tracing::warn!(account = %account.name, "a refund's number is another payment's");
                        AskedBack::NotThere
                    })
                }
                Reply::Refused {
                    verdict,
                    code,
                    message: _,
                    proof,
                } => {
                    tracing::warn!(account = %account.name, code, "a refund was refused");
                    refused(call, verdict, code, proof)
                }
            }
        }
    }
}

/// Whether an answer is about a refund of that payment. One that speaks of another says that this one has
/// no refund of the number.
fn is_of(authentic: &Authentic, payment: &PaymentRef) -> bool {
    match &authentic.message {
        Message::Observation(observation) => observation.payment == *payment,
        Message::RefundHint(_) | Message::Unknown(_) => true,
    }
}

/// Nothing that is final rests on a refusal that nobody signed.
fn refused(
    call: Call,
    verdict: Verdict,
    code: String,
    proof: Proof,
) -> Result<AskedBack, AppError> {
    match (verdict, proof) {
        (Verdict::AskAgain, Proof::Signed) if call == Call::Refund => Ok(AskedBack::Undecided),
        (Verdict::AskAgain, proof) => Err(not_now(code, proof)),
        (Verdict::NotThere, _) => Ok(AskedBack::NotThere),
        (Verdict::NeedsAction, _) | (Verdict::No, Proof::Unsigned) => Ok(AskedBack::NeedsAction),
        (Verdict::No, Proof::Signed) => Ok(AskedBack::No),
    }
}

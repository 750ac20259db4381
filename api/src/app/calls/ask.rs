//! Asking a gateway how a payment stands. What it says goes the way of every notify.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use payfold_alipay::Call;
use payfold_domain::{AccountName, Authentic, Fact, Message, PaymentRef, Timestamp, Verdict};
use payfold_store::{Claim, StreamName};
use payfold_wechatpay::{Proof, Reply};

use super::{CallKind, answer_evidence, not_now, unknown, unknown_at_alipay, unsigned};
use crate::app::accounts::{Account, GatewayAccount};
use crate::app::handle::{Ground, Proven};
use crate::app::{App, AppError};

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// What the gateway says is stored, where it is news.
    Told,
    /// The gateway does not know the number, or not yet.
    NotThere,
}

enum Answer {
    Said(Box<Authentic>, Box<Proven>),
    NotThere,
}

impl App {
    /// Asks a gateway how a payment stands, and takes in what it says.
    pub(crate) async fn ask(
        &self,
        account: &Arc<Account>,
        payment: &PaymentRef,
    ) -> Result<Asked, AppError> {
        let number = payment.out_trade_no.clone();
        let answer = self
            .exchange(
                account,
                CallKind::Query,
                move |account, now, nonce| match &account.gateway {
                    GatewayAccount::Alipay(alipay) => {
                        alipay.query_request(&number, now).map_err(unsigned)
                    }
                    GatewayAccount::WechatPay(wechatpay) => wechatpay
                        .query_request(&number, now, nonce)
                        .map_err(unsigned),
                },
                |answer, now| read(account, payment, answer, now),
            )
            .await?;
        let Answer::Said(authentic, proven) = answer else {
            return Ok(Asked::NotThere);
        };
        if self.is_anothers_money(account, &authentic.message).await? {
            return Ok(Asked::NotThere);
        }
        self.take_answer(account, authentic.message, &proven)
            .await?;
        Ok(Asked::Told)
    }

    /// Whether an answer tells of money that an order has by another account of the same merchant, and by
    /// this one has not: Alipay may well answer one application about another's payment of that number.
    async fn is_anothers_money(
        &self,
        account: &Account,
        message: &Message,
    ) -> Result<bool, AppError> {
        let others = self.accounts.others_of(account);
        let (Message::Observation(observation), false) = (message, others.is_empty()) else {
            return Ok(false);
        };
        for fact in &observation.facts {
            let Fact::Paid(receipt) = fact else { continue };
            let claim = |account: &AccountName| {
                Claim::Transaction(account.clone(), receipt.transaction_id.clone())
            };
            if self.store.owner(&claim(&account.name)).await?.is_some() {
                continue;
            }
            for other in &others {
                let owner = self.store.owner(&claim(other)).await?;
                if matches!(owner, Some(StreamName::Order(_))) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Stores what a verified answer says. A state that this payfold does not know is no event: it
    /// would be one each time that it is asked.
    pub(crate) async fn take_answer(
        &self,
        account: &Account,
        message: Message,
        proven: &Proven,
    ) -> Result<(), AppError> {
        match message {
            Message::Unknown(kind) => {
                self.metrics.unknown_answer(&account.name);
                tracing::warn!(account = %account.name, kind, "a gateway answered with a state that is not known");
                Ok(())
            }
            message @ (Message::Observation(_) | Message::RefundHint(_)) => {
                self.observe(account, message, Ground::Message(proven))
                    .await
            }
        }
    }
}

fn read(
    account: &Account,
    payment: &PaymentRef,
    answer: &Response<Bytes>,
    now: Timestamp,
) -> Result<Answer, AppError> {
    let number = &payment.out_trade_no;
    let authentic = match &account.gateway {
        GatewayAccount::Alipay(alipay) => {
            let reply = alipay.verify_response(Call::Query, answer.status(), answer.body());
            match reply.map_err(unknown_at_alipay)? {
                payfold_alipay::Reply::Done(verified) => {
                    alipay.read_query(verified, number, now).map_err(unknown)?
                }
                payfold_alipay::Reply::Refused {
                    verdict,
                    code,
                    message,
                } => return refused(verdict, code, message, Proof::Signed),
            }
        }
        GatewayAccount::WechatPay(wechatpay) => {
            let reply =
                wechatpay.verify_response(answer.status(), answer.headers(), answer.body(), now);
            match reply.map_err(unknown)? {
                Reply::Done(verified) => wechatpay
                    .read_query(verified, number, now)
                    .map_err(unknown)?,
                Reply::Refused {
                    verdict,
                    code,
                    message,
                    proof,
                } => return refused(verdict, code, message, proof),
            }
        }
    };
    let proven = answer_evidence(account, answer, &authentic, now);
    Ok(Answer::Said(Box::new(authentic), Box::new(proven)))
}

/// Nothing that is final rests on a refusal that nobody signed.
fn refused(
    verdict: Verdict,
    code: String,
    message: String,
    proof: Proof,
) -> Result<Answer, AppError> {
    match (verdict, proof) {
        (Verdict::NotThere, _) => Ok(Answer::NotThere),
        (Verdict::AskAgain, proof) => Err(not_now(code, proof)),
        (Verdict::NeedsAction, _) | (Verdict::No, Proof::Unsigned) => {
            Err(AppError::GatewayRefusedForNow { code, message })
        }
        (Verdict::No, Proof::Signed) => Err(AppError::GatewayRefused { code, message }),
    }
}

//! A notify 「异步通知说明」: from the body's bytes to what it says of a payment. What an order makes of
//! it is the domain's part.

use payfold_domain::{
    Application, Authentic, Message, Money, Observation, PaymentRef, Receipt, RefundFact,
    RefundNumber, RefundSize, RefundState, Source, Timestamp, TransactionId,
};

use crate::form::Form;
use crate::trade::Trade;
use crate::{AlipayAccount, Refusal, grammar, signature};

/// The one kind of notify that speaks of a trade.
const TRADE_NOTIFY: &[u8] = b"trade_status_sync";

impl AlipayAccount {
    /// Verifies a notify and says what it means. `body` is the bytes as received; `observed_at` is the
    /// time of payment where the message states none.
    ///
    /// # Errors
    ///
    /// The first reason not to take it.
    pub fn verify_notify(&self, body: &[u8], observed_at: Timestamp) -> Result<Authentic, Refusal> {
        let form = Form::parse(body)?;
        let keys = self.alipay_keys();
        let key = signature::verify(&keys, &form)?;
        Ok(Authentic {
            message: self.translate(&form, observed_at)?,
            signed_headers: Vec::new(),
            key: key.fingerprint(),
        })
    }

    /// Translates the body of a notify again that was authentic when it was stored. Its signature is
    /// not looked at: see [`verify_again`](crate::verify_again).
    ///
    /// # Errors
    ///
    /// Where this account can no longer read it.
    pub fn reread(&self, body: &[u8], observed_at: Timestamp) -> Result<Message, Refusal> {
        self.translate(&Form::parse(body)?, observed_at)
    }

    /// Messages of other kinds need not have a trade's fields, so they are asked for less.
    fn translate(&self, form: &Form<'_>, observed_at: Timestamp) -> Result<Message, Refusal> {
        self.check_app_id(form)?;
        match (form.get("notify_type"), form.get("msg_method")) {
            (Some(TRADE_NOTIFY), _) => self.translate_trade(form, observed_at),
            (Some(kind), _) => self.unknown_kind(form, "notify_type", kind),
            (None, Some(kind)) => self.unknown_kind(form, "msg_method", kind),
            (None, None) => Err(Refusal::FieldMissing("notify_type")),
        }
    }

    fn unknown_kind(
        &self,
        form: &Form<'_>,
        field: &'static str,
        kind: &[u8],
    ) -> Result<Message, Refusal> {
        if form.get("seller_id").is_some() {
            self.check_seller_id(form)?;
        }
        grammar::word(field, kind).map(Message::Unknown)
    }

    fn translate_trade(&self, form: &Form<'_>, observed_at: Timestamp) -> Result<Message, Refusal> {
        self.check_seller_id(form)?;
        grammar::check(form)?;
        let status = form.require("trade_status")?;
        let Some(facts) = self.trade(form, status, observed_at)?.facts() else {
            return grammar::word("trade_status", status).map(Message::Unknown);
        };
        Ok(Message::Observation(Observation {
            payment: PaymentRef {
                account: self.name().clone(),
                out_trade_no: grammar::out_trade_no(form.require("out_trade_no")?)?,
            },
            source: Source::Notify,
            facts,
        }))
    }

    fn trade<'a>(
        &self,
        form: &Form<'_>,
        status: &'a [u8],
        observed_at: Timestamp,
    ) -> Result<Trade<'a>, Refusal> {
        let transaction_id = grammar::trade_no(form.require("trade_no")?)?;
        let refunds = Refunds::read(form)?;
        if status == b"TRADE_CLOSED" {
            refunds.check_whole()?;
        }
        Ok(Trade {
            status,
            refund: refunds.fact(&transaction_id),
            receipt: Receipt {
                transaction_id,
                amount: grammar::amount("total_amount", form.require("total_amount")?)?,
                application: Application::Listed(self.app_id().clone()),
                paid_at: form
                    .get("gmt_payment")
                    .and_then(grammar::beijing)
                    .unwrap_or(observed_at),
            },
        })
    }
}

/// What a trade notify says of refunds.
struct Refunds {
    /// All of them so far; `None` where it is absent or nothing.
    refund_fee: Option<Money>,
    refunded_at: Option<Timestamp>,
    number: RefundNumber,
}

impl Refunds {
    fn read(form: &Form<'_>) -> Result<Self, Refusal> {
        let refund_fee = form
            .get("refund_fee")
            .map(|fee| grammar::amount("refund_fee", fee))
            .transpose()?;
        Ok(Self {
            refund_fee: refund_fee.filter(|fee| fee.minor > 0),
            refunded_at: form
                .get("gmt_refund")
                .and_then(grammar::beijing_with_fraction),
            number: form
                .get("out_biz_no")
                .map_or(Ok(RefundNumber::Unstated), grammar::out_biz_no)?,
        })
    }

    /// A payment's notify can have a `refund_fee` too; a refund's also says when, or by which number.
    /// `refund_fee` is the running total. One above `total_amount` is a fact like any other: whether
    /// it can be is not decided here.
    fn fact(&self, transaction_id: &TransactionId) -> Option<RefundFact> {
        let total = self.refund_fee?;
        if self.refunded_at.is_none() && self.number == RefundNumber::Unstated {
            return None;
        }
        Some(RefundFact {
            transaction_id: Some(transaction_id.clone()),
            number: self.number.clone(),
            size: RefundSize::RunningTotal(total),
            state: RefundState::Succeeded(self.refunded_at),
        })
    }

    /// Half of the refund fields of a closed trade would leave open whether it was ever paid.
    fn check_whole(&self) -> Result<(), Refusal> {
        match (self.refund_fee, self.refunded_at, &self.number) {
            (Some(_), None, RefundNumber::Unstated) => Err(Refusal::FieldMissing("gmt_refund")),
            (None, Some(_), _) => Err(Refusal::FieldMissing("refund_fee")),
            (Some(_), Some(_), _)
            | (Some(_), None, RefundNumber::Stated(_) | RefundNumber::Foreign)
            | (None, None, _) => Ok(()),
        }
    }
}

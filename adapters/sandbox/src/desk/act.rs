//! What the page's buttons do. Each is one of the deeds that programs have at `/_sandbox`.

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::TimeDelta;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::refused;
use crate::books::{End, Gateway, Standing, Trade};
use crate::faults::{Fault, FaultKind};
use crate::money::from_yuan;
use crate::notify::Via;
use crate::sandbox::Sandbox;
use crate::till::{Payable, Payment, Refused};

/// A pressed button, with the fields around it.
#[derive(Deserialize)]
pub(super) struct Act {
    act: Deed,
    gateway: Option<Gateway>,
    #[serde(default)]
    out_trade_no: String,
    #[serde(default)]
    refund_no: String,
    /// In yuan.
    #[serde(default)]
    amount: String,
    fault: Option<FaultKind>,
    #[serde(default)]
    times: String,
    #[serde(default)]
    seconds: String,
    /// What the page was showing.
    #[serde(default)]
    find: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Deed {
    Pay,
    Twice,
    Leave,
    Refund,
    Resend,
    Close,
    Finish,
    Settle,
    Clock,
    Fault,
    EndFault,
    Calm,
}

pub(super) async fn act(State(sandbox): State<Sandbox>, Form(act): Form<Act>) -> Response {
    match act.done(&sandbox) {
        Ok(()) if act.find.is_empty() => Redirect::to("/").into_response(),
        Ok(()) => {
            let find = utf8_percent_encode(&act.find, NON_ALPHANUMERIC);
            Redirect::to(&format!("/?find={find}")).into_response()
        }
        Err(why) => refused(&sandbox, &act.find, &why),
    }
}

impl Act {
    fn done(&self, sandbox: &Sandbox) -> Result<(), String> {
        let outcome = match self.act {
            Deed::Clock => return self.advance(sandbox),
            Deed::Fault => return self.add_fault(sandbox),
            Deed::EndFault => return self.end_fault(sandbox),
            Deed::Calm => {
                sandbox.state().faults.end();
                return Ok(());
            }
            Deed::Pay => sandbox.pay(&self.payment(Payable::Waiting)?),
            Deed::Twice => self.pay_twice(sandbox)?,
            Deed::Leave => sandbox.begin(self.gateway()?, self.number()?),
            Deed::Refund => {
                let minor = self.minor()?.ok_or("`amount` is empty")?;
                sandbox
                    .refund_in_back_office(self.gateway()?, self.number()?, minor, Via::default())
                    .map(|(trade, _moved)| trade)
            }
            Deed::Resend => sandbox.send_again(self.gateway()?, self.number()?, Via::default()),
            Deed::Close => sandbox.close(self.gateway()?, self.number()?),
            Deed::Finish => sandbox.finish(self.number()?),
            Deed::Settle => sandbox.act_on_abnormal(self.gateway()?, &self.refund_no, End::Success),
        };
        outcome.map(drop).map_err(|refused| refused.to_string())
    }

    fn payment(&self, of: Payable) -> Result<Payment<'_>, String> {
        Ok(Payment {
            gateway: self.gateway()?,
            out_trade_no: self.number()?,
            minor: self.minor()?,
            via: Via::default(),
            of,
        })
    }

    /// A second payment beside the first, which is made where there is none.
    fn pay_twice(&self, sandbox: &Sandbox) -> Result<Result<Trade, Refused>, String> {
        let second = self.payment(Payable::Second)?;
        let is_paid = {
            let state = sandbox.state();
            let found = state.books.find(second.gateway, second.out_trade_no);
            found.is_some_and(|(_, trade)| matches!(trade.standing, Standing::Paid(_)))
        };
        if !is_paid && let Err(refused) = sandbox.pay(&self.payment(Payable::Waiting)?) {
            return Ok(Err(refused));
        }
        Ok(sandbox.pay(&second))
    }

    fn advance(&self, sandbox: &Sandbox) -> Result<(), String> {
        let by = whole("seconds", &self.seconds)?.ok_or("`seconds` is empty")?;
        sandbox.advance(TimeDelta::seconds(i64::from(by)));
        Ok(())
    }

    fn end_fault(&self, sandbox: &Sandbox) -> Result<(), String> {
        let kind = self.fault.ok_or("`fault` is missing")?;
        sandbox.state().faults.end_one(kind, self.number().ok());
        Ok(())
    }

    fn add_fault(&self, sandbox: &Sandbox) -> Result<(), String> {
        let fault = Fault {
            fault: self.fault.ok_or("`fault` is missing")?,
            out_trade_no: self.number().ok().map(str::to_owned),
            times: whole("times", &self.times)?,
            seconds: whole("seconds", &self.seconds)?,
        };
        if fault.times == Some(0) {
            return Err("`times` is 0; a fault strikes at least once".to_owned());
        }
        let now = sandbox.now();
        sandbox.state().faults.add(fault, now);
        Ok(())
    }

    fn gateway(&self) -> Result<Gateway, String> {
        self.gateway
            .ok_or_else(|| "`gateway` is missing".to_owned())
    }

    fn number(&self) -> Result<&str, String> {
        match self.out_trade_no.trim() {
            "" => Err("`out_trade_no` is empty".to_owned()),
            number => Ok(number),
        }
    }

    fn minor(&self) -> Result<Option<u64>, String> {
        match self.amount.trim() {
            "" => Ok(None),
            text => from_yuan(text)
                .map(Some)
                .ok_or_else(|| format!("`{text}` is no amount in yuan, such as 88.00")),
        }
    }
}

/// A whole number in a field; nothing where it is empty.
fn whole(name: &str, text: &str) -> Result<Option<u32>, String> {
    match text.trim() {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_not_a_number| format!("`{name}` is `{text}`; expected a whole number")),
    }
}

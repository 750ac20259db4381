//! The forms of the events that say that money came. What the gateway states of the money stands in
//! each of them flat, field beside field, for that is how its readers ask for it.

use payfold_domain::event::{
    Basis, MismatchedMoney, MoneyReceived, PaymentConfirmed, UnexpectedMoney,
};
use payfold_domain::exception::ExceptionId;
use payfold_domain::{
    AccountName, AppId, Application, Method, OutTradeNo, Receipt, Source, TransactionId,
};
use serde::{Deserialize, Serialize};

use super::field::{Amount, Instant, Text, payment, plain, spelled_choice, text};
use super::form::{Form, Mismatch};

/// How an [`Application`] is known, its name apart.
#[derive(Clone, Copy)]
pub(super) enum ApplicationKind {
    Listed,
    Unlisted,
    Unstated,
}

spelled_choice!(ApplicationKind {
    Listed = "listed",
    Unlisted = "unlisted",
    Unstated = "unstated",
});

fn split(application: &Application) -> (Text<ApplicationKind>, Option<Text<AppId>>) {
    match application {
        Application::Listed(app_id) => (Text(ApplicationKind::Listed), Some(Text(app_id.clone()))),
        Application::Unlisted(app_id) => {
            (Text(ApplicationKind::Unlisted), Some(Text(app_id.clone())))
        }
        Application::Unstated => (Text(ApplicationKind::Unstated), None),
    }
}

fn join(kind: Text<ApplicationKind>, app_id: Option<Text<AppId>>) -> Result<Application, Mismatch> {
    match (kind.0, app_id) {
        (ApplicationKind::Listed, Some(app_id)) => Ok(Application::Listed(app_id.0)),
        (ApplicationKind::Unlisted, Some(app_id)) => Ok(Application::Unlisted(app_id.0)),
        (ApplicationKind::Unstated, None) => Ok(Application::Unstated),
        (ApplicationKind::Unstated, Some(_)) => {
            Err(Mismatch("app_id beside an application that is unstated"))
        }
        (ApplicationKind::Listed | ApplicationKind::Unlisted, None) => {
            Err(Mismatch("an application without its app_id"))
        }
    }
}

/// What a gateway states of money, where it stands as an object of its own.
#[derive(Serialize, Deserialize)]
pub(super) struct ReceiptData {
    transaction_id: Text<TransactionId>,
    amount: Amount,
    application: Text<ApplicationKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<Text<AppId>>,
    paid_at: Instant,
}

impl From<&Receipt> for ReceiptData {
    fn from(receipt: &Receipt) -> Self {
        let (application, app_id) = split(&receipt.application);
        Self {
            transaction_id: Text(receipt.transaction_id.clone()),
            amount: receipt.amount.into(),
            application,
            app_id,
            paid_at: Instant(receipt.paid_at),
        }
    }
}

impl TryFrom<ReceiptData> for Receipt {
    type Error = Mismatch;

    fn try_from(data: ReceiptData) -> Result<Self, Mismatch> {
        Ok(Self {
            transaction_id: data.transaction_id.0,
            amount: data.amount.into(),
            application: join(data.application, data.app_id)?,
            paid_at: data.paid_at.0,
        })
    }
}

/// A struct whose first fields are those of [`MoneyReceived`], and the way there and back.
/// (`#[serde(flatten)]` would say it shorter, and buffer every value that it reads.)
macro_rules! money_data {
    ($name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty),* $(,)? }) => {
        #[derive(Serialize, Deserialize)]
        pub(super) struct $name {
            account: Text<AccountName>,
            out_trade_no: Text<OutTradeNo>,
            method: Text<Method>,
            transaction_id: Text<TransactionId>,
            amount: Amount,
            application: Text<ApplicationKind>,
            #[serde(skip_serializing_if = "Option::is_none")]
            app_id: Option<Text<AppId>>,
            paid_at: Instant,
            source: Text<Source>,
            $($(#[$attribute])* $field: $type,)*
        }

        impl $name {
            fn new(money: &MoneyReceived, $($field: $type),*) -> Self {
                let (application, app_id) = split(&money.receipt.application);
                Self {
                    account: Text(money.payment.account.clone()),
                    out_trade_no: Text(money.payment.out_trade_no.clone()),
                    method: Text(money.method),
                    transaction_id: Text(money.receipt.transaction_id.clone()),
                    amount: money.receipt.amount.into(),
                    application,
                    app_id,
                    paid_at: Instant(money.receipt.paid_at),
                    source: Text(money.source),
                    $($field,)*
                }
            }

            fn money(self) -> Result<MoneyReceived, Mismatch> {
                Ok(MoneyReceived {
                    payment: payment(self.account, self.out_trade_no),
                    method: self.method.0,
                    receipt: Receipt {
                        transaction_id: self.transaction_id.0,
                        amount: self.amount.into(),
                        application: join(self.application, self.app_id)?,
                        paid_at: self.paid_at.0,
                    },
                    source: self.source.0,
                })
            }
        }
    };
}

/// The name of a [`Basis`], its exception apart.
#[derive(Clone, Copy)]
pub(super) enum BasisKind {
    AsAsked,
    Accepted,
}

spelled_choice!(BasisKind { AsAsked = "as_asked", Accepted = "accepted" });

money_data!(PaymentConfirmedData {
    basis: Text<BasisKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<Text<ExceptionId>>,
});

impl Form for PaymentConfirmed {
    type Data = PaymentConfirmedData;

    fn data(&self) -> PaymentConfirmedData {
        let (basis, exception) = match &self.basis {
            Basis::AsAsked => (BasisKind::AsAsked, None),
            Basis::Accepted(exception) => (BasisKind::Accepted, Some(Text(exception.clone()))),
        };
        PaymentConfirmedData::new(&self.money, Text(basis), exception)
    }

    fn event(mut data: PaymentConfirmedData) -> Result<Self, Mismatch> {
        let basis = match (data.basis.0, data.exception.take()) {
            (BasisKind::AsAsked, None) => Basis::AsAsked,
            (BasisKind::Accepted, Some(exception)) => Basis::Accepted(exception.0),
            (BasisKind::AsAsked, Some(_)) => {
                return Err(Mismatch("an exception beside money that is as asked"));
            }
            (BasisKind::Accepted, None) => {
                return Err(Mismatch("accepted money without its exception"));
            }
        };
        Ok(Self {
            money: data.money()?,
            basis,
        })
    }
}

money_data!(UnexpectedMoneyData {
    exception: Text<ExceptionId>,
});

impl Form for UnexpectedMoney {
    type Data = UnexpectedMoneyData;

    fn data(&self) -> UnexpectedMoneyData {
        UnexpectedMoneyData::new(&self.money, Text(self.exception.clone()))
    }

    fn event(data: UnexpectedMoneyData) -> Result<Self, Mismatch> {
        Ok(Self {
            exception: data.exception.0.clone(),
            money: data.money()?,
        })
    }
}

money_data!(MismatchedMoneyData {
    expected: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_app_id: Option<Text<AppId>>,
    exception: Text<ExceptionId>,
});

impl Form for MismatchedMoney {
    type Data = MismatchedMoneyData;

    fn data(&self) -> MismatchedMoneyData {
        MismatchedMoneyData::new(
            &self.money,
            self.expected.into(),
            text(self.expected_app_id.as_ref()),
            Text(self.exception.clone()),
        )
    }

    fn event(mut data: MismatchedMoneyData) -> Result<Self, Mismatch> {
        let expected_app_id = plain(data.expected_app_id.take());
        Ok(Self {
            expected: data.expected.money(),
            expected_app_id,
            exception: data.exception.0.clone(),
            money: data.money()?,
        })
    }
}

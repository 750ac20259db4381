//! An account's own stream: who the account is at its gateway, and messages that belong to no order.

use crate::command::{Rejection, ResolveException};
use crate::dismissal;
use crate::event::{AccountEvent, AccountIdentity, CorruptOrderMessaged, UnknownMessageReceived};
use crate::exception::{ExceptionId, ExceptionKind};
use crate::order::{OpenedException, StatedMoney};
use crate::{OrderNo, PaymentRef, Receipt, Source, Timestamp};

/// An account, as its events tell it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Who it is at its gateway, once recorded.
    pub identity: Option<AccountIdentity>,
    /// When that was.
    pub recorded_at: Option<Timestamp>,
    /// Its exceptions, in the order in which they arose.
    pub exceptions: Vec<OpenedException>,
}

/// What may be asked of an account's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountCommand {
    /// The configuration names the account.
    Record(AccountIdentity),
    /// An authentic message of a kind or with a state that this binary does not know.
    ReceiveUnknownMessage(UnknownMessageReceived),
    /// An authentic message for an order whose events cannot be read, or for a number whose own cannot.
    MessageCorruptOrder {
        /// The payment spoken of.
        payment: PaymentRef,
        /// The order, where one has claimed the number.
        order_no: Option<OrderNo>,
        /// Money that the message states, where it does.
        receipt: Option<Receipt>,
        /// By which way it came.
        source: Source,
    },
    /// A person decides an exception.
    ResolveException(ResolveException),
}

/// Why a command may not be for an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountRejection {
    /// Under this name another identity was recorded.
    #[error(
        "account {} was recorded as {} and is configured as {}",
        .recorded.account,
        shown(.recorded),
        shown(.configured)
    )]
    OtherIdentity {
        /// As it was recorded.
        recorded: Box<AccountIdentity>,
        /// As it is configured now.
        configured: Box<AccountIdentity>,
    },
    /// As of an order.
    #[error(transparent)]
    Refused(#[from] Rejection),
}

fn shown(identity: &AccountIdentity) -> String {
    let merchant = format!("{} {}", identity.gateway.as_str(), identity.merchant_id);
    match &identity.app_id {
        Some(app_id) => format!("{merchant}, application {app_id}"),
        None => merchant,
    }
}

/// What `command` makes of the account.
///
/// # Errors
///
/// An identity that is not the recorded one is told with both; a message is never refused.
pub fn decide_account(
    account: &Account,
    command: AccountCommand,
) -> Result<Vec<AccountEvent>, AccountRejection> {
    match command {
        AccountCommand::Record(configured) => record(account, configured),
        AccountCommand::ReceiveUnknownMessage(message) => {
            Ok(vec![AccountEvent::UnknownMessageReceived(message)])
        }
        AccountCommand::MessageCorruptOrder {
            payment,
            order_no,
            receipt,
            source,
        } => {
            let message = message_corrupt_order(payment, order_no, receipt);
            Ok(match source {
                Source::Query | Source::Bill if is_told(account, &message) => Vec::new(),
                Source::Notify | Source::Query | Source::Bill => {
                    vec![AccountEvent::CorruptOrderMessaged(message)]
                }
            })
        }
        AccountCommand::ResolveException(command) => {
            let resolved = dismissal::dismiss(&account.exceptions, command)?;
            Ok(resolved
                .into_iter()
                .map(AccountEvent::ExceptionResolved)
                .collect())
        }
    }
}

/// The account after `event`, which happened at `at`. Every event fits: a notify for a corrupt order is
/// kept as often as it comes, and its exception opens once.
pub fn evolve_account(mut account: Account, event: &AccountEvent, at: Timestamp) -> Account {
    match event {
        AccountEvent::AccountRecorded(identity) => {
            account.identity = Some(identity.clone());
            account.recorded_at = Some(at);
        }
        AccountEvent::UnknownMessageReceived(_) => {}
        AccountEvent::CorruptOrderMessaged(message) => {
            dismissal::opened(&mut account.exceptions, about_corrupt_order(message, at));
        }
        AccountEvent::ExceptionResolved(event) => {
            dismissal::resolved(&mut account.exceptions, event, at);
        }
    }
    account
}

fn record(
    account: &Account,
    configured: AccountIdentity,
) -> Result<Vec<AccountEvent>, AccountRejection> {
    match &account.identity {
        None => Ok(vec![AccountEvent::AccountRecorded(configured)]),
        Some(recorded) if *recorded == configured => Ok(Vec::new()),
        Some(recorded) => Err(AccountRejection::OtherIdentity {
            recorded: Box::new(recorded.clone()),
            configured: Box::new(configured),
        }),
    }
}

fn message_corrupt_order(
    payment: PaymentRef,
    order_no: Option<OrderNo>,
    receipt: Option<Receipt>,
) -> CorruptOrderMessaged {
    let about = match &receipt {
        Some(receipt) => receipt.transaction_id.as_str(),
        None => payment.out_trade_no.as_str(),
    };
    let exception = ExceptionId::derive(&payment.account, about, ExceptionKind::Corrupt);
    CorruptOrderMessaged {
        payment,
        order_no,
        receipt,
        exception,
    }
}

/// Whether a person was told of it. What the gateway says when it is asked is no news then: it is asked
/// again and again.
fn is_told(account: &Account, message: &CorruptOrderMessaged) -> bool {
    let mut exceptions = account.exceptions.iter();
    exceptions.any(|known| known.id == message.exception)
}

fn about_corrupt_order(message: &CorruptOrderMessaged, at: Timestamp) -> OpenedException {
    let receipt = message.receipt.as_ref();
    OpenedException {
        id: message.exception.clone(),
        kind: ExceptionKind::Corrupt,
        payment: message.payment.clone(),
        transaction_id: receipt.map(|receipt| receipt.transaction_id.clone()),
        refund_no: None,
        expected: None,
        received: receipt.map(|receipt| StatedMoney {
            amount: receipt.amount,
            app_id: receipt.application.app_id().cloned(),
        }),
        contradiction: None,
        opened_at: at,
        resolution: None,
    }
}

//! Exceptions: money that needs a person, or a policy, to decide.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::event::BillDifference;
use crate::{AccountName, InvalidName, RefundNo};

/// The namespace of exception ids, fixed for ever.
const NAMESPACE: Uuid = Uuid::from_u128(0x7061_7966_6f6c_6420_6578_6365_7074_6e73);

/// The id of an exception: 32 hexadecimal digits that follow from account, subject and kind, so that
/// the same money opens the same exception however often it is told of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExceptionId(Arc<str>);

impl ExceptionId {
    /// The exception of that kind about `subject` in `account`. The subject is the transaction's number
    /// (the payment's where none is known); behind it, on a line of its own each, stand for
    /// - a refund made elsewhere: its number, else its size;
    /// - a refund of ours in trouble: its number, and how often it was in this trouble;
    /// - a contradiction: in what the statements do not fit;
    /// - a difference of a bill: the number of the refund, else its amount and its place among such rows;
    ///   and how often it came up, from the second time on.
    pub fn derive(account: &AccountName, subject: &str, kind: ExceptionKind) -> Self {
        let name = format!("{account}\n{subject}\n{}", kind.as_str());
        Self(Arc::from(
            Uuid::new_v5(&NAMESPACE, name.as_bytes())
                .simple()
                .to_string(),
        ))
    }

    /// The id that a caller or stored bytes name.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if text.len() == 32
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            Ok(Self(Arc::from(text)))
        } else {
            Err(InvalidName {
                what: "exception id",
                expected: "32 digits of 0-9a-f",
            })
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The exception whose decision made the refund of that number, and at which try, where one did.
    pub(crate) fn of_refund(refund_no: &RefundNo) -> Option<(Self, u32)> {
        let (id, attempt) = refund_no.as_str().strip_prefix("pf-")?.split_once('-')?;
        Some((Self::parse(id).ok()?, attempt.parse().ok()?))
    }

    /// The number of the refund that this exception's decision makes at its n-th try (from 1), so
    /// that one decision makes one refund.
    pub fn refund_no(&self, attempt: u32) -> RefundNo {
        RefundNo::of_decision(self, attempt)
    }
}

impl fmt::Display for ExceptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ExceptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an exception is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExceptionKind {
    /// Paid after the order was cancelled or had expired.
    Late,
    /// A second payment for a paid order.
    Double,
    /// Another amount, currency or application than asked.
    Mismatch,
    /// Money or a refund for a number that no order has claimed.
    Unmatched,
    /// A refund that nobody here asked for.
    ExternalRefund,
    /// A refund that was refused or closed.
    RefundFailed,
    /// A refund that is stuck at the bank.
    RefundNeedsAction,
    /// Statements of the gateway that do not fit together.
    Contradiction,
    /// A message for an order whose events cannot be read.
    Corrupt,
    /// A bill and the events differ.
    Bill(BillDifference),
}

impl ExceptionKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Late,
        Self::Double,
        Self::Mismatch,
        Self::Unmatched,
        Self::ExternalRefund,
        Self::RefundFailed,
        Self::RefundNeedsAction,
        Self::Contradiction,
        Self::Corrupt,
        Self::Bill(BillDifference::MissingHere),
        Self::Bill(BillDifference::MissingThere),
        Self::Bill(BillDifference::OtherAmount),
        Self::Bill(BillDifference::OtherState),
    ];

    /// The kind's name in events and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Double => "double",
            Self::Mismatch => "mismatch",
            Self::Unmatched => "unmatched",
            Self::ExternalRefund => "external_refund",
            Self::RefundFailed => "refund_failed",
            Self::RefundNeedsAction => "refund_needs_action",
            Self::Contradiction => "contradiction",
            Self::Corrupt => "corrupt",
            Self::Bill(BillDifference::MissingHere) => "bill_missing_here",
            Self::Bill(BillDifference::MissingThere) => "bill_missing_there",
            Self::Bill(BillDifference::OtherAmount) => "bill_other_amount",
            Self::Bill(BillDifference::OtherState) => "bill_other_state",
        }
    }

    /// The kind of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What may be decided about an exception of this kind, as far as the kind goes: whether it can be
    /// done now is for its order or stray to say (`offered_actions`).
    pub fn actions(self) -> &'static [ResolutionAction] {
        use ResolutionAction::{Accept, Dismiss, Refund, Retry};
        match self {
            Self::Late | Self::Mismatch | Self::Unmatched => &[Accept, Refund, Dismiss],
            Self::Double => &[Refund, Dismiss],
            Self::ExternalRefund => &[Accept, Dismiss],
            Self::RefundFailed | Self::RefundNeedsAction => &[Retry, Dismiss],
            Self::Contradiction | Self::Corrupt | Self::Bill(_) => &[Dismiss],
        }
    }
}

/// What was, or may be, decided about an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResolutionAction {
    /// Take the money as the order's, or the refund as right.
    Accept,
    /// Give the money back.
    Refund,
    /// Ask for the refund again.
    Retry,
    /// Leave it as it is.
    Dismiss,
}

impl ResolutionAction {
    /// Every action.
    pub const ALL: [Self; 4] = [Self::Accept, Self::Refund, Self::Retry, Self::Dismiss];

    /// The action's name in requests, events and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refund => "refund",
            Self::Retry => "retry",
            Self::Dismiss => "dismiss",
        }
    }

    /// The action of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }
}

/// Who decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolver {
    /// The configured policy.
    Policy,
    /// A caller, by the name of its API key.
    Key(String),
    /// What happened next settled it.
    Events,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_money_opens_the_same_exception_for_ever() {
        let account = AccountName::new("ali").unwrap();
        let id = ExceptionId::derive(&account, "2026112522001", ExceptionKind::Late);
        assert_eq!(id.as_str(), "0b0565d4ab0f59b1b746df93f9358c1c");
        for (subject, kind) in [
            ("2026112522002", ExceptionKind::Late),
            ("2026112522001", ExceptionKind::Double),
        ] {
            assert_ne!(ExceptionId::derive(&account, subject, kind), id);
        }
    }

    #[test]
    fn the_number_of_a_refund_names_its_exception_and_its_try() {
        let account = AccountName::new("ali").unwrap();
        let id = ExceptionId::derive(&account, "T1", ExceptionKind::Double);
        let refund_no = id.refund_no(2);
        assert_eq!(
            RefundNo::from_gateway(refund_no.as_str()),
            Ok(refund_no.clone())
        );
        assert_eq!(ExceptionId::of_refund(&refund_no), Some((id, 2)));
        for other in ["R1", "pf-1", "pf-xyz-1", "pf-"] {
            let other = RefundNo::from_gateway(other).unwrap();
            assert_eq!(ExceptionId::of_refund(&other), None);
        }
    }

    #[test]
    fn kinds_and_actions_are_found_by_their_names() {
        for kind in ExceptionKind::ALL {
            assert_eq!(ExceptionKind::from_name(kind.as_str()), Some(kind));
        }
        for action in ResolutionAction::ALL {
            assert_eq!(ResolutionAction::from_name(action.as_str()), Some(action));
        }
    }
}

//! What a fact becomes, by the state that it meets: the tables. How a fact is told apart is `money`'s
//! and `hearing`'s matter, what follows from each outcome too. (Refunds have their table in `book`.)

use crate::event::Staleness;
use crate::order::{OrderStatus, Payment, PaymentStage, Pending, Transaction};

/// Money, by what the order knows of it. The first that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MoneyNews {
    /// Recorded here with this amount, and nothing of it was given back.
    Known,
    /// Recorded here with this amount, and some of it was given back since.
    KnownGivenBack,
    /// Recorded here with another amount.
    KnownOtherwise,
    /// Recorded of another payment, here or in another stream.
    Foreign,
    /// New, and of another amount, currency or application than was asked.
    NotAsAsked,
    /// New, and as asked.
    AsAsked,
}

/// What becomes of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MoneyBecomes {
    /// Nothing: it says nothing new.
    Ignored(Staleness),
    /// The known amount is contradicted.
    AmountContradicted,
    /// The known owner is contradicted.
    OwnerContradicted,
    /// Held as mismatched, by policy.
    Mismatched,
    /// Held as double, by policy.
    Double,
    /// Held as late, by policy.
    Late,
    /// The order's.
    Confirmed,
}

/// Whether the order is open by its events, not by the clock, and whatever its payments' stages are.
#[rustfmt::skip]
pub(crate) fn money_becomes(news: MoneyNews, order: OrderStatus) -> MoneyBecomes {
    use OrderStatus::{Cancelled, Expired, Open, Paid};
    match (news, order) {
        (MoneyNews::Known,          Open | Paid | Cancelled | Expired) => MoneyBecomes::Ignored(Staleness::Repeat),
        (MoneyNews::KnownGivenBack, Open | Paid | Cancelled | Expired) => MoneyBecomes::Ignored(Staleness::OlderNews),
        (MoneyNews::KnownOtherwise, Open | Paid | Cancelled | Expired) => MoneyBecomes::AmountContradicted,
        (MoneyNews::Foreign,        Open | Paid | Cancelled | Expired) => MoneyBecomes::OwnerContradicted,
        (MoneyNews::NotAsAsked,     Open | Paid | Cancelled | Expired) => MoneyBecomes::Mismatched,
        (MoneyNews::AsAsked,        Paid)                              => MoneyBecomes::Double,
        (MoneyNews::AsAsked,        Open)                              => MoneyBecomes::Confirmed,
        (MoneyNews::AsAsked,        Cancelled | Expired)               => MoneyBecomes::Late,
    }
}

/// How a payment stands when a word comes that is not of money or a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// No gateway has spoken of it.
    Unheard,
    /// The gateway knows it, and nothing was paid.
    Pending,
    /// It ended without money.
    Closed,
    /// Money came by it.
    Paid,
    /// Money came by it, and all of it was given back.
    GivenBack,
}

impl Standing {
    pub(crate) fn of(payment: &Payment) -> Self {
        if !payment.transactions.is_empty() {
            return if payment.transactions.iter().all(Transaction::is_given_back) {
                Self::GivenBack
            } else {
                Self::Paid
            };
        }
        match (&payment.stage, payment.pending) {
            (PaymentStage::Closed, Pending::Unheard | Pending::Heard) => Self::Closed,
            (
                PaymentStage::Starting | PaymentStage::Open { .. } | PaymentStage::Failed { .. },
                Pending::Heard,
            ) => Self::Pending,
            (
                PaymentStage::Starting | PaymentStage::Open { .. } | PaymentStage::Failed { .. },
                Pending::Unheard,
            ) => Self::Unheard,
        }
    }
}

/// A word that is not of money or a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// Nothing was paid yet.
    NotPaidYet,
    /// It ended without money.
    FinallyUnpaid,
}

/// What becomes of a word that is not of money or a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WordBecomes {
    /// Nothing: it says nothing new.
    Ignored(Staleness),
    /// The payment is known to the gateway.
    Pending,
    /// The payment has ended.
    Closed,
    /// That money came is contradicted.
    PaidContradicted,
}

/// In every state of the order.
#[rustfmt::skip]
pub(crate) fn word_becomes(word: Word, payment: Standing) -> WordBecomes {
    match (word, payment) {
        (Word::NotPaidYet,    Standing::Unheard)                     => WordBecomes::Pending,
        (Word::NotPaidYet,    Standing::Pending)                     => WordBecomes::Ignored(Staleness::Repeat),
        (Word::NotPaidYet,    Standing::Closed)                      => WordBecomes::Ignored(Staleness::OlderNews),
        (Word::NotPaidYet,    Standing::Paid | Standing::GivenBack)  => WordBecomes::Ignored(Staleness::OlderNews),
        (Word::FinallyUnpaid, Standing::Unheard | Standing::Pending) => WordBecomes::Closed,
        (Word::FinallyUnpaid, Standing::Closed)                      => WordBecomes::Ignored(Staleness::Repeat),
        (Word::FinallyUnpaid, Standing::Paid)                        => WordBecomes::PaidContradicted,
        (Word::FinallyUnpaid, Standing::GivenBack)                   => WordBecomes::Ignored(Staleness::Repeat),
    }
}

//! Asking the gateway about rows. A row that gets no answer now waits for another import and stops no
//! other one; only a gateway that has answered about none for a while is left alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use payfold_domain::bill::Movement;
use payfold_domain::{Gateway, PaymentRef, RefundNo};

use super::judge::{AT_ONCE, Judge, Means, Verdict};
use super::story::Story;
use crate::app::AppError;
use crate::app::accounts::Account;
use crate::app::calls::{Asked, AskedBack};

/// How long each further try waits for a gateway that does not answer, in seconds.
const SILENT_SECS: &[u64] = &[1, 3];

/// The same for one that answers that it cannot say now: it may have been asked too often.
const UNDECIDED_SECS: &[u64] = &[1, 3, 10, 30];

/// What asking about a row came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// There was nothing to ask.
    Needless,
    /// What the gateway says is stored.
    Told,
    /// It does not know it.
    NotThere,
    /// It cannot be asked, or has refused for good.
    Never,
    /// It does not say now.
    NotNow,
    /// It is not to be asked.
    ToAsk,
}

impl Word {
    /// The verdict on a row that matches by now.
    pub(super) fn matched(self) -> Verdict {
        match self {
            Self::Told => Verdict::TakenIn,
            Self::Needless | Self::NotThere | Self::Never | Self::NotNow | Self::ToAsk => {
                Verdict::Matched
            }
        }
    }
}

/// What is asked about.
#[derive(Debug, Clone, Copy)]
pub(super) enum About<'a> {
    Payment,
    Refund(&'a RefundNo),
}

/// How the gateway has answered so far.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// How many rows got no answer, one after the other.
    silent: AtomicUsize,
    /// How many rows got none but that it cannot say now, one after the other.
    undecided: AtomicUsize,
}

impl Standing {
    /// It has answered about none of the rows that were asked about at a time.
    fn is_away(&self) -> bool {
        AT_ONCE <= self.silent.load(Ordering::Relaxed)
    }

    /// The waits before further tries, by the answer to the last one.
    fn waits(&self, asked: &Result<Word, AppError>) -> &'static [u64] {
        match asked {
            // Where waiting was of no use for so many rows, each is asked about once.
            Err(AppError::GatewayUndecided(_))
                if self.undecided.load(Ordering::Relaxed) < AT_ONCE =>
            {
                UNDECIDED_SECS
            }
            Err(AppError::GatewayUndecided(_)) => &[],
            Err(error) if error.may_pass() => SILENT_SECS,
            Ok(_) | Err(_) => &[],
        }
    }

    /// What the last answer about a row comes to.
    fn word(&self, asked: Result<Word, AppError>) -> Result<Word, AppError> {
        let word = match asked {
            Ok(word) => word,
            Err(AppError::GatewayRefused { code, .. }) => {
                tracing::warn!(code, "a row of a bill could not be asked about");
                Word::Never
            }
            Err(AppError::GatewayRefusedForNow { code, .. }) => {
                tracing::warn!(code, "a row of a bill cannot be asked about now");
                Word::NotNow
            }
            Err(AppError::GatewayUndecided(_)) => {
                self.silent.store(0, Ordering::Relaxed);
                self.undecided.fetch_add(1, Ordering::Relaxed);
                return Ok(Word::NotNow);
            }
            Err(error) if error.may_pass() => {
                self.silent.fetch_add(1, Ordering::Relaxed);
                return Ok(Word::NotNow);
            }
            Err(error) => return Err(error),
        };
        self.silent.store(0, Ordering::Relaxed);
        self.undecided.store(0, Ordering::Relaxed);
        Ok(word)
    }
}

impl Judge<'_> {
    /// Asks until there is a word, some times.
    pub(super) async fn ask(
        &self,
        movement: &Movement,
        about: About<'_>,
        story: &Story,
    ) -> Result<Word, AppError> {
        // Alipay may well answer for any application of the merchant, and names none 「统一收单交易查询」.
        if !story.known && self.app.is_anothers(self.account, movement).await? {
            return Ok(Word::NotThere);
        }
        let Some(account) = self.app.askable(&self.account.name) else {
            return Ok(Word::Never);
        };
        let standing = match &self.means {
            Means::Store => return Ok(Word::ToAsk),
            Means::Gateway(standing) => standing,
        };
        let mut tried = 0;
        while !standing.is_away() {
            let asked = self.ask_once(&account, movement, about).await;
            let Some(secs) = standing.waits(&asked).get(tried) else {
                return standing.word(asked);
            };
            tokio::time::sleep(Duration::from_secs(*secs)).await;
            tried += 1;
        }
        Ok(Word::NotNow)
    }

    /// A refund of money that is not known is asked about after the money.
    pub(super) async fn ask_refund(
        &self,
        movement: &Movement,
        refund_no: Option<&RefundNo>,
        story: &Story,
    ) -> Result<Word, AppError> {
        if story.came.is_none() || refund_no.is_none() {
            let word = self.ask(movement, About::Payment, story).await?;
            if word != Word::Told {
                return Ok(word);
            }
        }
        match refund_no {
            Some(refund_no) => self.ask(movement, About::Refund(refund_no), story).await,
            None => Ok(Word::Told),
        }
    }

    async fn ask_once(
        &self,
        account: &Arc<Account>,
        movement: &Movement,
        about: About<'_>,
    ) -> Result<Word, AppError> {
        let payment = PaymentRef {
            account: account.name.clone(),
            out_trade_no: movement.out_trade_no.clone(),
        };
        let refund_no = match about {
            About::Payment => {
                return Ok(match self.app.ask(account, &payment).await? {
                    Asked::Told => Word::Told,
                    Asked::NotThere => Word::NotThere,
                });
            }
            About::Refund(refund_no) => refund_no,
        };
        let money = Some(&movement.transaction_id);
        let answer = self
            .app
            .ask_refund(account, &payment, money, refund_no)
            .await?;
        match answer {
            AskedBack::Said(message, proven) => {
                self.app.take_answer(account, *message, &proven).await?;
                Ok(Word::Told)
            }
            // The money is known, so this is no other application's.
            AskedBack::NotThere | AskedBack::No => Ok(Word::Never),
            AskedBack::Undecided => Ok(Word::NotNow),
            // Alipay signs its refusals, and says the same each time.
            AskedBack::NeedsAction => Ok(match account.gateway() {
                Gateway::Alipay => Word::Never,
                Gateway::WechatPay => Word::NotNow,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undecided() -> Result<Word, AppError> {
        Err(AppError::GatewayUndecided("called too often".to_owned()))
    }

    fn silence() -> Result<Word, AppError> {
        Err(AppError::GatewayUnknown("no answer".to_owned()))
    }

    #[test]
    fn a_gateway_that_cannot_say_now_is_waited_for_and_never_left_alone() {
        let standing = Standing::default();
        for _ in 0..AT_ONCE {
            assert_eq!(standing.waits(&undecided()), UNDECIDED_SECS);
            assert_eq!(standing.word(undecided()).unwrap(), Word::NotNow);
        }
        assert_eq!(standing.waits(&undecided()), &[0; 0], "in vain so far");
        assert!(!standing.is_away());
        assert_eq!(standing.word(Ok(Word::NotThere)).unwrap(), Word::NotThere);
        assert_eq!(standing.waits(&undecided()), UNDECIDED_SECS);
    }

    #[test]
    fn a_gateway_is_left_alone_after_rows_without_any_answer_between_them() {
        for answer in [Ok(Word::Told), undecided()] {
            let standing = Standing::default();
            for _ in 1..AT_ONCE {
                assert_eq!(standing.word(silence()).unwrap(), Word::NotNow);
            }
            standing.word(answer).unwrap();
            for _ in 0..AT_ONCE {
                assert!(!standing.is_away());
                standing.word(silence()).unwrap();
            }
            assert!(standing.is_away());
        }
    }
}

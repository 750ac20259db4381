//! Fetching a day's bill from its gateway: where it lies, then the file itself, from the gateway's own
//! hosts alone. What stands in it is for the import to judge.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use payfold_alipay::Call;
use payfold_domain::{Timestamp, Verdict};
use payfold_projections::Day;
use payfold_wechatpay::{OfferedBill, Reply};

use super::{CallKind, unknown, unknown_at_alipay, unsigned};
use crate::app::accounts::{Account, GatewayAccount};
use crate::app::{App, AppError};

/// How long a bill may take to come.
const DEADLINE: Duration = Duration::from_secs(300);

/// How long a bill may be as it is packed, in bytes: a million rows take less than a third of it.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// What a gateway says to a wish for a bill.
pub(crate) enum BillAnswer {
    /// It is here; WeChat Pay's with the SHA-1 that it has before it is packed.
    There(Bytes, Option<[u8; 20]>),
    /// It is not made yet.
    NotYet,
    /// Nothing happened on the day, or nothing is known of it yet.
    NoRows,
}

/// Where a bill lies.
enum Offer {
    Alipay(String),
    WechatPay(OfferedBill),
    NotYet,
    NoRows,
}

impl App {
    /// Fetches the bill of a day.
    pub(crate) async fn fetch_bill(
        &self,
        account: &Arc<Account>,
        day: Day,
    ) -> Result<BillAnswer, AppError> {
        let date = day.date();
        let offer = self
            .exchange(
                account,
                CallKind::Bill,
                move |account, now, nonce| match &account.gateway {
                    GatewayAccount::Alipay(alipay) => {
                        alipay.bill_url_request(date, now).map_err(unsigned)
                    }
                    GatewayAccount::WechatPay(wechatpay) => {
                        wechatpay.bill_request(date, now, nonce).map_err(unsigned)
                    }
                },
                |answer, now| read(account, answer, now),
            )
            .await?;
        let (offer, sha1) = match offer {
            Offer::NotYet => return Ok(BillAnswer::NotYet),
            Offer::NoRows => return Ok(BillAnswer::NoRows),
            Offer::WechatPay(bill) => {
                let sha1 = bill.sha1;
                (Offer::WechatPay(bill), Some(sha1))
            }
            Offer::Alipay(url) => (Offer::Alipay(url), None),
        };
        let bill = self.download(account, offer).await?;
        Ok(BillAnswer::There(bill, sha1))
    }

    async fn download(&self, account: &Arc<Account>, offer: Offer) -> Result<Bytes, AppError> {
        let signer = Arc::clone(account);
        let (now, nonce) = (self.world.now(), self.world.id().simple().to_string());
        let making = move || match (&signer.gateway, &offer) {
            (GatewayAccount::Alipay(alipay), Offer::Alipay(url)) => {
                alipay.bill_download_request(url).map_err(unknown)
            }
            (GatewayAccount::WechatPay(wechatpay), Offer::WechatPay(bill)) => wechatpay
                .bill_download_request(bill, now, &nonce)
                .map_err(unsigned),
            (GatewayAccount::Alipay(_) | GatewayAccount::WechatPay(_), _) => {
                Err(AppError::GatewayUnknown("no bill was offered".to_owned()))
            }
        };
        let request = self.world.tasks.blocking(making).await??;
        let sent = self.world.http.download(request, MOST_BYTES);
        match tokio::time::timeout(DEADLINE, sent).await {
            Ok(Ok(answer)) if answer.status() == StatusCode::OK => Ok(answer.into_body()),
            Ok(Ok(answer)) => Err(AppError::GatewayUnknown(format!(
                "a bill's address answered {}, expected 200",
                answer.status()
            ))),
            Ok(Err(error)) => Err(AppError::GatewayUnknown(error.to_string())),
            Err(_elapsed) => Err(AppError::GatewayUnknown(format!(
                "no bill within {} s",
                DEADLINE.as_secs()
            ))),
        }
    }
}

fn read(account: &Account, answer: &Response<Bytes>, now: Timestamp) -> Result<Offer, AppError> {
    match &account.gateway {
        GatewayAccount::Alipay(alipay) => {
            let reply = alipay.verify_response(Call::BillUrl, answer.status(), answer.body());
            match reply.map_err(unknown_at_alipay)? {
                payfold_alipay::Reply::Done(verified) => {
                    verified.bill_url().map(Offer::Alipay).map_err(unknown)
                }
                payfold_alipay::Reply::Refused {
                    verdict,
                    code,
                    message,
                } => match verdict {
                    Verdict::NotThere => Ok(Offer::NoRows),
                    Verdict::AskAgain => Ok(Offer::NotYet),
                    Verdict::NeedsAction | Verdict::No => {
                        Err(AppError::GatewayRefused { code, message })
                    }
                },
            }
        }
        GatewayAccount::WechatPay(wechatpay) => {
            let reply =
                wechatpay.verify_response(answer.status(), answer.headers(), answer.body(), now);
            match reply.map_err(unknown)? {
                Reply::Done(verified) => wechatpay
                    .offered_bill(&verified)
                    .map(Offer::WechatPay)
                    .map_err(unknown),
                Reply::Refused {
                    verdict,
                    code,
                    message,
                    proof: _,
                } => match (verdict, code.as_str()) {
                    (_, "NO_STATEMENT_EXIST") => Ok(Offer::NoRows),
                    (_, "STATEMENT_CREATING") | (Verdict::AskAgain, _) => Ok(Offer::NotYet),
                    (Verdict::NotThere | Verdict::NeedsAction | Verdict::No, _) => {
                        Err(AppError::GatewayRefused { code, message })
                    }
                },
            }
        }
    }
}

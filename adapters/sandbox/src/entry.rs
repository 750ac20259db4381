//! How a trade gets into the books: with which numbers, which buyer, and, where the shop started it
//! with code of its own, which terms.

use chrono::{DateTime, Utc};

use crate::beijing;
use crate::books::{
    AlipayTerms, Gateway, Particulars, PlatformKey, Terms, Trade, TradeType, Visit, WechatPayTerms,
};
use crate::draw;
use crate::sandbox::Sandbox;
use crate::till::Refused;

impl Sandbox {
    /// A trade as it is when a buyer begins to act, or a merchant orders.
    pub(crate) fn new_trade(
        &self,
        gateway: Gateway,
        out_trade_no: String,
        visit: Visit,
        now: DateTime<Utc>,
    ) -> Trade {
        let entropy = &self.outside().entropy;
        let (transaction_id, drawn) = match gateway {
            Gateway::Alipay => (
                Some(self.transaction_number(Gateway::Alipay, now)),
                format!("2088{}", draw::digits(entropy, 12)),
            ),
            Gateway::WechatPay => (None, format!("o{}", draw::alphanumeric(entropy, 27))),
        };
        let buyer = visit.terms.buyer().map_or(drawn, str::to_owned);
        Trade {
            transaction_id,
            ..Trade::waiting(gateway, out_trade_no, visit, buyer, now)
        }
    }

    /// The gateway's number of a trade, 28 digits.
    pub(crate) fn transaction_number(&self, gateway: Gateway, now: DateTime<Utc>) -> String {
        let entropy = &self.outside().entropy;
        match gateway {
            Gateway::Alipay => {
                format!("{}22001{}", beijing::day(now), draw::digits(entropy, 15))
            }
            Gateway::WechatPay => {
                format!("4200{}{}", beijing::day(now), draw::digits(entropy, 16))
            }
        }
    }

    /// What a merchant asked for who has code of his own, and of whom only the account is known.
    pub(crate) fn external_terms(&self, gateway: Gateway) -> Result<Terms, Refused> {
        let (app_id, account, particulars) = match gateway {
            Gateway::Alipay => (
                self.keys().alipay.app_id.clone(),
                "ali",
                Particulars::Alipay(AlipayTerms {
                    method: "alipay.trade.page.pay".to_owned(),
                    charset: "utf-8".to_owned(),
                    return_url: None,
                    body: None,
                    passback_params: None,
                    buyer: None,
                }),
            ),
            Gateway::WechatPay => (
                self.keys().wechatpay.app_id.clone(),
                "wx",
                Particulars::WechatPay(WechatPayTerms {
                    trade_type: TradeType::Native,
                    attach: String::new(),
                    platform: PlatformKey::PublicKey,
                    order: String::new(),
                    openid: None,
                }),
            ),
        };
        Ok(Terms {
            app_id,
            subject: "沙箱订单".to_owned(),
            notify_url: Some(format!("{}/notify/{account}", self.service().public_url()?)),
            expires: None,
            particulars,
        })
    }
}

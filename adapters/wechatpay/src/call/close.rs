//! Closing an order 「关闭订单」. A buyer may pay meanwhile, so only a closed state read back is final.

use bytes::Bytes;
use http::Request;
use payfold_domain::{OutTradeNo, Timestamp};
use serde::Serialize;

use super::request::{Call, UnsentRequest, in_path};
use crate::WechatPayAccount;

#[derive(Serialize)]
struct Close<'a> {
    mchid: &'a str,
}

impl WechatPayAccount {
    /// The request that closes an order; sent again it says the same. Done is a 204; the code
    /// `ORDER_PAID` asks for a query.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign.
    pub fn close_request(
        &self,
        out_trade_no: &OutTradeNo,
        now: Timestamp,
        nonce: &str,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let path = format!(
            "/v3/pay/transactions/out-trade-no/{}/close",
            in_path(out_trade_no.as_str())
        );
        let call = Call::post(
            path,
            &Close {
                mchid: &self.mch_id,
            },
        )?;
        self.signed_request(call, now, nonce)
    }
}

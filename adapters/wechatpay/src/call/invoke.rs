//! What the shop's front end opens a payment with, signed by the merchant 「JSAPI调起支付签名」「APP调起
//! 支付签名」. That the front end says "ok" afterwards proves nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use payfold_domain::{Method, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::order::InWechat;
use super::request::{UnsentRequest, check_nonce};
use crate::WechatPayAccount;

/// The parameters of `WeixinJSBridge` and of `wx.requestPayment`, by their own names in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JsapiParameters {
    /// The application; a mini program is asked for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// Seconds, as text.
    pub time_stamp: String,
    /// The nonce.
    pub nonce_str: String,
    /// `prepay_id=…`.
    pub package: String,
    /// `RSA`.
    pub sign_type: &'static str,
    /// The signature.
    pub pay_sign: String,
}

/// The parameters of the app SDK's request, by their own names in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppParameters {
    /// The application.
    pub app_id: String,
    /// The merchant number.
    pub partner_id: String,
    /// The order's `prepay_id`.
    pub prepay_id: String,
    /// `Sign=WXPay`.
    pub package_value: &'static str,
    /// The nonce.
    pub nonce_str: String,
    /// Seconds, as text.
    pub time_stamp: String,
    /// The signature.
    pub sign: String,
}

impl WechatPayAccount {
    /// What a page in WeChat or a mini program opens the payment of a `prepay_id` with.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign.
    pub fn jsapi_parameters(
        &self,
        place: InWechat,
        prepay_id: &str,
        now: Timestamp,
        nonce: &str,
    ) -> Result<JsapiParameters, UnsentRequest> {
        let app_id = self.app_id_for(place.method()).as_str();
        let package = format!("prepay_id={prepay_id}");
        let pay_sign = self.sign_lines(app_id, now, nonce, &package)?;
        Ok(JsapiParameters {
            app_id: match place {
                InWechat::Page => Some(app_id.to_owned()),
                InWechat::MiniProgram => None,
            },
            time_stamp: now.as_secs().to_string(),
            nonce_str: nonce.to_owned(),
            package,
            sign_type: "RSA",
            pay_sign,
        })
    }

    /// What the shop's app opens the payment of a `prepay_id` with. Here the bare id is signed.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign.
    pub fn app_parameters(
        &self,
        prepay_id: &str,
        now: Timestamp,
        nonce: &str,
    ) -> Result<AppParameters, UnsentRequest> {
        let app_id = self.app_id_for(Method::WechatpayApp).as_str();
        Ok(AppParameters {
            app_id: app_id.to_owned(),
            partner_id: self.mch_id.clone(),
            prepay_id: prepay_id.to_owned(),
            package_value: "Sign=WXPay",
            nonce_str: nonce.to_owned(),
            time_stamp: now.as_secs().to_string(),
            sign: self.sign_lines(app_id, now, nonce, prepay_id)?,
        })
    }

    fn sign_lines(
        &self,
        app_id: &str,
        now: Timestamp,
        nonce: &str,
        last: &str,
    ) -> Result<String, UnsentRequest> {
        let merchant = self.merchant().ok_or(UnsentRequest::ReceivesOnly)?;
        check_nonce(nonce)?;
        let message = format!("{app_id}\n{}\n{nonce}\n{last}\n", now.as_secs());
        let signature = merchant
            .key
            .sign(message.as_bytes())
            .ok_or(UnsentRequest::Unsignable)?;
        Ok(STANDARD.encode(signature))
    }
}

/// An `h5_url` that brings the buyer's browser back to `return_url` 「H5支付」.
pub fn h5_url_with_return(h5_url: &str, return_url: &str) -> String {
    format!(
        "{h5_url}&redirect_url={}",
        utf8_percent_encode(return_url, NON_ALPHANUMERIC)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::call::request::tests::sample_account;

    #[test]
    fn the_published_parameters_are_reproduced() {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/invoke_payment.json")).unwrap();
        let text = |pointer: &str| vector.pointer(pointer).unwrap().as_str().unwrap();
        let account = sample_account(text("/appid"));
        let now = Timestamp::from_secs(text("/timestamp").parse().unwrap());
        let page = account
            .jsapi_parameters(InWechat::Page, text("/prepay_id"), now, text("/nonce"))
            .unwrap();
        assert_eq!(page.pay_sign, text("/v3_jsapi_or_miniprogram/paySign"));
        assert_eq!(page.app_id.as_deref(), Some(text("/appid")));
        let mini = account
            .jsapi_parameters(
                InWechat::MiniProgram,
                text("/prepay_id"),
                now,
                text("/nonce"),
            )
            .unwrap();
        assert_eq!((mini.pay_sign, mini.app_id), (page.pay_sign, None));
        let app = account
            .app_parameters(text("/prepay_id"), now, text("/nonce"))
            .unwrap();
        assert_eq!(app.sign, text("/v3_app/sign"));
    }

    #[test]
    fn a_return_url_is_encoded_whole() {
        assert_eq!(
            h5_url_with_return(
                "https://wx.example/pay?id=1",
                "https://shop.example/r?a=1&b=2"
            ),
            "https://wx.example/pay?id=1&redirect_url=https%3A%2F%2Fshop%2Eexample%2Fr%3Fa%3D1%26b%3D2"
        );
    }
}

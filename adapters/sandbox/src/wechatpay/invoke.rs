//! What a shop's front end opens a payment with: the parameters that its server signed, held against
//! the merchant's key as the WeChat app does (JSAPI调起支付签名, APP调起支付签名).

use serde::Deserialize;

use crate::books::{Behind, TradeType};
use crate::sandbox::Sandbox;
use crate::sign::verifies;

/// The parameters, of a page or a mini program (`package`, `paySign`) or of an app (`sign`): an app's
/// as Android spells them (`prepayId`, `packageValue`) or as servers and iOS do (`prepayid`,
/// `package`). A bare `prepay_id` stands for a front end that nobody wrote.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Parameters {
    #[serde(alias = "appid")]
    app_id: Option<String>,
    #[serde(alias = "timestamp")]
    time_stamp: Option<String>,
    #[serde(alias = "noncestr")]
    nonce_str: Option<String>,
    package: Option<String>,
    sign_type: Option<String>,
    pay_sign: Option<String>,
    #[serde(alias = "partnerid")]
    partner_id: Option<String>,
    #[serde(alias = "prepayid")]
    prepay_id: Option<String>,
    package_value: Option<String>,
    sign: Option<String>,
    #[serde(rename = "prepay_id")]
    bare: Option<String>,
}

/// Why the WeChat app opens no payment.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotInvoked {
    #[error("`{0}` is missing among the parameters that open the payment")]
    Missing(&'static str),
    #[error("`{name}` is `{got}`; expected `{expected}`")]
    Other {
        name: &'static str,
        got: String,
        expected: String,
    },
    #[error("支付验证签名失败: the signature does not hold over {0:?}")]
    Unsigned(String),
    #[error("the prepay_id `{0}` is unknown, or its time is over")]
    Gone(String),
}

impl Parameters {
    /// The `prepay_id` that these parameters open.
    pub(crate) fn prepay_id(&self, sandbox: &Sandbox) -> Result<String, NotInvoked> {
        if let (Some(bare), None, None) = (&self.bare, &self.pay_sign, &self.sign) {
            return Ok(bare.clone());
        }
        if self.pay_sign.is_some() {
            self.of_page(sandbox)
        } else {
            self.of_app(sandbox)
        }
    }

    fn of_page(&self, sandbox: &Sandbox) -> Result<String, NotInvoked> {
        expect("signType", self.sign_type.as_deref(), "RSA")?;
        let package = given("package", self.package.as_deref())?;
        let Some(prepay_id) = package.strip_prefix("prepay_id=") else {
            return Err(NotInvoked::Other {
                name: "package",
                got: package.to_owned(),
                expected: "prepay_id=…".to_owned(),
            });
        };
        let sign = given("paySign", self.pay_sign.as_deref())?;
        // A mini program's own application stands in no parameter.
        let own = &sandbox.keys().wechatpay.app_id;
        let app_id = self.app_id.as_deref().unwrap_or(own);
        self.holds(sandbox, app_id, package, sign)?;
        Ok(prepay_id.to_owned())
    }

    fn of_app(&self, sandbox: &Sandbox) -> Result<String, NotInvoked> {
        let package = self.package_value.as_deref().or(self.package.as_deref());
        expect("packageValue", package, "Sign=WXPay")?;
        let mch_id = &sandbox.keys().wechatpay.mch_id;
        expect("partnerId", self.partner_id.as_deref(), mch_id)?;
        let prepay_id = given("prepayId", self.prepay_id.as_deref())?;
        // An SDK leaves the application out, which the app's own registration names.
        let own = &sandbox.keys().wechatpay.app_id;
        let app_id = self.app_id.as_deref().unwrap_or(own);
        let sign = given("sign", self.sign.as_deref())?;
        self.holds(sandbox, app_id, prepay_id, sign)?;
        Ok(prepay_id.to_owned())
    }

    fn holds(
        &self,
        sandbox: &Sandbox,
        app_id: &str,
        last_line: &str,
        sign: &str,
    ) -> Result<(), NotInvoked> {
        let time_stamp = given("timeStamp", self.time_stamp.as_deref())?;
        let nonce = given("nonceStr", self.nonce_str.as_deref())?;
        let message = format!("{app_id}\n{time_stamp}\n{nonce}\n{last_line}\n");
        if verifies(sandbox.wechatpay_verifier(), message.as_bytes(), sign) {
            Ok(())
        } else {
            Err(NotInvoked::Unsigned(message))
        }
    }
}

impl Sandbox {
    /// Opens what a front end hands to the WeChat app, and says under which number it can be paid.
    pub(crate) fn open_parameters(&self, parameters: &Parameters) -> Result<String, NotInvoked> {
        let prepay_id = parameters.prepay_id(self)?;
        let now = self.now();
        let state = self.state();
        let trade = match state.books.scan(&prepay_id, now) {
            Some(Behind::Trade(id)) => state.books.trade(*id),
            Some(Behind::Visit(_)) | None => None,
        };
        trade
            .filter(|trade| {
                let terms = trade.wechatpay_terms();
                terms.is_some_and(|terms| {
                    matches!(terms.trade_type, TradeType::Jsapi | TradeType::App)
                })
            })
            .map(|trade| trade.out_trade_no.clone())
            .ok_or(NotInvoked::Gone(prepay_id))
    }
}

fn given<'a>(name: &'static str, value: Option<&'a str>) -> Result<&'a str, NotInvoked> {
    value
        .filter(|value| !value.is_empty())
        .ok_or(NotInvoked::Missing(name))
}

fn expect(name: &'static str, value: Option<&str>, expected: &str) -> Result<(), NotInvoked> {
    match given(name, value)? {
        got if got == expected => Ok(()),
        got => Err(NotInvoked::Other {
            name,
            got: got.to_owned(),
            expected: expected.to_owned(),
        }),
    }
}

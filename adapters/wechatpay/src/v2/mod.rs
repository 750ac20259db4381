//! v2 notifies: pay notifies, which are signed with a shared secret, and refund notifies, which are
//! only encrypted with it. Both come as plain XML.

mod fields;
mod pay;
mod refund;
mod sign;
mod xml;

use payfold_domain::{Authentic, Message};

use crate::grammar::malformed;
use crate::{Refusal, WechatPayAccount};

use xml::Elements;

impl WechatPayAccount {
    /// Verifies a v2 notify, pay or refund, and says what it means. A refund notify is not signed: it
    /// comes back as a hint.
    ///
    /// # Errors
    ///
    /// The first reason not to take it.
    pub fn verify_v2(&self, body: &[u8]) -> Result<Authentic, Refusal> {
        let keys = self.v2_keys()?;
        let elements = read(body)?;
        if elements.get(REQ_INFO).is_none() {
            sign::verify(&elements, &keys.secret, keys.allowed)?;
        }
        Ok(Authentic {
            message: translate_elements(self, &elements)?,
            signed_headers: Vec::new(),
            key: keys.fingerprint,
        })
    }

    /// Verifies a stored v2 message a second time, by another implementation: a pay notify's sign, or
    /// that a refund notify opens. What the message means is not judged.
    ///
    /// # Errors
    ///
    /// The first reason why it does not hold under the account's APIv2 key of now.
    pub fn verify_again_v2(&self, body: &[u8]) -> Result<(), Refusal> {
        let keys = self.v2_keys()?;
        let elements = read(body)?;
        match elements.get(REQ_INFO) {
            Some(req_info) => refund::open(req_info, &keys.secret).map(|_plain| ()),
            None => sign::verify_again(&elements, &keys.secret),
        }
    }
}

/// What an authentic body means.
pub(crate) fn translate(account: &WechatPayAccount, body: &[u8]) -> Result<Message, Refusal> {
    translate_elements(account, &read(body)?)
}

/// The element that only refund notifies have.
const REQ_INFO: &str = "req_info";

/// Reads the document. One whose `return_code` is not `SUCCESS` says nothing, for it is never signed.
fn read(body: &[u8]) -> Result<Elements<'_>, Refusal> {
    let elements = xml::parse(body, "xml")?;
    match elements.get("return_code") {
        Some("SUCCESS") => Ok(elements),
        Some(_) => Err(Refusal::ReturnCodeNotSuccess),
        None => Err(malformed("return_code", "text")),
    }
}

fn translate_elements(
    account: &WechatPayAccount,
    elements: &Elements<'_>,
) -> Result<Message, Refusal> {
    fields::check(elements)?;
    let merchant = match elements.get(COMBINED_MCH_ID) {
        Some(merchant) => merchant,
        None => elements.required("mch_id")?,
    };
    if merchant != account.mch_id {
        return Err(Refusal::NotOurs);
    }
    if let Some(req_info) = elements.get(REQ_INFO) {
        return refund::translate(account, req_info);
    }
    let of_another_product = OF_ANOTHER_PRODUCT
        .iter()
        .find(|name| elements.get(name).is_some());
    match of_another_product {
        Some(name) => Ok(Message::Unknown((*name).to_owned())),
        None => pay::translate(account, elements),
    }
}

/// The element that names the merchant of a combined payment.
const COMBINED_MCH_ID: &str = "combine_mch_id";

/// Elements that a payment's notify never has: of a combined payment, and of a contract by which a merchant
/// takes recurring payments. What has one changes nothing, so their grammar matters to nobody.
const OF_ANOTHER_PRODUCT: &[&str] = &[COMBINED_MCH_ID, "change_type"];

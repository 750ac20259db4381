//! A v2 refund notify 「退款结果通知」: encrypted with the shared key and not signed, and its cipher mode
//! lets blocks be moved. So it is a hint, which a query has to confirm.

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use payfold_domain::{
    Message, Money, PaymentRef, RefundFact, RefundHint, RefundNumber, RefundSize, RefundState,
};
use zeroize::Zeroizing;

use super::pay::fen;
use super::xml;
use crate::grammar;
use crate::keys::SharedSecret;
use crate::{Refusal, WechatPayAccount};

const BLOCK_LEN: usize = 16;

const UNDECRYPTABLE: Refusal = Refusal::Undecryptable {
    key: "api_v2_key_file",
};

/// What the encrypted part of a refund notify claims.
pub(super) fn translate(account: &WechatPayAccount, req_info: &str) -> Result<Message, Refusal> {
    let plain = open(req_info, &account.v2_keys()?.secret)?;
    let refund = xml::parse(&plain, "root")?;
    let state = match refund.required("refund_status")? {
        "SUCCESS" => {
            let at = refund
                .get("success_time")
                .map(|time| grammar::beijing_spaced(time, "success_time"));
            RefundState::Succeeded(at.transpose()?)
        }
        "CHANGE" => RefundState::NeedsAction,
        "REFUNDCLOSE" => RefundState::Failed,
        "PROCESSING" => RefundState::Processing,
        other => {
            return Ok(Message::Unknown(format!(
                "refund_status/{}",
                grammar::state(other, "refund_status")?
            )));
        }
    };
    fen(refund.required("total_fee")?, "total_fee")?;
    Ok(Message::RefundHint(RefundHint {
        payment: PaymentRef {
            account: account.name.clone(),
            out_trade_no: grammar::out_trade_no(refund.required("out_trade_no")?)?,
        },
        refund: RefundFact {
            transaction_id: Some(grammar::transaction_id(refund.required("transaction_id")?)?),
            number: RefundNumber::Stated(grammar::refund_no(refund.required("out_refund_no")?)?),
            size: RefundSize::Exactly(Money::cny(fen(
                refund.required("refund_fee")?,
                "refund_fee",
            )?)),
            state,
        },
    }))
}

/// Decrypts `req_info`: Base64 of AES-256-ECB with PKCS#7, under the lower-case hex MD5 of the shared
/// key. Whatever goes wrong looks the same from outside.
pub(super) fn open(req_info: &str, secret: &SharedSecret) -> Result<Vec<u8>, Refusal> {
    let mut bytes = STANDARD
        .decode(req_info)
        .map_err(|_invalid| UNDECRYPTABLE)?;
    let key = UnboundCipherKey::new(&AES_256, hex_md5(secret).as_slice())
        .and_then(DecryptingKey::ecb)
        .map_err(|_unspecified| UNDECRYPTABLE)?;
    key.decrypt(&mut bytes, DecryptionContext::None)
        .map_err(|_unspecified| UNDECRYPTABLE)?;
    let length = unpadded_len(&bytes).ok_or(UNDECRYPTABLE)?;
    bytes.truncate(length);
    Ok(bytes)
}

fn hex_md5(secret: &SharedSecret) -> Zeroizing<[u8; 32]> {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digest = Zeroizing::new(<[u8; 16]>::from(Md5::digest(secret.as_bytes())));
    let mut hex = Zeroizing::new([0; 32]);
    let nibbles = digest.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
    for (place, nibble) in hex.iter_mut().zip(nibbles) {
        *place = DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
    }
    hex
}

/// The length before PKCS#7 padding; `None` where the padding is none.
fn unpadded_len(bytes: &[u8]) -> Option<usize> {
    let count = usize::from(*bytes.last()?);
    let length = bytes.len().checked_sub(count)?;
    let padding = bytes.get(length..)?;
    let is_padding =
        (1..=BLOCK_LEN).contains(&count) && padding.iter().all(|byte| usize::from(*byte) == count);
    is_padding.then_some(length)
}

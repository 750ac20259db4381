//! The envelope of a v3 notify and the encrypted resource in it 「证书和回调报文解密」. What the resource
//! means is told by `transaction` and `refund`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use payfold_domain::{Message, Source, Timestamp};

use super::json::{Object, parse};
use super::{Origin, refund, transaction};
use crate::grammar::{self, malformed};
use crate::keys::ResourceKey;
use crate::{Refusal, WechatPayAccount};

/// Bytes of a GCM tag.
const TAG_LEN: usize = 16;

/// The kinds of event that mean something here.
enum Kind {
    Transaction,
    Refund,
    Other,
}

impl Kind {
    fn of(event_type: &str) -> Self {
        match event_type {
            "TRANSACTION.SUCCESS" => Self::Transaction,
            "REFUND.SUCCESS" | "REFUND.ABNORMAL" | "REFUND.CLOSED" => Self::Refund,
            _ => Self::Other,
        }
    }
}

/// What an authentic envelope means.
pub(super) fn translate(
    account: &WechatPayAccount,
    envelope: &Object<'_>,
    observed_at: Timestamp,
) -> Result<Message, Refusal> {
    check_envelope(envelope)?;
    let event_type = grammar::state(envelope.text("event_type", "event_type")?, "event_type")?;
    let resource = envelope.optional_object("resource", "resource")?;
    let key = &account.v3_keys()?.resource;
    let required = || resource.ok_or(malformed("resource", "an object"));
    match Kind::of(event_type) {
        Kind::Transaction => {
            let plain = open(key, required()?, Some("transaction"))?;
            let origin = Origin {
                source: Source::Notify,
                kind: event_type,
            };
            transaction::translate(
                account,
                &origin,
                &read_addressed(account, &plain)?,
                observed_at,
            )
        }
        Kind::Refund => {
            let plain = open(key, required()?, Some("refund"))?;
            refund::notified(
                account,
                event_type,
                &read_addressed(account, &plain)?,
                observed_at,
            )
        }
        Kind::Other => {
            if let Some(resource) = resource {
                let plain = open(key, resource, None)?;
                check_addressee_if_stated(account, &plain)?;
            }
            Ok(Message::Unknown(event_type.to_owned()))
        }
    }
}

fn check_envelope(envelope: &Object<'_>) -> Result<(), Refusal> {
    let id = envelope.text("id", "id")?;
    if !(1..=36).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(malformed("id", "1 to 36 visible characters"));
    }
    grammar::rfc3339(envelope.text("create_time", "create_time")?, "create_time")?;
    envelope.text("resource_type", "resource_type")?;
    Ok(())
}

/// Decrypts a resource; `original_type` is what its kind of event must hold, where that is known.
fn open(
    key: &ResourceKey,
    resource: &Object<'_>,
    original_type: Option<&str>,
) -> Result<Vec<u8>, Refusal> {
    const UNDECRYPTABLE: Refusal = Refusal::Undecryptable {
        key: "api_v3_key_file",
    };
    if resource.text("algorithm", "resource.algorithm")? != "AEAD_AES_256_GCM" {
        return Err(malformed("resource.algorithm", "AEAD_AES_256_GCM"));
    }
    if let (Some(expected), Some(stated)) = (
        original_type,
        resource.optional_text("original_type", "resource.original_type")?,
    ) && expected != stated
    {
        return Err(malformed(
            "resource.original_type",
            "what event_type speaks of",
        ));
    }
    let nonce: [u8; 12] = resource
        .text("nonce", "resource.nonce")?
        .as_bytes()
        .try_into()
        .map_err(|_length| malformed("resource.nonce", "12 bytes"))?;
    let associated_data = resource
        .optional_text("associated_data", "resource.associated_data")?
        .unwrap_or_default();
    let mut sealed = STANDARD
        .decode(resource.text("ciphertext", "resource.ciphertext")?)
        .map_err(|_invalid| malformed("resource.ciphertext", "Base64"))?;
    if sealed.len() < TAG_LEN {
        return Err(malformed(
            "resource.ciphertext",
            "at least the 16 bytes of a tag",
        ));
    }
    let length = key
        .open(nonce, associated_data.as_bytes(), &mut sealed)
        .ok_or(UNDECRYPTABLE)?
        .len();
    sealed.truncate(length);
    Ok(sealed)
}

/// Reads a resource that must be addressed to this merchant.
fn read_addressed<'a>(account: &WechatPayAccount, plain: &'a [u8]) -> Result<Object<'a>, Refusal> {
    let resource = parse(plain, "the decrypted resource")?;
    if resource.text("mchid", "mchid")? == account.mch_id {
        Ok(resource)
    } else {
        Err(Refusal::NotOurs)
    }
}

/// A resource of a kind that is not known here need not be JSON; where it names a merchant, it is us.
fn check_addressee_if_stated(account: &WechatPayAccount, plain: &[u8]) -> Result<(), Refusal> {
    let Ok(resource) = parse(plain, "the decrypted resource") else {
        return Ok(());
    };
    match resource.optional_text("mchid", "mchid")? {
        Some(mch_id) if mch_id != account.mch_id => Err(Refusal::NotOurs),
        Some(_) | None => Ok(()),
    }
}

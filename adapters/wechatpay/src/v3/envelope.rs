//! The envelope of a v3 notify 「支付成功回调通知」: which kind of event it is, and that what it holds is
//! for us. What the resource means is told by `transaction` and `refund`.

use payfold_domain::{Message, Source, Timestamp};

use super::json::{Object, parse};
use super::sealed::open;
use super::{Origin, refund, transaction};
use crate::grammar::{self, malformed};
use crate::keys::ResourceKey;
use crate::{Refusal, WechatPayAccount};

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
            let plain = open_as(key, required()?, "transaction")?;
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
            let plain = open_as(key, required()?, "refund")?;
            refund::notified(
                account,
                event_type,
                &read_addressed(account, &plain)?,
                observed_at,
            )
        }
        Kind::Other => {
            if let Some(resource) = resource {
                let plain = open(key, resource)?;
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

/// Opens a resource that must be of the type that its kind of event holds, where it says so at all.
fn open_as(
    key: &ResourceKey,
    resource: &Object<'_>,
    original_type: &str,
) -> Result<Vec<u8>, Refusal> {
    match resource.optional_text("original_type", "original_type")? {
        Some(stated) if stated != original_type => {
            Err(malformed("original_type", "what event_type speaks of"))
        }
        Some(_) | None => open(key, resource),
    }
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

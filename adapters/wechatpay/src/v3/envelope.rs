//! The envelope of a v3 notify 「支付成功回调通知」: which kind of event it is, and that what it holds is
//! for us. What the resource means is told by `transaction` and `refund`.

use payfold_domain::{Message, Source, Timestamp};

use super::json::{Object, parse};
use super::sealed::open;
use super::{Origin, refund, transaction};
use crate::grammar::{self, malformed};
use crate::{Refusal, WechatPayAccount};

/// What the kinds of event speak of that mean something here.
#[derive(Clone, Copy)]
enum Subject {
    Transaction,
    Refund,
}

impl Subject {
    fn of(event_type: &str) -> Option<Self> {
        match event_type {
            "TRANSACTION.SUCCESS" => Some(Self::Transaction),
            "REFUND.SUCCESS" | "REFUND.ABNORMAL" | "REFUND.CLOSED" => Some(Self::Refund),
            _ => None,
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
    let Some(subject) = Subject::of(event_type) else {
        if let Some(resource) = resource {
            check_addressee_if_stated(account, &open(key, resource)?)?;
        }
        return Ok(Message::Unknown(event_type.to_owned()));
    };
    let resource = resource.ok_or(malformed("resource", "an object"))?;
    if is_of_another_product(resource, subject)? {
        check_addressee_if_stated(account, &open(key, resource)?)?;
        return Ok(Message::Unknown(event_type.to_owned()));
    }
    let plain = open(key, resource)?;
    let resource = parse(&plain, "the decrypted resource")?;
    match addressee(account, &resource)? {
        Addressee::Merchant => {}
        Addressee::AsPartOfMore => return Ok(Message::Unknown(event_type.to_owned())),
    }
    match subject {
        Subject::Transaction => {
            let origin = Origin {
                source: Source::Notify,
                kind: event_type,
            };
            transaction::translate(account, &origin, &resource, observed_at)
        }
        Subject::Refund => refund::notified(account, event_type, &resource, observed_at),
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

/// Whether a resource belongs to a product that shares its kinds of event with payments, such as profit
/// sharing. One that says that it is the other of what is known here contradicts its event.
fn is_of_another_product(resource: &Object<'_>, subject: Subject) -> Result<bool, Refusal> {
    match (
        subject,
        resource.optional_text("original_type", "original_type")?,
    ) {
        (_, None)
        | (Subject::Transaction, Some("transaction"))
        | (Subject::Refund, Some("refund")) => Ok(false),
        (_, Some("transaction" | "refund" | "")) => {
            Err(malformed("original_type", "what event_type speaks of"))
        }
        (_, Some(_)) => Ok(true),
    }
}

/// Whom a payment's or a refund's resource is for.
enum Addressee {
    /// This merchant.
    Merchant,
    /// This merchant, in a combined payment or one through a service provider.
    AsPartOfMore,
}

fn addressee(account: &WechatPayAccount, resource: &Object<'_>) -> Result<Addressee, Refusal> {
    let is_ours = |name| {
        let stated = resource.optional_text(name, name)?;
        Ok(stated.map(|mch_id| mch_id == account.mch_id))
    };
    match is_ours("mchid")? {
        Some(true) => return Ok(Addressee::Merchant),
        Some(false) => return Err(Refusal::NotOurs),
        None => {}
    }
    let mut is_stated = false;
    for name in ["combine_mchid", "sp_mchid", "sub_mchid"] {
        match is_ours(name)? {
            Some(true) => return Ok(Addressee::AsPartOfMore),
            Some(false) => is_stated = true,
            None => {}
        }
    }
    if is_stated {
        Err(Refusal::NotOurs)
    } else {
        Err(malformed("mchid", "text"))
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

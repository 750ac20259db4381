//! `payfold audit`: verifies every event's chain and commitments, every claim and every seal, and on
//! request every stored message's signature again, by a second implementation.

use std::path::PathBuf;

use clap::Args;
use payfold_sqlite::SqliteStore;
use payfold_store::{
    AuditError, Audited, Channel, EvidenceKey, EvidenceMessage, VerifyAgain, audit_halves,
};
use sha2::{Digest, Sha256};

use super::exit::{Failure, say};
use super::serve::{read_config, runtime};
use super::system;
use crate::app::{Account, GatewayAccount};

/// What `audit` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Also verifies every stored message's signature again, by a second implementation
    #[arg(long)]
    evidence: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let world = system::world().map_err(Failure::job)?;
    let config = read_config(&arguments.config, &world)?;
    let store = SqliteStore::open_read_only(&config.store_folder).map_err(Failure::job)?;
    let mut verify =
        |message: &EvidenceMessage, key: &EvidenceKey| verify_again(&config.accounts, message, key);
    let verify: Option<VerifyAgain<'_>> = match arguments.evidence {
        true => Some(&mut verify),
        false => None,
    };
    let audited = on_two_threads(&store, verify)?;
    say(line(&audited.map_err(Failure::job)?));
    Ok(())
}

/// Audits a store, reading on another thread than the one that verifies what was read.
pub(super) fn on_two_threads<'a>(
    store: &'a SqliteStore,
    verify_again: Option<VerifyAgain<'a>>,
) -> Result<Result<Audited, AuditError>, Failure> {
    let runtime = runtime()?;
    let (ahead, ledgers) = audit_halves(store, verify_again);
    Ok(std::thread::scope(|threads| {
        let reading = threads.spawn(|| runtime.block_on(ahead));
        let audited = runtime.block_on(ledgers);
        // Where it panicked, the ledgers say that reading ended early.
        drop(reading.join());
        audited
    }))
}

/// An audit's result, in one line.
pub(super) fn line(audited: &Audited) -> String {
    let seal = match &audited.last_seal {
        Some(seal) => format!(
            "last seal {} through position {}",
            seal.ordinal, seal.through.0
        ),
        None => "no seal yet".to_owned(),
    };
    format!(
        "{} events whole up to position {}, {} messages, {} claims; {seal}; {} events since",
        audited.events, audited.through.0, audited.evidence, audited.claims, audited.since
    )
}

fn verify_again(
    accounts: &[Account],
    message: &EvidenceMessage,
    key: &EvidenceKey,
) -> Result<(), String> {
    let spki = key.spki_der.as_deref();
    if spki.is_some_and(|der| <[u8; 32]>::from(Sha256::digest(der)) != key.fingerprint.0) {
        return Err("its key is kept under another key's fingerprint".to_owned());
    }
    match message.channel {
        Channel::AlipayNotify | Channel::AlipayReturn => {
            let der = spki.ok_or("its key is not kept")?;
            payfold_alipay::verify_again(&message.body, der).map_err(|refusal| refusal.to_string())
        }
        Channel::AlipayAnswer => {
            let der = spki.ok_or("its key is not kept")?;
            payfold_alipay::verify_answer_again(&message.body, der)
                .map_err(|refusal| refusal.to_string())
        }
        Channel::WechatPayV3Notify | Channel::WechatPayV3Answer => {
            let der = spki.ok_or("its key is not kept")?;
            payfold_wechatpay::verify_again_v3(&message.headers, &message.body, der)
                .map_err(|refusal| refusal.to_string())
        }
        Channel::WechatPayV2Notify => {
            let account = accounts
                .iter()
                .find(|account| account.name == message.account);
            match account.map(|account| &account.gateway) {
                Some(GatewayAccount::WechatPay(wechatpay)) => wechatpay
                    .verify_again_v2(&message.body)
                    .map_err(|refusal| refusal.to_string()),
                Some(GatewayAccount::Alipay(_)) | None => {
                    Err(format!("its account {} is not configured", message.account))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use payfold_domain::{AccountName, KeyFingerprint, Timestamp};

    use super::*;

    #[test]
    fn a_key_that_was_put_in_anothers_place_is_told_before_it_verifies_anything() {
        let message = EvidenceMessage {
            channel: Channel::AlipayNotify,
            account: AccountName::new("ali").unwrap(),
            received_at: Timestamp::from_secs(0),
            headers: Vec::new(),
            body: "a=b".into(),
        };
        let verified = |fingerprint: [u8; 32]| {
            let key = EvidenceKey {
                fingerprint: KeyFingerprint(fingerprint),
                spki_der: Some("the kept key".into()),
            };
            verify_again(&[], &message, &key).unwrap_err()
        };
        let swapped = "its key is kept under another key's fingerprint";
        assert_eq!(verified([7; 32]), swapped);
        assert_ne!(verified(Sha256::digest("the kept key").into()), swapped);
    }
}

//! One account of the configuration: its keys read and checked, by the gateway's own rules.

use payfold_alipay::AlipayAccount;
use payfold_domain::policy::Capability;
use payfold_domain::{AccountName, Timestamp};
use payfold_wechatpay::WechatPayAccount;
use zeroize::Zeroizing;

use super::section::Section;
use crate::app::{Account, GatewayAccount};

/// Reads one account; what is wrong with it is noted in its section.
pub(crate) fn account(name: &str, section: &Section<'_>, now: Timestamp) -> Option<Account> {
    let named = AccountName::new(name);
    if let Err(invalid) = &named {
        section.problem("", format!("the name of {invalid}"));
    }
    // What else is wrong with an account is told whatever its name.
    let name = named.or_else(|_told| AccountName::new("nameless")).ok()?;
    let gateway = section.required("gateway", "\"alipay\" or \"wechatpay\"");
    let retired = section.is_on("retired");
    let account = match gateway {
        Some("alipay") => alipay(name, section, now),
        Some("wechatpay") => wechatpay(name, section),
        None => return None,
        Some(other) => {
            section.problem(
                "gateway",
                format!("found {other:?}, expected \"alipay\" or \"wechatpay\""),
            );
            return None;
        }
    };
    section.finish();
    account.map(|mut account| {
        account.capability = match (account.capability, retired) {
            (Capability::ReceivesOnly, _) => Capability::ReceivesOnly,
            (Capability::Full | Capability::Retired, true) => Capability::Retired,
            (Capability::Full | Capability::Retired, false) => Capability::Full,
        };
        account
    })
}

fn alipay(name: AccountName, section: &Section<'_>, now: Timestamp) -> Option<Account> {
    // Everything is asked for before anything is missed, so that all problems are told at once.
    let app_id = section.required("app_id", "the application's id, digits");
    let seller_id = section.required("seller_id", "the payee's id, 2088…");
    let gateway_url = section.required("gateway_url", "https://openapi.alipay.com/gateway.do");
    let app_private_key = section.file("app_private_key_file").map(Zeroizing::new);
    let alipay_public_key = section.file("alipay_public_key_file");
    let app_cert = section.file("app_cert_file");
    let alipay_cert = section.file("alipay_cert_file");
    let alipay_root_cert = section.file("alipay_root_cert_file");
    let config = payfold_alipay::AccountConfig {
        name: name.clone(),
        app_id: app_id.unwrap_or_default().to_owned(),
        seller_id: seller_id.unwrap_or_default().to_owned(),
        gateway_url: gateway_url.unwrap_or_default().to_owned(),
        app_private_key,
        alipay_public_key,
        app_cert,
        alipay_cert,
        alipay_root_cert,
    };
    match AlipayAccount::new(&config, now) {
        Ok(account) => {
            let capability = capability(account.receives_only());
            let gateway = GatewayAccount::Alipay(account);
            Some(Account::new(
                name,
                gateway,
                capability,
                seller_id?.to_owned(),
                app_id?.to_owned(),
            ))
        }
        Err(invalid) => {
            let settings = invalid.iter();
            tell(section, settings.map(|wrong| (wrong.key, wrong.expected)));
            None
        }
    }
}

fn wechatpay(name: AccountName, section: &Section<'_>) -> Option<Account> {
    let app_id = section.required("app_id", "the application's id, wx…");
    let mch_id = section.required("mch_id", "the merchant's number, digits");
    let gateway_url = section.required("gateway_url", "https://api.mch.weixin.qq.com");
    let app_ids = section
        .section("app_ids")
        .map(|ids| ids.all_texts())
        .unwrap_or_default();
    let api_v3_key = section.file("api_v3_key_file").map(Zeroizing::new);
    let api_v2_key = section.file("api_v2_key_file").map(Zeroizing::new);
    let v2_sign_type = section.text("v2_sign_type").map(str::to_owned);
    let merchant_private_key = section
        .file("merchant_private_key_file")
        .map(Zeroizing::new);
    let merchant_cert_serial = section.text("merchant_cert_serial").map(str::to_owned);
    let platform_public_key_id = section.text("platform_public_key_id").map(str::to_owned);
    let platform_public_key = section.file("platform_public_key_file");
    let platform_certs = section.files("platform_cert_files");
    let config = payfold_wechatpay::AccountConfig {
        name: name.clone(),
        app_id: app_id.unwrap_or_default().to_owned(),
        app_ids,
        mch_id: mch_id.unwrap_or_default().to_owned(),
        gateway_url: gateway_url.unwrap_or_default().to_owned(),
        api_v3_key,
        api_v2_key,
        v2_sign_type,
        merchant_private_key,
        merchant_cert_serial,
        platform_public_key_id,
        platform_public_key,
        platform_certs,
    };
    match WechatPayAccount::new(&config) {
        Ok(account) => {
            let capability = capability(account.receives_only());
            let gateway = GatewayAccount::WechatPay(account);
            Some(Account::new(
                name,
                gateway,
                capability,
                mch_id?.to_owned(),
                app_id?.to_owned(),
            ))
        }
        Err(invalid) => {
            let settings = invalid.iter();
            tell(section, settings.map(|wrong| (wrong.key, wrong.expected)));
            None
        }
    }
}

/// Notes the keys that are wrong by the gateway's rules. One that is missing, or whose file cannot be
/// read, was told of before.
fn tell<'a>(section: &Section<'_>, wrong: impl Iterator<Item = (&'a str, &'a str)>) {
    let untold: Vec<_> = wrong.filter(|(key, _)| !section.is_wrong(key)).collect();
    for (key, expected) in untold {
        section.problem(key, format!("expected {expected}"));
    }
}

fn capability(receives_only: bool) -> Capability {
    if receives_only {
        Capability::ReceivesOnly
    } else {
        Capability::Full
    }
}

//! `PUT /v1/orders/{order_no}/payments/{account}/{out_trade_no}`: a payment of the order's amount.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::Uri;
use payfold_domain::Method;
use serde_json::Value;

use super::answer::payment_answer;
use crate::app::{App, Freshness, Settings, StartRequest};
use crate::http::answer::{cursor_of, json_as_of, status_of};
use crate::http::body::fields::{line, named, text};
use crate::http::body::{Fields, Flaws, JsonBody};
use crate::http::order::answer::{Actions, placed};
use crate::http::path::PathNames;
use crate::http::problem::Problem;

/// The most characters of a `return_url`.
const LONGEST_URL: usize = 512;

/// Starts the payment, or finds it started.
pub(crate) async fn start_payment(
    State(app): State<Arc<App>>,
    names: PathNames,
    body: JsonBody,
) -> Result<Response, Problem> {
    let order_no = names.order_no()?;
    let account = app.account(&names.account()?)?;
    let request = body.read(|fields, flaws| read(fields, flaws, &app.settings))?;
    let payment = if request.method == Method::External {
        names.external_payment(account.gateway())?
    } else {
        names.new_payment()?
    };
    let written = app
        .start_payment(&order_no, payment.clone(), request)
        .await?;
    let order = placed(&written.order)?;
    let started = order
        .payment(&payment)
        .ok_or_else(|| Problem::not_found("payment"))?;
    let fresh = Actions::Shown(Freshness::Fresh);
    let answer = payment_answer(&app, order, started, fresh).await?;
    Ok(json_as_of(
        status_of(written.made),
        &answer,
        cursor_of(&app, &written.order),
    ))
}

fn read(fields: &mut Fields<'_>, flaws: &mut Flaws, settings: &Settings) -> Option<StartRequest> {
    let method = fields.required("method", flaws, named(method, names()));
    let return_url = fields.optional("return_url", flaws, |value| return_url(value, settings));
    let client_ip = fields.optional("client_ip", flaws, address);
    let openid = fields.optional("openid", flaws, line(1, 128));
    let (method, openid) = (method?, openid?);
    if asks_for_openid(method) && openid.is_none() {
        flaws.note(
            "/openid",
            format!("is missing: {} asks for it", method.as_str()),
        );
    }
    let client_ip = client_ip?;
    if method == Method::WechatpayH5 && client_ip.is_none() {
        let reason = format!("is missing: {} asks for it", method.as_str());
        flaws.note("/client_ip", reason);
    }
    Some(StartRequest {
        method,
        return_url: return_url?,
        client_ip,
        openid,
    })
}

/// The methods that a caller may name.
fn method(name: &str) -> Option<Method> {
    Method::from_name(name).filter(|method| *method != Method::Unknown)
}

fn names() -> String {
    let named = Method::ALL
        .iter()
        .filter(|method| **method != Method::Unknown);
    named
        .map(|method| method.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

fn asks_for_openid(method: Method) -> bool {
    match method {
        Method::AlipayJsapi | Method::WechatpayJsapi | Method::WechatpayMini => true,
        Method::AlipayPage
        | Method::AlipayWap
        | Method::AlipayApp
        | Method::AlipayQr
        | Method::WechatpayNative
        | Method::WechatpayH5
        | Method::WechatpayApp
        | Method::External
        | Method::Unknown => false,
    }
}

fn address(value: Value) -> Result<String, String> {
    let text = text(value)?;
    match text.parse::<IpAddr>() {
        Ok(_) => Ok(text),
        Err(_) => Err("must be an IP address".to_owned()),
    }
}

/// An address at one of the origins that buyers may be sent back to.
fn return_url(value: Value, settings: &Settings) -> Result<String, String> {
    let text = line(1, LONGEST_URL)(value)?;
    let origin = origin(&text).ok_or("must be an http or https address without a fragment")?;
    let own = [settings.public_url.clone()];
    let listed = if settings.return_origins.is_empty() {
        &own[..]
    } else {
        &settings.return_origins
    };
    if listed
        .iter()
        .any(|listed| self::origin(listed).as_ref() == Some(&origin))
    {
        Ok(text)
    } else {
        Err("its origin is none that buyers may be sent back to".to_owned())
    }
}

/// Scheme, host and port of an http or https address. What browsers read otherwise than we do
/// (backslashes, user names) has none.
fn origin(address: &str) -> Option<(String, String, u16)> {
    if address.contains(['\\', '#', ' ', '@']) || !address.is_ascii() {
        return None;
    }
    let uri: Uri = address.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let host = uri
        .host()
        .filter(|host| !host.is_empty())?
        .to_ascii_lowercase();
    Some((scheme, host, uri.port_u16().unwrap_or(usual)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(
            origin("https://Shop.example/a?b=c"),
            origin("https://shop.example:443")
        );
        assert_ne!(
            origin("https://shop.example"),
            origin("http://shop.example")
        );
        assert_ne!(
            origin("https://shop.example:8443"),
            origin("https://shop.example")
        );
    }

    #[test]
    fn what_a_browser_may_read_otherwise_has_no_origin() {
        for text in [
            "https://shop.example\\@evil.example/",
            "https://shop.example@evil.example/",
            "javascript:alert(1)",
            "//evil.example",
            "/relative",
            "https://",
            "https://shop.example/#x",
            "https://sh\u{f6}p.example/",
        ] {
            assert_eq!(origin(text), None, "{text}");
        }
    }

    #[test]
    fn every_method_of_the_contract_may_be_named() {
        assert_eq!(names().split(", ").count(), 11);
        assert_eq!(method("unknown"), None);
        assert_eq!(method("external"), Some(Method::External));
    }
}

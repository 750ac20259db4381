//! Tokens with a byte changed, and tokens for another order or account.

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::draw::Draw;
use super::shot::{Shot, Wanted};

/// A genuine token, and what it is for.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) order_no: String,
    pub(crate) account: &'static str,
    pub(crate) text: String,
}

/// A read token that is not this order's.
pub(crate) fn read(draw: &mut Draw, tokens: &[Token]) -> Shot {
    let token = draw.pick(tokens);
    let others: Vec<&Token> = tokens
        .iter()
        .filter(|other| other.order_no != token.order_no)
        .collect();
    let other = draw.pick(&others);
    let text = match draw.below(4) {
        0 => other.text.clone(),
        1 => token.text.replace(&token.order_no, &other.order_no),
        _ => changed(draw, &token.text),
    };
    let order_no = match text.contains(&other.order_no) && text != other.text {
        true => &other.order_no,
        false => &token.order_no,
    };
    if draw.below(4) == 0 && text != other.text {
        let text = percent_encode(text.as_bytes(), NON_ALPHANUMERIC);
        return Shot::get("read token", format!("/result/{text}"), Wanted::Neutral);
    }
    let path = format!("/v1/orders/{order_no}");
    Shot::get("read token", path, Wanted::Refusal).with("authorization", format!("Bearer {text}"))
}

/// A return token that payfold did not make, or not for this account.
pub(crate) fn returned(draw: &mut Draw, tokens: &[Token]) -> Shot {
    let token = draw.pick(tokens);
    let (account, text) = match draw.below(3) {
        0 => {
            let mut others = vec!["ali", "wx", "wx2"];
            others.retain(|other| *other != token.account);
            (draw.pick(&others), token.text)
        }
        _ => (token.account, changed(draw, &token.text)),
    };
    let text = percent_encode(text.as_bytes(), NON_ALPHANUMERIC).to_string();
    let text = text
        .replace("%2E", ".")
        .replace("%2D", "-")
        .replace("%5F", "_");
    let path = format!("/return/{account}?rt={text}");
    Shot::get("return token", path, Wanted::Neutral)
}

/// A character changed, lost, added, or two exchanged.
fn changed(draw: &mut Draw, genuine: &str) -> String {
    loop {
        let mut bytes = genuine.as_bytes().to_vec();
        let at = draw.below(bytes.len());
        match draw.below(4) {
            0 | 1 => bytes[at] = draw.other_than(bytes[at]),
            2 => drop(bytes.remove(at)),
            _ => {
                let other = draw.below(bytes.len());
                bytes.swap(at, other);
            }
        }
        let text = String::from_utf8(bytes).unwrap();
        if text != genuine {
            return text;
        }
    }
}

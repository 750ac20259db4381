//! Messages that no gateway sends: forged, repeated, carried elsewhere, cut, cut in other places,
//! doubled, gnawed at, stale and swollen.

use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str};

use super::draw::Draw;
use super::shot::{Shot, Wanted};
use crate::gateway::{Alipay, Message, Paid, WechatPay, now_secs};

/// A gateway's way to say that something was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Alipay,
    V3,
    V2,
}

/// A payment's number, for what is known and for what is not told yet.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    pub(crate) form: Form,
    pub(crate) order_no: String,
    pub(crate) out_trade_no: String,
    pub(crate) transaction_id: String,
}

/// What one fact is worth.
pub(crate) const MINOR: i64 = 8800;

/// The pens of both gateways, stolen for a while; what only they can sign is never sent to harm.
pub(crate) struct Pens {
    pub(crate) alipay: Alipay,
    pub(crate) strangers: Alipay,
    pub(crate) wechatpay: WechatPay,
}

impl Form {
    pub(crate) fn account(self) -> &'static str {
        match self {
            Self::Alipay => "ali",
            Self::V3 | Self::V2 => "wx",
        }
    }
}

impl Pens {
    /// The genuine message of a fact.
    pub(crate) fn message(&self, fact: &Fact) -> Message {
        let paid = paid(fact);
        match fact.form {
            Form::Alipay => self.alipay.paid(&paid),
            Form::V3 => self.wechatpay.paid_v3(&paid),
            Form::V2 => self.wechatpay.paid_v2(&paid),
        }
    }

    /// A signature that is not the gateway's.
    pub(crate) fn forged(&self, draw: &mut Draw, fact: &Fact) -> Shot {
        let mut message = self.message(fact);
        match fact.form {
            Form::Alipay => message = self.strangers.paid(&paid(fact)),
            Form::V3 => {
                let (name, value) = &mut message.headers[1 + draw.below(4)];
                let mut bytes = value.clone().into_bytes();
                let at = draw.below(bytes.len());
                bytes[at] = draw.other_than(bytes[at]);
                *value = String::from_utf8(bytes).unwrap();
                assert!(name.starts_with("wechatpay-"), "{name}");
            }
            Form::V2 => {
                let (before, rest) = message.body.split_once("<sign><![CDATA[").unwrap();
                let (sign, after) = rest.split_once("]]>").unwrap();
                let turned: String = sign.chars().rev().collect();
                message.body = format!("{before}<sign><![CDATA[{turned}]]>{after}");
            }
        }
        Shot::notify("forged", fact.form.account(), message, Wanted::Failure)
    }

    /// What was said before, once more.
    pub(crate) fn repeated(&self, known: &Fact) -> Shot {
        let message = self.message(known);
        Shot::notify("repeated", known.form.account(), message, Wanted::Success)
    }

    /// To another account, of another gateway or of another merchant with the same keys.
    pub(crate) fn elsewhere(&self, draw: &mut Draw, fact: &Fact) -> Shot {
        let account = match fact.form {
            Form::Alipay => "wx",
            Form::V3 | Form::V2 => draw.pick(&["ali", "wx2"]),
        };
        Shot::notify("elsewhere", account, self.message(fact), Wanted::Failure)
    }

    /// To a route that is not meant, or by another method.
    pub(crate) fn astray(&self, draw: &mut Draw, fact: &Fact) -> Shot {
        let message = self.message(fact);
        let account = fact.form.account();
        let mut shot = Shot::notify("astray", account, message, Wanted::Refusal);
        match draw.below(5) {
            0 => shot.method = draw.pick(&[Method::PUT, Method::GET, Method::DELETE]),
            1 => shot.path = format!("/return/{account}"),
            2 => {
                let wrong = ["nobody", "ALI", "ali/", "ali%00", "..%2fali", "ali;x", ""];
                shot.path = format!("/notify/{}", draw.pick(&wrong));
            }
            3 => shot.path = format!("/v1/orders/{}", fact.order_no),
            _ => {
                shot.method = Method::PUT;
                shot.path = format!("/v1/orders/{}", fact.order_no);
            }
        }
        shot
    }

    /// A notify as a buyer's return.
    pub(crate) fn notify_as_return(&self, fact: &Fact) -> Shot {
        let body = self.message(fact).body;
        let query = match fact.form {
            Form::Alipay => body,
            Form::V3 | Form::V2 => encoded(body.as_bytes()),
        };
        let path = format!("/return/{}?{query}", fact.form.account());
        Shot::get("notify as return", path, Wanted::Neutral)
    }

    /// A buyer's return as a notify.
    pub(crate) fn return_as_notify(&self, fact: &Fact) -> Shot {
        let message = Message {
            headers: Vec::new(),
            body: self.alipay.returned(&paid(fact)),
        };
        Shot::notify("return as notify", "ali", message, Wanted::Failure)
    }

    /// A buyer's return of which a character was changed.
    pub(crate) fn return_changed(&self, draw: &mut Draw, fact: &Fact) -> Shot {
        let query = self.alipay.returned(&paid(fact));
        let mut pairs: Vec<String> = query.split('&').map(str::to_owned).collect();
        let at = draw.below(pairs.len());
        let (name, value) = pairs[at].split_once('=').unwrap();
        let mut value: Vec<u8> = percent_decode_str(value).collect();
        let place = draw.below(value.len());
        value[place] = draw.other_than(value[place]);
        pairs[at] = format!("{name}={}", encoded(&value));
        let path = format!("/return/ali?{}", pairs.join("&"));
        Shot::get("return changed", path, Wanted::Neutral)
    }

    /// Cut off, or without one of its headers.
    pub(crate) fn cut(&self, draw: &mut Draw, fact: &Fact) -> Shot {
        let message = self.message(fact);
        let mut shot = Shot::notify("cut", fact.form.account(), message, Wanted::Failure);
        if fact.form == Form::V3 && draw.below(2) == 0 {
            // The media type is not judged, and no type of signature is the usual one.
            shot.headers.remove(1 + draw.below(4));
        } else {
            shot.body.truncate(draw.below(shot.body.len()));
        }
        shot
    }

    /// The same signed text, read as other fields: what a buyer's words may be made to say.
    pub(crate) fn recut(&self, draw: &mut Draw, known: &Fact) -> Shot {
        let words = match known.form {
            Form::V2 => words(draw, &XML_WORDS),
            Form::Alipay | Form::V3 => words(draw, &FORM_WORDS),
        };
        let signed = self.saying(draw, known, &words);
        let pairs = recut(draw, &joined(&signed.pairs));
        let message = signed.read_as(&pairs);
        Shot::notify("recut", known.form.account(), message, Wanted::Either)
    }

    /// The one cut that would pay: the buyer's words hold all that comes after them once more, one field
    /// of it changed, and at their end a field that nobody knows, to swallow what was true.
    pub(crate) fn injected(&self, draw: &mut Draw, known: &Fact) -> Shot {
        let honest = self.saying(draw, known, "x");
        let mut pairs = honest.pairs.clone();
        let host = pairs.iter().position(|(name, _)| *name == honest.host);
        let tail = pairs.split_off(host.unwrap() + 1);
        let mut changed = tail.clone();
        let wanted = match known.form {
            Form::V2 => draw.pick(&[("total_fee", "1"), ("out_trade_no", "f_v2_0")]),
            Form::Alipay | Form::V3 => {
                draw.pick(&[("total_amount", "0.01"), ("trade_no", "2026010522999")])
            }
        };
        let field = changed.iter_mut().find(|(name, _)| name == wanted.0);
        wanted.1.clone_into(&mut field.unwrap().1);
        let words = format!("x&{}&zzz=", joined(&changed));
        let signed = self.saying_in(honest.host, known, &words);
        pairs.extend(changed);
        pairs.push(("zzz".to_owned(), format!("&{}", joined(&tail))));
        assert_eq!(joined(&pairs), joined(&signed.pairs), "what was signed");
        let message = signed.read_as(&pairs);
        Shot::notify("injected", known.form.account(), message, Wanted::Failure)
    }

    /// A genuine message with a buyer's words in it.
    fn saying(&self, draw: &mut Draw, known: &Fact, words: &str) -> Signed {
        let host = match known.form {
            Form::V2 => "attach",
            Form::Alipay | Form::V3 => draw.pick(&["subject", "body", "passback_params"]),
        };
        self.saying_in(host, known, words)
    }

    fn saying_in(&self, host: &'static str, known: &Fact, words: &str) -> Signed {
        let paid = paid(known);
        if known.form == Form::V2 {
            let text = self.wechatpay.paid_v2_with(&paid, words).body;
            let mut pairs: Vec<(String, String)> = text.lines().filter_map(element).collect();
            let sign = pairs.pop().unwrap().1;
            return Signed { host, pairs, sign };
        }
        let text = self.alipay.notify(&paid, &[(host, words)]).body;
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap();
            let value = percent_decode_str(value).decode_utf8().unwrap();
            (name.to_owned(), value.into_owned())
        };
        let mut pairs: Vec<(String, String)> = text.split('&').map(pair).collect();
        let sign = pairs.pop().unwrap().1;
        // The type of the signature is not signed.
        pairs.pop();
        Signed { host, pairs, sign }
    }

    /// A field, an element or a header twice.
    pub(crate) fn doubled(&self, draw: &mut Draw, fact: &Fact) -> Shot {
        let message = self.message(fact);
        let mut shot = Shot::notify("doubled", fact.form.account(), message, Wanted::Failure);
        match fact.form {
            Form::Alipay => {
                let text = String::from_utf8(shot.body).unwrap();
                let pairs: Vec<&str> = text.split('&').collect();
                let (name, value) = draw.pick(&pairs).split_once('=').unwrap();
                let value = draw.pick(&[value, "1", ""]);
                shot.body = match draw.below(2) {
                    0 => format!("{text}&{name}={value}"),
                    _ => format!("{name}={value}&{text}"),
                }
                .into_bytes();
            }
            Form::V3 => {
                let header = shot.headers[1 + draw.below(4)].clone();
                shot.headers.push(header);
            }
            Form::V2 => {
                let text = String::from_utf8(shot.body).unwrap();
                let lines: Vec<&str> = text.lines().collect();
                let line = lines[1 + draw.below(lines.len() - 2)];
                shot.body = text
                    .replace("</xml>", &format!("{line}</xml>"))
                    .into_bytes();
            }
        }
        shot
    }

    /// Bytes changed, lost or added, here and there.
    pub(crate) fn gnawed(&self, draw: &mut Draw, known: &Fact) -> Shot {
        let message = self.message(known);
        let wanted = match known.form {
            Form::V3 => Wanted::Failure,
            // An escape or a space may be written in several ways.
            Form::Alipay | Form::V2 => Wanted::Either,
        };
        let mut shot = Shot::notify("gnawed", known.form.account(), message, wanted);
        let genuine = shot.body.clone();
        for _ in 0..=draw.below(3) {
            let at = draw.below(shot.body.len());
            match draw.below(3) {
                0 => shot.body[at] = draw.byte(),
                1 => drop(shot.body.remove(at)),
                _ => shot.body.insert(at, draw.byte()),
            }
        }
        if shot.body == genuine {
            shot.body.push(b'!');
        }
        shot
    }

    /// Signed too long ago, or not yet.
    pub(crate) fn stale(&self, draw: &mut Draw, fact: &Fact) -> Shot {
        let body = self.wechatpay.paid_v3(&paid(fact)).body;
        let off = 310 + u64::try_from(draw.below(1_000_000)).unwrap();
        let at = match draw.below(2) {
            0 => now_secs() - off,
            _ => now_secs() + off,
        };
        let message = self.wechatpay.signed_at(at, body);
        Shot::notify("stale", "wx", message, Wanted::Failure)
    }
}

/// What no message is.
pub(crate) fn noise(draw: &mut Draw) -> Shot {
    let mut shot = Shot::notify(
        "noise",
        draw.pick(&["ali", "wx", "wx2"]),
        Message {
            headers: Vec::new(),
            body: String::new(),
        },
        Wanted::Failure,
    );
    let deep = 1 + draw.below(20_000);
    shot.body = match draw.below(7) {
        0 => draw.bytes(2_000),
        1 => "<xml>".repeat(deep / 8).into_bytes(),
        2 => "[".repeat(deep).into_bytes(),
        3 => "a=1&".repeat(deep / 4).into_bytes(),
        4 => b"<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><xml><sign>&a;</sign></xml>"
            .to_vec(),
        5 => "{\"resource\":".repeat(deep / 16).into_bytes(),
        _ => [b"<xml><a>".as_slice(), &draw.bytes(500), b"</a></xml>"].concat(),
    };
    shot.with(
        "content-type",
        draw.pick(&["", "text/xml", "a/b", "\u{ff}"]),
    )
}

/// More than anybody reads.
pub(crate) fn swollen(draw: &mut Draw) -> Shot {
    let mut shot = noise(draw);
    shot.kind = "swollen";
    shot.body = vec![b'x'; 65_537 + draw.below(500_000)];
    shot.wanted = Wanted::Cut;
    shot
}

pub(crate) fn paid(fact: &Fact) -> Paid<'_> {
    Paid {
        out_trade_no: &fact.out_trade_no,
        transaction_id: &fact.transaction_id,
        minor: MINOR,
    }
}

/// What a buyer may have been let write into an Alipay payment.
const FORM_WORDS: [&str; 7] = [
    "total_amount=0.01",
    "trade_status=TRADE_SUCCESS",
    "trade_no=2026010522999",
    "out_trade_no=f_ali_0",
    "version=1.0",
    "zzz=",
    "subject=y",
];

/// And into a WeChat Pay order.
const XML_WORDS: [&str; 7] = [
    "total_fee=1",
    "result_code=SUCCESS",
    "transaction_id=420099",
    "out_trade_no=f_v2_0",
    "bank_type=OTHERS",
    "zzz=",
    "mch_id=9",
];

/// A signed message, taken apart.
struct Signed {
    /// The field with the buyer's words.
    host: &'static str,
    /// What is signed, in the order in which it is.
    pairs: Vec<(String, String)>,
    sign: String,
}

impl Signed {
    /// The same signature under other fields.
    fn read_as(&self, pairs: &[(String, String)]) -> Message {
        let body = if self.host == "attach" {
            let sign = ("sign".to_owned(), self.sign.clone());
            let pairs = pairs.iter().chain([&sign]);
            let elements: String = pairs
                .map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>"))
                .collect();
            format!("<xml>{elements}</xml>")
        } else {
            let pairs = pairs
                .iter()
                .map(|(name, value)| format!("{name}={}&", encoded(value.as_bytes())));
            let sign = encoded(self.sign.as_bytes());
            format!("{}sign_type=RSA2&sign={sign}", pairs.collect::<String>())
        };
        Message {
            headers: Vec::new(),
            body,
        }
    }
}

/// An element of a v2 document that stands in a line of its own.
fn element(line: &str) -> Option<(String, String)> {
    let (name, rest) = line.split_once("><![CDATA[")?;
    let name = name.trim_start_matches("<xml>").trim_start_matches('<');
    let (value, _) = rest.split_once("]]>")?;
    Some((name.to_owned(), value.to_owned()))
}

fn joined(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

fn words(draw: &mut Draw, among: &[&str]) -> String {
    let mut words = "x".to_owned();
    for _ in 0..draw.below(4) {
        words.push('&');
        words.push_str(draw.pick(among));
    }
    words
}

/// A signed text cut into fields, at most of its marks.
fn recut(draw: &mut Draw, text: &str) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for piece in text.split('&') {
        let cut = piece.split_once('=').filter(|_| draw.below(6) != 0);
        match (cut, pairs.last_mut()) {
            (Some((name, value)), _) => pairs.push((name.to_owned(), value.to_owned())),
            (None, Some((_, last))) => {
                last.push('&');
                last.push_str(piece);
            }
            (None, None) => pairs.push((piece.to_owned(), String::new())),
        }
    }
    pairs
}

fn encoded(bytes: &[u8]) -> String {
    percent_encoding::percent_encode(bytes, NON_ALPHANUMERIC).to_string()
}

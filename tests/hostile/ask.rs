//! Questions of every shape by somebody who has a key: cursors, limits, names and bodies that nobody
//! was given.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::draw::Draw;
use super::shot::{Shot, Wanted};

/// What is known to ask for.
pub(crate) struct Known {
    pub(crate) api_key: String,
    pub(crate) orders: Vec<String>,
    pub(crate) cursors: Vec<String>,
}

/// A cursor, and whether payfold made it.
struct Cursor {
    text: Vec<u8>,
    is_real: bool,
}

impl Cursor {
    fn drawn(draw: &mut Draw, known: &Known) -> Self {
        let real = draw.pick(&known.cursors);
        let mut bytes = real.clone().into_bytes();
        match draw.below(10) {
            0 | 1 => {}
            2 => {
                let at = draw.below(bytes.len());
                bytes[at] = draw.other_than(bytes[at]);
            }
            3 => bytes.truncate(draw.below(bytes.len())),
            4 => bytes.push(draw.other_than(0)),
            5 => bytes = (0..28).map(|_| draw.pick(b"AZaz09-_")).collect(),
            6 => bytes = draw.bytes(60),
            7 => bytes = vec![b'A'; 1 + draw.below(8_000)],
            8 => {
                let numbers = ["", "0", "-1", "1e9", "18446744073709551615", "null", "%"];
                bytes = draw.pick(&numbers).as_bytes().to_vec();
            }
            // Another place, with the same proof of it.
            _ => {
                let mut raw = URL_SAFE_NO_PAD.decode(&real).unwrap();
                let at = 7 + draw.below(8);
                raw[at] = raw[at].wrapping_add(1 + draw.byte() % 255);
                bytes = URL_SAFE_NO_PAD.encode(raw).into_bytes();
            }
        }
        Self {
            is_real: known.cursors.iter().any(|known| known.as_bytes() == bytes),
            text: bytes,
        }
    }

    fn encoded(&self) -> String {
        percent_encode(&self.text, NON_ALPHANUMERIC).to_string()
    }

    fn wanted(&self) -> Wanted {
        if self.is_real {
            Wanted::Either
        } else {
            Wanted::Refusal
        }
    }
}

/// The feed, or an order's events, from somewhere.
pub(crate) fn events(draw: &mut Draw, known: &Known) -> Shot {
    let cursor = Cursor::drawn(draw, known);
    let order_no = draw.pick(&known.orders);
    let more = more(draw);
    let path = match draw.below(3) {
        0 => format!(
            "/v1/orders/{order_no}/events?after={}{more}",
            cursor.encoded()
        ),
        _ => format!("/v1/events?after={}{more}", cursor.encoded()),
    };
    let mut wanted = cursor.wanted();
    // A page that begins where nothing was given begins at the start.
    if cursor.text.is_empty() {
        wanted = Wanted::Either;
    }
    let shot = keyed(known, Shot::get("events", path, wanted));
    if !cursor.is_real && !cursor.text.is_empty() && draw.below(4) == 0 {
        let mut shot = shot;
        shot.path = "/v1/events".to_owned();
        let shot = shot.with("accept", "text/event-stream");
        return shot.with("last-event-id", cursor.text);
    }
    shot
}

/// Lists, reports, and an order as it was or is to become.
pub(crate) fn lists(draw: &mut Draw, known: &Known) -> Shot {
    let cursor = Cursor::drawn(draw, known);
    let text = cursor.encoded();
    let order_no = draw.pick(&known.orders);
    let more = more(draw);
    let path = match draw.below(8) {
        0 => format!("/v1/orders?after={text}{more}"),
        1 => format!("/v1/exceptions?after={text}&status=open{more}"),
        2 => format!("/v1/shipments?after={text}{more}"),
        3 => format!("/v1/orders/{order_no}?at={text}"),
        4 => format!("/v1/orders/{order_no}?wait=1"),
        5 => {
            let day = ["2026-01-05", "0000-00-00", "-1", "9999-12-31", "26-1-5", ""];
            let (from, to) = (draw.pick(&day), draw.pick(&day));
            format!("/v1/reports/daily?from={from}&to={to}")
        }
        6 => format!("/v1/orders/{text}"),
        _ => format!("/v1/orders?created_from={text}&created_to={text}"),
    };
    let tag = draw.pick(&[
        "\"1\"",
        "\"\"",
        "*",
        "W/\"1\"",
        "\"99999999999999999999\"",
        "x",
    ]);
    let shot = keyed(known, Shot::get("lists", path, Wanted::Either));
    let shot = shot.with("if-none-match", tag);
    if draw.below(4) == 0 {
        shot.with("payfold-min-as-of", cursor.text)
    } else {
        shot
    }
}

/// A write that no order comes of.
pub(crate) fn writes(draw: &mut Draw, known: &Known) -> Shot {
    let deep = 1 + draw.below(20_000);
    let bodies = [
        draw.bytes(300),
        b"{".to_vec(),
        b"null".to_vec(),
        b"{\"amount\":{\"currency\":\"CNY\",\"minor\":1e300},\"subject\":\"x\",\"fulfilment\":\"none\"}"
            .to_vec(),
        b"{\"amount\":{\"currency\":\"CNY\",\"minor\":1,\"minor\":2},\"subject\":\"x\",\"fulfilment\":\"none\"}"
            .to_vec(),
        b"{\"amount\":{\"currency\":\"CNY\",\"minor\":1},\"subject\":\"x\",\"fulfilment\":\"none\",\"more\":1}"
            .to_vec(),
        "[".repeat(deep).into_bytes(),
        format!("{{\"metadata\":{}1{}", "{\"a\":".repeat(deep / 8), "}".repeat(deep / 8)).into_bytes(),
        b"{\"amount\":{\"currency\":\"CNY\",\"minor\":1},\"subject\":\"\\ud800\",\"fulfilment\":\"none\"}"
            .to_vec(),
    ];
    let order_no = draw.pick(&known.orders);
    let path = match draw.below(4) {
        0 => "/v1/orders/Z-1".to_owned(),
        1 => format!("/v1/orders/{order_no}/payments/ali/pay_z1"),
        2 => format!("/v1/orders/{order_no}/payments/ali/k_ali_0/refunds/r-1"),
        _ => "/v1/exceptions/0/resolve".to_owned(),
    };
    let mut shot = Shot::get("writes", path, Wanted::Refusal);
    shot.method = if shot.path.ends_with("resolve") {
        Method::POST
    } else {
        Method::PUT
    };
    shot.body = draw.pick(&bodies);
    keyed(known, shot)
}

fn keyed(known: &Known, shot: Shot) -> Shot {
    shot.with("authorization", format!("Bearer {}", known.api_key))
}

/// The rest of a query.
fn more(draw: &mut Draw) -> &'static str {
    draw.pick(&[
        "",
        "&limit=500",
        "&limit=1",
        "&limit=0",
        "&limit=-1",
        "&limit=501",
        "&limit=99999999999999999999",
        "&limit=%00",
        "&type=OrderPlaced",
        "&type=,",
        "&type=%ff",
        "&evidence=true",
        "&evidence=perhaps",
        "&after=x",
        "&unheard_of=1",
        "&&=&",
    ])
}

//! Readers of the open feed that come, go, and never read; and connections that speak no HTTP.

use std::io::Write as _;
use std::net::TcpStream;

use http::Method;

use super::ask::Known;
use super::draw::Draw;
use crate::shop::Shop;

/// How many are open at a time.
const MOST: usize = 96;

/// Those that are open.
#[derive(Default)]
pub(crate) struct Readers {
    polite: Vec<reqwest::Response>,
    raw: Vec<TcpStream>,
}

impl Readers {
    /// Some come, and some go without a word.
    pub(crate) async fn come_and_go(&mut self, draw: &mut Draw, shop: &Shop, known: &Known) {
        for _ in 0..1 + draw.below(4) {
            let mut request = shop.keyed(Method::GET, "/v1/events");
            request = request.header("accept", "text/event-stream");
            if draw.below(2) == 0 {
                request = request.header("last-event-id", draw.pick(&known.cursors));
            }
            let response = request.send().await.unwrap();
            assert!(matches!(response.status().as_u16(), 200 | 503));
            self.polite.push(response);
            self.raw.push(speaks(draw, shop, known));
        }
        while self.polite.len() > draw.below(MOST) {
            drop(self.polite.swap_remove(draw.below(self.polite.len())));
        }
        while self.raw.len() > draw.below(MOST) {
            drop(self.raw.swap_remove(draw.below(self.raw.len())));
        }
    }
}

/// Opens a connection, says something, and never reads.
fn speaks(draw: &mut Draw, shop: &Shop, known: &Known) -> TcpStream {
    let host = shop.url("").replace("http://", "");
    let mut stream = TcpStream::connect(&host).unwrap();
    let key = &known.api_key;
    let feed = format!(
        "GET /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\naccept: text/event-stream\r\n\r\n"
    );
    let text = match draw.below(7) {
        0 | 1 => feed.into_bytes(),
        2 => feed.into_bytes()[..draw.below(90)].to_vec(),
        3 => draw.bytes(3_000),
        4 => format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(40_000)).into_bytes(),
        5 => b"POST /notify/ali HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\nffffffffffffffff\r\nx"
            .to_vec(),
        _ => b"POST /notify/ali HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\na=b".to_vec(),
    };
    // It may be cut off before all of it is said.
    drop(stream.write_all(&text));
    stream
}

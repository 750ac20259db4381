//! A gateway that hangs up before it has read the answer: what it said is stored, or is stored when
//! it says it again, and never counts twice. A client that stalls keeps nobody from stopping.

use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use crate::gateway::{Message, Paid};
use crate::shop::Shop;

/// How many payments are told by a gateway that hangs up.
const PAYMENTS: usize = 24;

/// The request as bytes, the way a gateway's client would send them.
fn request(host: &str, message: &Message) -> Vec<u8> {
    let mut text = format!("POST /notify/ali HTTP/1.1\r\nhost: {host}\r\n");
    for (name, value) in &message.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n", message.body.len()));
    text.push_str(&message.body);
    text.into_bytes()
}

/// Sends so many of these bytes, and hangs up without reading a word.
fn hangs_up_after(host: &str, bytes: &[u8]) {
    let mut connection = TcpStream::connect(host).unwrap();
    connection.write_all(bytes).unwrap();
    connection.shutdown(Shutdown::Both).unwrap();
}

#[tokio::test]
async fn a_gateway_that_hangs_up_loses_nothing_and_pays_nothing_twice() {
    let shop = Shop::open().await;
    let alipay = shop.alipay();
    let host = shop.url("").replace("http://", "");
    let mut told = Vec::new();
    for number in 0..PAYMENTS {
        let (order_no, pay) = (format!("H-{number}"), format!("pay_h{number}"));
        shop.place(&order_no, 8800).await;
        shop.start(&order_no, "ali", &pay, "external").await;
        let message = alipay.paid(&Paid {
            out_trade_no: &pay,
            transaction_id: &format!("20260105228{number:02}"),
            minor: 8800,
        });
        told.push((order_no, message));
    }
    for (number, (_, message)) in told.iter().enumerate() {
        let bytes = request(&host, message);
        // Every third one hangs up with some of its body unsent; the others say all.
        let sent = match number % 3 {
            0 => bytes.len() - 1 - number,
            _ => bytes.len(),
        };
        hangs_up_after(&host, &bytes[..sent]);
    }
    // Each is sent again, as by a gateway that heard no answer.
    let again = told.iter().map(|(_, message)| shop.notify("ali", message));
    for answer in futures_util::future::join_all(again).await {
        assert_eq!((answer.status.as_u16(), &*answer.text), (200, "success"));
    }
    for (order_no, _) in &told {
        let story = shop.story(order_no).await;
        let confirmed = story.iter().filter(|name| *name == "PaymentConfirmed");
        assert_eq!(confirmed.count(), 1, "{order_no}: {story:?}");
        assert_eq!(shop.order(order_no).await["paid"], 8800);
    }
    shop.run(&["audit", "--evidence"]).with(0);
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "how long a stop takes is what is tested"
)]
async fn a_stop_does_not_wait_for_requests_that_are_sent_in_part() {
    let mut shop = Shop::open().await;
    let host = shop.url("").replace("http://", "");
    let head = format!("POST /notify/ali HTTP/1.1\r\nhost: {host}\r\n");
    let beginnings = [
        String::from("GET /heal"),
        head.clone(),
        format!("{head}content-length: 100\r\n\r\n"),
        format!("{head}content-length: 100\r\n\r\na=b"),
        format!("{head}transfer-encoding: chunked\r\n\r\n3\r\na=b\r\n"),
    ];
    let stalled: Vec<TcpStream> = beginnings
        .iter()
        .map(|beginning| {
            let mut connection = TcpStream::connect(&host).unwrap();
            connection.write_all(beginning.as_bytes()).unwrap();
            connection
        })
        .collect();
    // A request that comes later is answered, so those before it have been heard.
    shop.place("H-1", 100).await;
    let began = Instant::now();
    assert_eq!(shop.stop().code, Some(0), "{}", shop.log());
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    drop(stalled);
}

/// Clients who only connect, and say nothing, must not take the files by which everything is read.
#[tokio::test]
async fn however_many_clients_connect_the_views_can_be_read() {
    let mut shop = Shop::open().await;
    shop.kill_under_load();
    shop.reap();
    shop.start_again_with_files(320).await;
    shop.place("F-1", 8800).await;
    let host = shop.url("").replace("http://", "");
    // More than the system lets wait: those who come last find no place at all.
    let crowd = (0..400).map(|_| {
        let connecting = tokio::net::TcpStream::connect(&host);
        tokio::time::timeout(Duration::from_millis(500), connecting)
    });
    let crowd = futures_util::future::join_all(crowd).await;
    // On the connection that was there before.
    assert_eq!(shop.list("/v1/orders").await.len(), 1);
    assert!(shop.list("/v1/exceptions").await.is_empty());
    assert!(
        !shop.log().contains("Too many open files"),
        "{}",
        shop.log()
    );
    drop(crowd);
}

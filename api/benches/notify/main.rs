//! How fast payfold takes notifies in, durably: the real program over its real store, asked over
//! sockets. Beside it, in the same run, what the machine itself takes for the two things that cannot
//! be left out: verifying a signature, and making bytes durable.
//!
//! `cargo bench -p payfold --bench notify`, with `-- --quick` for a short form that only shows that it
//! runs. Signatures are made before the clock starts.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod floor;
mod http;
mod load;
mod service;
mod sign;

use http::Request;
use load::Measured;
use service::Service;
use sign::Alipay;

/// How many connections send at a time where many do.
const MANY: usize = 64;

/// How much is sent.
#[derive(Clone, Copy)]
struct Size {
    /// Orders paid over one connection.
    alone: usize,
    /// Orders paid over many.
    many: usize,
    /// Reads of orders.
    reads: usize,
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let size = if quick {
        Size {
            alone: 50,
            many: 500,
            reads: 500,
        }
    } else {
        Size {
            alone: 2_000,
            many: 20_000,
            reads: 20_000,
        }
    };
    let service = Service::start();
    let alipay = Alipay::of(service.folder());
    floor::print(&service, &alipay, if quick { 50 } else { 1_000 });
    println!();
    notifies(&service, &alipay, "one", size.alone, 1);
    notifies(&service, &alipay, "many", size.many, MANY);
    reads(&service, size);
    println!();
    rebuild_and_audit(service);
}

/// Pays orders, and then sends every notify once more.
fn notifies(service: &Service, alipay: &Alipay, name: &str, orders: usize, connections: usize) {
    let numbers: Vec<String> = (0..orders)
        .map(|number| format!("{name}-{number}"))
        .collect();
    seed(service, &numbers);
    let messages: Vec<Request> = numbers
        .iter()
        .enumerate()
        .map(|(at, number)| Request::notify(alipay.paid(number, at)))
        .collect();
    let expect_success = |answer: &http::Answer| answer.body == b"success";
    let first = load::send(service.address(), connections, &messages, expect_success);
    report(
        &format!("notify, {connections} connections, the first of each"),
        &first,
    );
    let again = load::send(service.address(), connections, &messages, expect_success);
    report(
        &format!("notify, {connections} connections, each once more"),
        &again,
    );
    let paid = |answer: &http::Answer| contains(&answer.body, b"\"status\":\"paid\"");
    let check: Vec<Request> = numbers.iter().map(|number| service.read(number)).collect();
    load::send(service.address(), MANY, &check, paid);
}

/// Orders and their payments, as a shop makes them.
fn seed(service: &Service, numbers: &[String]) {
    let made = |answer: &http::Answer| answer.status == 201;
    let orders: Vec<Request> = numbers.iter().map(|number| service.place(number)).collect();
    let placed = load::send(service.address(), MANY, &orders, made);
    report(&format!("order placed, {MANY} connections"), &placed);
    let payments: Vec<Request> = numbers
        .iter()
        .map(|number| service.register(number))
        .collect();
    load::send(service.address(), MANY, &payments, made);
}

fn reads(service: &Service, size: Size) {
    let requests: Vec<Request> = (0..size.reads)
        .map(|at| service.read(&format!("many-{}", at * 7_919 % size.many)))
        .collect();
    for connections in [1, MANY] {
        let measured = load::send(service.address(), connections, &requests, |answer| {
            answer.status == 200
        });
        report(&format!("order read, {connections} connections"), &measured);
    }
}

fn rebuild_and_audit(service: Service) {
    let rebuild = service.time(&["rebuild"]);
    let service = service.stop();
    let audit = service.time(&["audit"]);
    let events: f64 = audit
        .out
        .split(' ')
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap();
    println!(
        "rebuild of all views     {:>10.0} events/s",
        events / rebuild.seconds
    );
    println!(
        "audit                    {:>10.0} events/s",
        events / audit.seconds
    );
}

fn report(what: &str, measured: &Measured) {
    println!(
        "{what:<45} {:>9.0}/s   p50 {:>7.2} ms   p99 {:>7.2} ms",
        measured.per_second(),
        measured.quantile_ms(0.50),
        measured.quantile_ms(0.99)
    );
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

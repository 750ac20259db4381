//! Attacks of every kind, one round after the other: nothing that was not signed and meant for this
//! payfold is believed, nothing fails but by refusing, memory does not grow with it, and genuine
//! messages still come through.

mod ask;
mod draw;
mod forge;
mod reader;
mod shot;
mod token;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use serde_json::Value;

use crate::gateway::Message;
use crate::root::root;
use crate::shop::{Shop, name};
use ask::Known;
use draw::Draw;
use forge::{Fact, Form, MINOR, Pens, noise, swollen};
use reader::Readers;
use shot::Shot;
use token::Token;

/// How many payments of each form are known, and how many are told only at the end.
const EACH: usize = 4;

/// How many requests are on their way at a time.
const AT_ONCE: usize = 8;

/// How many repeats of a payment's message are kept.
const MOST_DUPLICATES: usize = 32;

/// How many kilobytes the process may grow by once it is warm: what is cached of orders and pages.
const GROWTH_KB: u64 = 64 * 1024;

/// How many rounds warm it up.
const WARM: u64 = 20;

#[tokio::test]
async fn attacks_of_every_kind_leave_nothing_behind() {
    let mut siege = Siege::laid().await;
    for round in 0..2 * WARM {
        siege.round(round).await;
    }
    siege.lifted().await;
}

#[tokio::test]
#[ignore = "takes an hour, or PAYFOLD_HOSTILE_SECS: run by name with --ignored"]
#[expect(clippy::disallowed_methods, reason = "it lasts an hour by any clock")]
async fn an_hour_of_attacks_leaves_nothing_behind() {
    let told = std::env::var("PAYFOLD_HOSTILE_SECS").ok();
    let secs = told.map_or(3_600, |secs| secs.parse().unwrap());
    let began = std::time::Instant::now();
    let mut siege = Siege::laid().await;
    let mut round = 0;
    while began.elapsed() < Duration::from_secs(secs) {
        siege.round(round).await;
        round += 1;
    }
    eprintln!("{round} rounds");
    siege.lifted().await;
}

/// A payfold under attack, and what it knew before.
struct Siege {
    shop: Shop,
    pens: Pens,
    told: Vec<Fact>,
    untold: Vec<Fact>,
    read_tokens: Vec<Token>,
    return_tokens: Vec<Token>,
    known: Known,
    readers: Readers,
    before: Vec<Value>,
    warm_kb: u64,
}

impl Siege {
    async fn laid() -> Self {
        let shop = with_a_twin().await;
        let keys = root().join("adapters/alipay/tests/vectors/keys.json");
        let keys: Value = serde_json::from_str(&std::fs::read_to_string(keys).unwrap()).unwrap();
        let strangers = keys["alipay"]["pkcs8_base64"].as_str().unwrap();
        let api_key = std::fs::read_to_string(shop.folder().join("api.key")).unwrap();
        let mut siege = Self {
            pens: Pens {
                alipay: shop.alipay(),
                strangers: shop.alipay().signing_with(strangers),
                wechatpay: shop.wechatpay(),
            },
            shop,
            told: Vec::new(),
            untold: Vec::new(),
            read_tokens: Vec::new(),
            return_tokens: Vec::new(),
            known: Known {
                api_key: api_key.trim().to_owned(),
                orders: Vec::new(),
                cursors: Vec::new(),
            },
            readers: Readers::default(),
            before: Vec::new(),
            warm_kb: 0,
        };
        for (form, word) in [(Form::Alipay, "ali"), (Form::V3, "v3"), (Form::V2, "v2")] {
            for number in 0..EACH {
                let told = siege.asked_for("K", form, word, number).await;
                siege.comes(&told).await;
                siege.told.push(told);
                let untold = siege.asked_for("F", form, word, number).await;
                siege.untold.push(untold);
            }
        }
        siege.before = siege.settled().await;
        let cursors = siege.before.iter().map(|event| &event["cursor"]);
        siege.known.cursors = cursors.map(|at| at.as_str().unwrap().to_owned()).collect();
        siege
    }

    /// An order, and a payment that is known to be on its way.
    async fn asked_for(&mut self, kind: &str, form: Form, word: &str, number: usize) -> Fact {
        let fact = Fact {
            form,
            order_no: format!("{kind}-{word}-{number}"),
            out_trade_no: format!("{}_{word}_{number}", kind.to_lowercase()),
            transaction_id: transaction_id(kind, form, number),
        };
        let placed = self.shop.place(&fact.order_no, MINOR).await;
        let account = form.account();
        let started = self
            .shop
            .start(&fact.order_no, account, &fact.out_trade_no, "external")
            .await;
        self.read_tokens.push(token(&fact, &placed["read_token"]));
        let action = &started["action"]["return_token"];
        self.return_tokens.push(token(&fact, action));
        self.known.orders.push(fact.order_no.clone());
        fact
    }

    /// The genuine message comes, and comes again while it is not taken.
    async fn comes(&self, fact: &Fact) {
        for _ in 0..20 {
            let message: Message = self.pens.message(fact);
            let answer = self.shop.notify(fact.form.account(), &message).await;
            if answer.status.as_u16() != 503 {
                let order = self.shop.order(&fact.order_no).await;
                assert_eq!(order["paid"], MINOR, "{answer:?} {order}");
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("{} is never taken", fact.out_trade_no);
    }

    async fn round(&mut self, round: u64) {
        let mut draw = Draw::new(round);
        let shots = self.shots(&mut draw);
        let shop = &self.shop;
        let sending = stream::iter(shots).map(|shot| shot.send(shop, round));
        sending.buffer_unordered(AT_ONCE).collect::<()>().await;
        self.readers
            .come_and_go(&mut draw, &self.shop, &self.known)
            .await;
        if round.is_multiple_of(10) {
            // The shop goes on.
            let number = usize::try_from(round).unwrap();
            let form = draw.pick(&[Form::Alipay, Form::V3, Form::V2]);
            let fact = Fact {
                form,
                order_no: format!("G-{number}"),
                out_trade_no: format!("g_pay_{number}"),
                transaction_id: transaction_id("G", form, number),
            };
            self.shop.place(&fact.order_no, MINOR).await;
            let (order_no, pay) = (&fact.order_no, &fact.out_trade_no);
            self.shop
                .start(order_no, form.account(), pay, "external")
                .await;
            self.comes(&fact).await;
        }
        if round + 1 == WARM {
            self.warm_kb = self.shop.memory_kb();
        }
    }

    /// One of every kind.
    fn shots(&self, draw: &mut Draw) -> Vec<Shot> {
        let (pens, known) = (&self.pens, &self.known);
        let all = [&self.told[..], &self.untold[..]].concat();
        let of = |form: Form| {
            let mut told = self.told.iter();
            told.find(|fact| fact.form == form).unwrap().clone()
        };
        let alipays = of(Form::Alipay);
        let fact = |draw: &mut Draw| draw.pick(&all);
        let told = |draw: &mut Draw| draw.pick(&self.told);
        let (a, b, c, d, e) = (fact(draw), fact(draw), fact(draw), fact(draw), fact(draw));
        let (g, h) = (told(draw), told(draw));
        let mut shots = vec![
            pens.forged(draw, &a),
            pens.repeated(&g),
            pens.elsewhere(draw, &b),
            pens.astray(draw, &c),
            pens.notify_as_return(&b),
            pens.return_as_notify(&alipays),
            pens.return_changed(draw, &alipays),
            pens.cut(draw, &d),
            pens.doubled(draw, &e),
            pens.stale(draw, &a),
            noise(draw),
            noise(draw),
            swollen(draw),
            token::read(draw, &self.read_tokens),
            token::read(draw, &self.read_tokens),
            token::returned(draw, &self.return_tokens),
        ];
        for _ in 0..3 {
            for known in [&alipays, &of(Form::V2)] {
                shots.push(pens.recut(draw, known));
                shots.push(pens.injected(draw, known));
            }
            shots.push(pens.gnawed(draw, &h));
            shots.push(ask::events(draw, known));
            shots.push(ask::lists(draw, known));
            shots.push(ask::writes(draw, known));
        }
        shots
    }

    /// Everything that is settled: all events but repeats, and but what the shop did meanwhile.
    async fn settled(&self) -> Vec<Value> {
        let all = self.shop.everything().await;
        let others = all.into_iter().filter(|event| {
            let subject = event["subject"].as_str().unwrap();
            name(event) != "DuplicateNotifyIgnored" && !subject.starts_with("order/G-")
        });
        others.collect()
    }

    async fn lifted(mut self) {
        drop(std::mem::take(&mut self.readers));
        let grown = self.shop.memory_kb().saturating_sub(self.warm_kb);
        assert!(grown < GROWTH_KB, "it grew by {grown} KB");
        assert_eq!(self.settled().await, self.before, "what was believed");
        let mut repeats = BTreeMap::new();
        for event in self.shop.everything().await {
            if name(&event) == "DuplicateNotifyIgnored" {
                *repeats.entry(event["subject"].to_string()).or_insert(0) += 1;
            }
        }
        assert!(repeats.values().all(|many| *many <= MOST_DUPLICATES));
        for fact in &self.untold {
            self.comes(fact).await;
        }
        let log = self.shop.log();
        assert!(!log.contains("panicked"), "{log}");
        assert_eq!(self.shop.stop().code, Some(0));
        self.shop.run(&["audit", "--evidence"]).with(0);
    }
}

fn token(fact: &Fact, text: &Value) -> Token {
    Token {
        order_no: fact.order_no.clone(),
        account: fact.form.account(),
        text: text.as_str().unwrap().to_owned(),
    }
}

fn transaction_id(kind: &str, form: Form, number: usize) -> String {
    let kind = kind.as_bytes()[0];
    let form = match form {
        Form::Alipay => 1,
        Form::V3 => 2,
        Form::V2 => 3,
    };
    format!("20260105{kind}{form}{number:06}")
}

/// A shop with another merchant's account at WeChat Pay beside its own, under the same keys.
async fn with_a_twin() -> Shop {
    let mut shop = Shop::open().await;
    shop.stop().with(0);
    let whole = std::fs::read_to_string(shop.config()).unwrap();
    let (_, own) = whole.split_once("[accounts.wx]").unwrap();
    let twin = own.replace("\nmch_id = \"", "\nmch_id = \"9\" # \"");
    std::fs::write(shop.config(), format!("{whole}\n[accounts.wx2]{twin}")).unwrap();
    shop.start_again().await;
    shop
}

//! The bills of both gateways, held against published ones.

use std::io::{Cursor, Read as _};

use flate2::read::GzDecoder;
use http::StatusCode;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use zip::ZipArchive;

use crate::alipay::asked;
use crate::wechatpay::Merchant;
use crate::world::{World, account};

const DAY: &str = "2026-11-23";
const MORNING: u64 = 24 * 3_600;

fn vector(name: &str, field: &str) -> String {
    let path = format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    let vector: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    vector[field].as_str().unwrap().to_owned()
}

/// Two payments and a refund of the first one.
async fn business(world: &World, gateway: &str) {
    for (number, minor) in [("bill_0001", 8_888), ("bill_0002", 1)] {
        let pay = json!({ "gateway": gateway, "out_trade_no": number, "minor": minor });
        world.post("/_sandbox/pay", pay).await;
        world.pass(60);
    }
    let refund = json!({ "gateway": gateway, "out_trade_no": "bill_0001", "minor": 3_000 });
    world.post("/_sandbox/refund", refund).await;
}

async fn next_morning(world: &World) {
    world
        .post("/_sandbox/clock", json!({ "advance_s": MORNING }))
        .await;
}

async fn alipay_address(world: &World, date: &str) -> Value {
    let bill = json!({ "bill_type": "trade", "bill_date": date });
    asked(
        world,
        "alipay.data.dataservice.bill.downloadurl.query",
        bill,
    )
    .await
}

fn path(url: &Value) -> String {
    let url = url.as_str().unwrap();
    url.strip_prefix("http://127.0.0.1:8090")
        .unwrap()
        .to_owned()
}

/// The files of an archive, decoded from GBK, name and text.
fn unpacked(archive: &[u8]) -> Vec<(String, String)> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).unwrap();
    let gbk = |bytes: &[u8]| {
        let (text, _, broken) = encoding_rs::GBK.decode(bytes);
        assert!(!broken);
        text.into_owned()
    };
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (gbk(file.name_raw()), gbk(&bytes))
        })
        .collect()
}

#[tokio::test]
async fn alipays_bill_is_a_zip_in_gbk_shaped_like_a_real_one() {
    let world = World::new();
    business(&world, "alipay").await;
    next_morning(&world).await;
    let address = path(&alipay_address(&world, DAY).await["bill_download_url"]);
    let archive = world.get(&address).await;
    let files = unpacked(&archive.body);
    let seller = account("alipay", "seller_id");
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            format!("{seller}0156_20261123_业务明细.csv"),
            format!("{seller}0156_20261123_业务明细(汇总).csv"),
        ]
    );
    let real = vector("alipay_bill.json", "detail_text");
    let (real, ours): (Vec<_>, Vec<_>) = (
        real.split("\r\n").collect(),
        files[0].1.split("\r\n").collect(),
    );
    assert_eq!(ours.len(), real.len());
    for fixed in [0, 3, 4, 8] {
        assert_eq!(ours[fixed], real[fixed]);
    }
    assert_eq!(ours[1], format!("#账号：[{seller}0156]"));
    assert_eq!(
        ours[2],
        "#起始日期：[2026年11月23日 00:00:00]   终止日期：[2026年11月24日 00:00:00]"
    );
    for row in [5, 6, 7] {
        assert_eq!(ours[row].split(',').count(), 25, "{}", ours[row]);
    }
    // Numbers, times and the buyer aside, a line is what a real one is.
    let tail = |line: &str| line.split(')').next_back().unwrap().to_owned();
    assert_eq!(tail(ours[5]), tail(real[5]));
    assert_eq!(
        tail(ours[7]).replace(&refund_no(&world).await, "RF0001"),
        tail(real[6])
    );
    assert_eq!(ours[9..11], real[9..11]);
    assert!(files[1].1.contains("58.89"), "{}", files[1].1);
}

async fn refund_no(world: &World) -> String {
    let trades = world.get("/_sandbox/trades").await.json();
    let number = &trades["items"][0]["refunds"][0]["refund_no"];
    number.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn alipays_address_is_good_once_for_thirty_seconds() {
    let world = World::new();
    business(&world, "alipay").await;
    next_morning(&world).await;
    let address = path(&alipay_address(&world, DAY).await["bill_download_url"]);
    assert_eq!(world.get(&address).await.status, StatusCode::OK);
    assert_eq!(world.get(&address).await.status, StatusCode::FORBIDDEN);
    let address = path(&alipay_address(&world, DAY).await["bill_download_url"]);
    world.pass(30);
    assert_eq!(world.get(&address).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn alipay_has_a_bill_on_the_next_morning_and_none_of_a_day_without_business() {
    let world = World::new();
    business(&world, "alipay").await;
    for (date, sub_code) in [
        (DAY, "BILL_NOT_EXIST"),
        ("2026-11", "BILL_NOT_EXIST"),
        ("2026-11-22", "NO_BILL_DATA"),
        ("2026-11-31", "INVAILID_ARGUMENTS"),
        ("1999-01-01", "INVAILID_ARGUMENTS"),
    ] {
        assert_eq!(
            alipay_address(&world, date).await["sub_code"],
            sub_code,
            "{date}"
        );
    }
    let month = json!({ "advance_s": 40 * 24 * 3_600 });
    world.post("/_sandbox/clock", month).await;
    assert_eq!(alipay_address(&world, "2026-11").await["code"], "10000");
}

#[tokio::test]
async fn wechat_pays_bill_has_the_hash_that_was_signed_and_the_columns_of_a_real_one() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    business(&world, "wechatpay").await;
    next_morning(&world).await;
    let merchant = Merchant {
        at: world.now().timestamp(),
        ..merchant
    };
    let bill = |query: &'static str| {
        let merchant = &merchant;
        async move {
            let path = format!("/v3/bill/tradebill?bill_date={DAY}{query}");
            merchant.get(&path).await.json()
        }
    };
    let answer = bill("&bill_type=ALL&tar_type=GZIP").await;
    let file = merchant.get(&path(&answer["download_url"])).await;
    assert!(!file.headers.contains_key("wechatpay-signature"));
    let mut text = String::new();
    GzDecoder::new(&file.body[..])
        .read_to_string(&mut text)
        .unwrap();
    let hash = Sha1::digest(text.as_bytes());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        (&answer["hash_type"], &answer["hash_value"]),
        (&json!("SHA1"), &json!(hash))
    );
    let real = vector("wechatpay_bill.json", "text");
    let (real, ours): (Vec<_>, Vec<_>) =
        (real.split("\r\n").collect(), text.split("\r\n").collect());
    assert_eq!((ours[0], ours[4]), (real[0], real[3]));
    for row in &ours[1..4] {
        assert_eq!(row.split(",`").count(), 27, "{row}");
    }
    let cells: Vec<_> = ours[3].split(",`").collect();
    assert_eq!(
        (cells[9], cells[16], cells[19]),
        ("REFUND", "30.00", "SUCCESS")
    );
    assert_eq!(ours[5], "`3,`88.89,`30.00,`0.00,`0.35,`88.89,`30.00");
    for (kind, columns) in [("&bill_type=SUCCESS", 20), ("&bill_type=REFUND", 29)] {
        let address = path(&bill(kind).await["download_url"]);
        let file = merchant.get(&address).await.text();
        let lines: Vec<_> = file.split("\r\n").collect();
        assert_eq!(lines[0].split(',').count(), columns);
        assert_eq!(lines[1].split(",`").count(), columns);
    }
}

#[tokio::test]
async fn wechat_pay_says_why_there_is_no_bill() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    business(&world, "wechatpay").await;
    for (query, code) in [
        ("bill_date=2026-11-22", "NO_STATEMENT_EXIST"),
        ("bill_date=2026-11-23", "INVALID_REQUEST"),
        ("bill_date=2026-08-22", "INVALID_REQUEST"),
        ("bill_date=20261122", "PARAM_ERROR"),
        ("bill_date=2026-11-22&bill_type=SOME", "PARAM_ERROR"),
        ("bill_date=2026-11-22&tar_type=ZIP", "PARAM_ERROR"),
    ] {
        let said = merchant.get(&format!("/v3/bill/tradebill?{query}")).await;
        assert_eq!(said.status, StatusCode::BAD_REQUEST);
        assert_eq!(said.json()["code"], code, "{query}");
    }
    let early = json!({ "advance_s": 10 * 3_600 });
    world.post("/_sandbox/clock", early).await;
    let said = merchant
        .get(&format!("/v3/bill/tradebill?bill_date={DAY}"))
        .await;
    assert_eq!(said.json()["code"], "STATEMENT_CREATING");
    let gone = merchant.get("/v3/billdownload/file?token=none").await;
    assert_eq!(gone.json()["code"], "INVALID_REQUEST");
}

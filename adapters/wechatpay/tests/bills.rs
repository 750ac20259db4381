//! The bill of a day: asking for it, what is read from it, and what makes it refused whole.

use std::io::{Cursor, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDate;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::StatusCode;
use payfold_domain::bill::{
    BillEntry, BillRow, BillSummary, BilledPayment, BilledRefund, MovementKind, RefusedBill,
};
use payfold_wechatpay::{BillProof, CallFault, OfferedBill, Reply};
use proptest::prelude::*;
use serde_json::json;

use crate::gateway::{account, now, signed_headers};
use crate::vectors;

const NONCE: &str = "593BEC0C930BF1AFEB40B4A08C8FB242";

pub(crate) fn own() -> String {
    vectors::text(&vectors::bill(), "/own/text").to_owned()
}

fn gzip() -> Vec<u8> {
    STANDARD
        .decode(vectors::text(&vectors::bill(), "/own/gzip_base64"))
        .unwrap()
}

fn sha1() -> [u8; 20] {
    let hex = vectors::bill()["own"]["sha1_hex"]
        .as_str()
        .unwrap()
        .to_owned();
    let bytes = (0..40)
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
    bytes.collect::<Vec<_>>().try_into().unwrap()
}

pub(crate) fn read_with(
    file: impl Into<Vec<u8>>,
    proof: BillProof<'_>,
) -> Result<(BillSummary, Vec<BillRow>), RefusedBill> {
    let mut rows = Vec::new();
    let summary = account().read_bill(Cursor::new(file.into()), proof, |row| rows.push(row))?;
    Ok((summary, rows))
}

fn read(file: impl Into<Vec<u8>>) -> Result<(BillSummary, Vec<BillRow>), RefusedBill> {
    read_with(file, BillProof::default())
}

#[track_caller]
fn refused(bill: &str, line: u64, found: &str, expected: &str) {
    let refusal = read(bill).unwrap_err();
    assert_eq!(refusal.line, line, "{refusal}");
    assert!(refusal.found.contains(found), "{refusal}");
    assert!(refusal.expected.contains(expected), "{refusal}");
}

#[test]
fn a_bill_is_read_row_by_row_packed_or_plain() {
    let proof = BillProof {
        sha1: Some(sha1()),
        date: Some("2026-11-23"),
    };
    let (summary, rows) = read_with(gzip(), proof).unwrap();
    assert_eq!((summary.date.as_str(), summary.rows), ("2026-11-23", 2));
    assert_eq!(read(own()).unwrap(), (summary, rows.clone()));
    let [payment, refund] = rows.as_slice() else {
        panic!("{rows:?}");
    };
    let (BillEntry::Own(paid), BillEntry::Own(back)) = (&payment.entry, &refund.entry) else {
        panic!("{rows:?}");
    };
    assert_eq!(paid.kind, MovementKind::Payment(BilledPayment::Paid));
    assert_eq!((paid.amount.minor, payment.fee_minor), (100, 1));
    assert_eq!(paid.out_trade_no.as_str(), "PF202611230001");
    assert_eq!(paid.transaction_id.as_str(), "4200000215202611230261405420");
    assert_eq!(
        paid.at.as_secs(),
        1_795_420_862,
        "2026-11-23T16:01:02+08:00"
    );
    let MovementKind::Refund { refund_no, state } = &back.kind else {
        panic!("{back:?}");
    };
    assert_eq!(refund_no.as_ref().unwrap().as_str(), "PFR202611230001");
    assert_eq!(
        (*state, back.amount.minor, refund.line),
        (BilledRefund::Processing, 40, 3)
    );
}

#[test]
fn the_published_sample_is_read() {
    let vector = vectors::bill();
    let head = vectors::text(&vector, "/published_head/text");
    let rows: Vec<&str> = head.trim_end().lines().map(str::trim_end).collect();
    let merchant = rows[1..].join("\n").replace("1921000401", "1900000109");
    let sums = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\n`4.0,`0.04,`0.02,`0.0,`0.01,`0.04,`0.02";
    let (summary, rows) = read(format!("{}\n{merchant}\n{sums}", rows[0])).unwrap();
    assert_eq!((summary.date.as_str(), summary.rows), ("2019-02-19", 4));
    assert!(
        rows.iter().all(|row| row.entry == BillEntry::Foreign),
        "another application's"
    );
}

#[test]
fn a_bill_of_an_older_account_is_read() {
    let bill = "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,代金券或立减优惠金额,微信退款单号,商户退款单号,退款金额,代金券或立减优惠退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率\n\
        `2026-11-23 10:00:00,`wx8888888888888888,`1900000109,`0,`,`42001,`PF0001,`o,`NATIVE,`SUCCESS,`CFT,`CNY,`0.10,`0.0,`0,`0,`0,`0,`,`,`name,`,`0.00000,`0.60%\n\
        总交易单数,总交易额,总退款金额,总代金券或立减优惠退款金额,手续费总金额\n`1,`0.10,`0.0,`0.0,`0.0\n";
    let (_, rows) = read(bill).unwrap();
    let BillEntry::Own(movement) = &rows[0].entry else {
        panic!("{rows:?}");
    };
    assert_eq!(movement.amount.minor, 10);
}

#[test]
fn a_hash_that_is_not_the_downloads_is_refused() {
    let mut wrong = sha1();
    wrong[0] ^= 1;
    let proof = BillProof {
        sha1: Some(wrong),
        date: None,
    };
    let refusal = read_with(gzip(), proof).unwrap_err();
    assert!(refusal.found.contains("38a6ba6c"), "{refusal}");
    assert!(refusal.expected.contains("39a6ba6c"), "{refusal}");
}

#[test]
fn another_merchants_rows_are_refused() {
    let other = own().replacen("`1900000109", "`1900000999", 1);
    refused(&other, 2, "1900000999", "1900000109");
    let sub = own().replacen("`1900000109,`0", "`1900000109,`1900000777", 1);
    refused(&sub, 2, "1900000777", "0");
}

#[test]
fn rows_of_other_applications_are_foreign() {
    let mini = own().replacen("wx8888888888888888", "wx00000000000000aa", 1);
    assert!(
        matches!(read(mini).unwrap().1[0].entry, BillEntry::Own(_)),
        "listed in app_ids"
    );
    let other = own().replacen("wx8888888888888888", "wx00000000000000ff", 1);
    assert_eq!(read(other).unwrap().1[0].entry, BillEntry::Foreign);
}

#[test]
fn a_row_in_another_currency_is_foreign_and_the_others_stand() {
    let (summary, rows) = read(own().replacen("`CNY", "`USD", 1)).unwrap();
    assert_eq!(summary.rows, 2);
    assert_eq!(rows[0].entry, BillEntry::Foreign);
    assert!(matches!(rows[1].entry, BillEntry::Own(_)));
}

#[test]
fn a_refunds_number_that_no_refund_here_can_have_refuses_no_bill() {
    let odd = own().replace("`PFR202611230001", "`RF.2026/1");
    let (_, rows) = read(odd.as_str()).unwrap();
    let BillEntry::Own(back) = &rows[1].entry else {
        panic!("{rows:?}");
    };
    let state = BilledRefund::Processing;
    assert_eq!(
        back.kind,
        MovementKind::Refund {
            refund_no: None,
            state
        }
    );
    let (_, rows) = read(odd.replace("`PF202611230001", "`别家")).unwrap();
    assert!(rows.iter().all(|row| row.entry == BillEntry::Foreign));
}

#[test]
fn a_missing_column_is_refused_by_its_name() {
    for column in ["商户号", "微信订单号", "交易状态", "商户退款单号", "手续费"]
    {
        let header = format!(",{column},");
        refused(&own().replacen(&header, ",别的,", 1), 1, "header", column);
    }
    let refunds = own().replacen("代金券金额,", "代金券金额,退款申请时间,退款成功时间,", 1);
    refused(&refunds, 1, "refunds alone", "ALL");
}

#[test]
fn sums_that_the_rows_do_not_give_are_refused() {
    for (from, to, name) in [
        ("`2,`1.00", "`3,`1.00", "总交易单数"),
        ("`2,`1.00", "`2,`1.01", "应结订单总金额"),
        (
            ",`0.01,`1.00,`0.40\r\n",
            ",`0.02,`1.00,`0.40\r\n",
            "手续费总金额",
        ),
        (",`1.00,`0.40\r\n", ",`1.00,`0.41\r\n", "申请退款总金额"),
    ] {
        refused(&own().replace(from, to), 5, name, "rows");
    }
    refused(&own().replace("`2,`1.00,", "`2,"), 5, "6 values", "7");
}

#[test]
fn how_an_order_of_another_application_stands_refuses_no_bill() {
    let other = own().replace("wx8888888888888888", "wx00000000000000ff");
    for (from, to) in [
        ("`SUCCESS,`OTHERS", "`ACCEPTED,`OTHERS"),
        ("`PROCESSING", "`UNKNOWN"),
        ("`4200000215202611230261405420", "`M-1"),
    ] {
        let (summary, rows) = read(other.replace(from, to)).unwrap();
        assert_eq!(summary.rows, 2);
        assert!(rows.iter().all(|row| row.entry == BillEntry::Foreign));
    }
    let sums = other.replace("`1.00,`0.10", "`1e2,`0.10");
    refused(&sums, 2, "1e2", "yuan");
    let merchant = other.replacen("`1900000109", "`1900000999", 1);
    refused(&merchant, 2, "1900000999", "1900000109");
}

#[test]
fn amounts_that_no_sum_can_hold_are_refused_at_their_line() {
    let row = own().lines().nth(1).unwrap().to_owned();
    let vast = row.replace("`1.00,`0.10", "`999999999999.00,`0.10") + "\n";
    let bill = own().replacen(&row, &(vast.repeat(200) + &row), 1);
    refused(&bill, 94, "a sum", "can be counted");
    let minus = bill.replace("`999999999999.00", "`-999999999999.00");
    refused(&minus, 94, "a sum", "can be counted");
}

#[test]
fn a_bill_cut_anywhere_is_refused() {
    let whole: Vec<String> = own().lines().map(str::to_owned).collect();
    for lines in 0..whole.len() {
        assert!(read(whole[..lines].join("\n")).is_err(), "{lines} lines");
    }
    for length in [2, 20, gzip().len() / 2, gzip().len() - 1] {
        assert!(read(&gzip()[..length]).is_err(), "{length} bytes");
    }
    refused(&format!("{}more\n", own()), 6, "more", "nothing after");
}

#[test]
fn a_row_that_cannot_be_read_is_refused_at_its_line() {
    refused(
        &own().replace("`SUCCESS,`OTHERS", "`USERPAYING,`OTHERS"),
        2,
        "USERPAYING",
        "REVOKED",
    );
    refused(
        &own().replace("`PROCESSING", "`UNKNOWN"),
        3,
        "UNKNOWN",
        "CLOSED",
    );
    refused(
        &own().replace("16:31:00", "16:61:00"),
        3,
        "16:61:00",
        "HH:mm:ss",
    );
    refused(
        &own().replace("`1.00,`0.10", "`1e2,`0.10"),
        2,
        "1e2",
        "yuan",
    );
    refused(&own().replacen("`测试", "`a,`b", 1), 2, "28 cells", "27");
    // What may be the rest of a name is not quoted.
    let broken = own().replacen("\n`", "\n张三\n`", 1);
    refused(&broken, 2, "begins otherwise", "backtick");
}

#[test]
fn a_bill_that_unpacks_into_one_endless_line_is_refused() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(own().lines().next().unwrap().as_bytes())
        .unwrap();
    bomb.write_all(b"\n`").unwrap();
    bomb.write_all(&vec![b'0'; 64 * 1024 * 1024]).unwrap();
    let refusal = read(bomb.finish().unwrap()).unwrap_err();
    assert_eq!(refusal.line, 2);
    assert!(refusal.expected.contains("bytes"), "{refusal}");
}

#[test]
fn a_bill_is_asked_for_by_its_day_and_fetched_with_a_signature_of_its_own() {
    let date = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    let request = account().bill_request(date, now(), NONCE).unwrap();
    assert_eq!(
        request.uri().to_string(),
        "https://api.mch.weixin.qq.com/v3/bill/tradebill?bill_date=2026-11-23&bill_type=ALL&tar_type=GZIP"
    );
    let url = "https://api.mch.weixin.qq.com/v3/billdownload/file?token=a%2Bb";
    let offer = offered("SHA1", &vectors::bill()["own"]["sha1_hex"], url).unwrap();
    assert_eq!(offer.sha1, sha1());
    let download = account()
        .bill_download_request(&offer, now(), NONCE)
        .unwrap();
    assert_eq!(download.uri().to_string(), url);
    assert_ne!(
        download.headers()["authorization"],
        request.headers()["authorization"]
    );
}

#[test]
fn a_bill_at_another_host_or_with_another_hash_is_not_fetched() {
    let url = "https://api.mch.weixin.qq.com/v3/billdownload/file?token=x";
    let sha1 = &vectors::bill()["own"]["sha1_hex"];
    for (hash, value, url) in [
        ("MD5", sha1, url),
        ("SHA1", &json!("38a6"), url),
        (
            "SHA1",
            &json!("+8a6ba6cce1d68aefc9d3b6bc43013822c6dd8e8"),
            url,
        ),
        ("SHA1", sha1, "http://api.mch.weixin.qq.com/v3/x"),
        (
            "SHA1",
            sha1,
            "https://api.mch.weixin.qq.com.evil.example/v3/x",
        ),
        (
            "SHA1",
            sha1,
            "https://api.mch.weixin.qq.com@evil.example/v3/x",
        ),
        ("SHA1", sha1, "/v3/x"),
    ] {
        assert!(offered(hash, value, url).is_err(), "{hash} {value} {url}");
    }
}

fn offered(
    hash_type: &str,
    hash_value: &serde_json::Value,
    url: &str,
) -> Result<OfferedBill, CallFault> {
    let body = json!({"hash_type": hash_type, "hash_value": hash_value, "download_url": url});
    let body = body.to_string();
    let headers = signed_headers(body.as_bytes());
    let account = account();
    let reply = account.verify_response(StatusCode::OK, &headers, body.as_bytes(), now());
    let Ok(Reply::Done(answer)) = reply else {
        panic!("{reply:?}");
    };
    account.offered_bill(&answer)
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(start in 0_usize..1_100, bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        for mut bill in [own().into_bytes(), gzip()] {
            let start = start.min(bill.len());
            let end = (start + bytes.len()).min(bill.len());
            bill.splice(start..end, bytes.iter().copied());
            drop(read(bill));
        }
    }
}

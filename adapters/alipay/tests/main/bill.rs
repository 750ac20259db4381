//! The bill of a day: what is read from it, and what makes it refused whole.

use std::io::{Cursor, Write};

use encoding_rs::GBK;
use payfold_domain::bill::{
    BillEntry, BillRow, BillSummary, BilledPayment, BilledRefund, MovementKind, RefusedBill,
};
use proptest::prelude::*;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::fixture::{account, bytes, text, vectors};

const ROWS: &str = "20887210038991590156_20260105_业务明细.csv";
const SUMS: &str = "20887210038991590156_20260105_业务明细(汇总).csv";

pub(crate) fn published() -> String {
    text(&vectors("bill"), "/detail_text").to_owned()
}

pub(crate) fn gbk(text: &str) -> Vec<u8> {
    GBK.encode(text).0.into_owned()
}

pub(crate) fn read(file: Vec<u8>) -> Result<(BillSummary, Vec<BillRow>), RefusedBill> {
    let mut rows = Vec::new();
    let summary = account().read_bill(Cursor::new(file), |row| rows.push(row))?;
    Ok((summary, rows))
}

/// A bill as Alipay packs it, with these texts for its two files.
fn packed(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        let name = name.to_string();
        archive
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(&gbk(text)).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[track_caller]
fn refused(bill: &str, line: u64, found: &str, expected: &str) {
    let refusal = read(gbk(bill)).unwrap_err();
    assert_eq!(refusal.line, line, "{refusal}");
    assert!(refusal.found.contains(found), "{refusal}");
    assert!(refusal.expected.contains(expected), "{refusal}");
}

#[test]
fn a_bill_as_alipay_packs_it_is_read_row_by_row() {
    let vector = vectors("bill");
    let (summary, rows) = read(bytes(&vector, "/zip_base64")).unwrap();
    assert_eq!((summary.date.as_str(), summary.rows), ("2026-01-05", 3));
    for (row, expected) in rows
        .iter()
        .zip(vector["expect"]["rows"].as_array().unwrap())
    {
        let BillEntry::Own(movement) = &row.entry else {
            panic!("{row:?}");
        };
        assert_eq!(movement.transaction_id.as_str(), expected["trade_no"]);
        assert_eq!(movement.out_trade_no.as_str(), expected["out_trade_no"]);
        let minor = expected["amount_fen"].as_i64().unwrap();
        assert_eq!(movement.amount.minor, minor.abs());
        if let Some(fee) = expected["fee_fen"].as_i64() {
            assert_eq!(row.fee_minor, -fee, "what Alipay takes is a fee");
        }
        match &movement.kind {
            MovementKind::Payment(state) => {
                assert_eq!(
                    (expected["kind"].as_str(), *state),
                    (Some("payment"), BilledPayment::Paid)
                );
            }
            MovementKind::Refund { refund_no, state } => {
                assert_eq!(
                    (expected["kind"].as_str(), *state),
                    (Some("refund"), BilledRefund::Succeeded)
                );
                assert_eq!(refund_no.as_ref().unwrap().as_str(), expected["request_no"]);
            }
        }
    }
    let BillEntry::Own(first) = &rows[0].entry else {
        panic!("{rows:?}");
    };
    assert_eq!(
        first.at.as_secs(),
        1_767_578_392,
        "2026-01-05T09:59:52+08:00"
    );
    assert_eq!(rows[2].line, 8);
}

#[test]
fn the_same_bill_has_the_same_digest_however_it_comes_and_whenever_it_was_written() {
    let vector = vectors("bill");
    let archive = read(bytes(&vector, "/zip_base64")).unwrap();
    let later = published().replace("05:46:49", "09:12:00");
    let line_feeds = published().replace("\r\n", "\n");
    for file in [
        gbk(&published()),
        gbk(&later),
        gbk(&line_feeds),
        published().into_bytes(),
        format!("\u{feff}{}", published()).into_bytes(),
    ] {
        assert_eq!(read(file).unwrap(), archive);
    }
    let other = published().replace("0.18,0.00", "0.17,0.00");
    assert_ne!(read(gbk(&other)).unwrap().0.digest, archive.0.digest);
}

#[test]
fn another_merchants_bill_is_refused() {
    let other = published().replace("20887210038991590156", "20880211096256330156");
    refused(&other, 2, "20880211096256330156", "2088721003899159");
    let longer = published().replace("20887210038991590156", "208872100389915901567");
    refused(&longer, 2, "208872100389915901567", "2088721003899159");
}

#[test]
fn a_bill_that_is_not_of_one_day_is_refused() {
    let month = published().replace("2026年01月06日 00:00:00", "2026年02月01日 00:00:00");
    refused(&month, 3, "2026年02月01日", "one day");
}

#[test]
fn a_missing_column_is_refused_by_its_name() {
    for column in [
        "支付宝交易号",
        "完成时间",
        "服务费（元）",
        "退款批次号/请求号",
        "订单金额（元）",
    ] {
        let without = published().replacen(column, "别的", 1);
        let name = column.replace('（', "(").replace('）', ")");
        let name = name.trim_end_matches("/请求号");
        refused(&without, 5, "header", name);
    }
}

#[test]
fn columns_are_found_by_their_names_wherever_they_stand() {
    let reordered: Vec<String> = published()
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(_) => line.to_owned(),
            None => format!("x,{line}"),
        })
        .collect();
    let (_, rows) = read(gbk(&published())).unwrap();
    assert_eq!(read(gbk(&reordered.join("\n"))).unwrap().1, rows);
}

#[test]
fn sums_that_the_rows_do_not_give_are_refused() {
    for (from, to) in [
        ("交易合计：2笔", "交易合计：3笔"),
        ("商家实收共88.89元", "商家实收共88.88元"),
        ("商家优惠共0.00元", "商家优惠共0.01元"),
        ("88.88,88.88", "88.88,88.87"),
    ] {
        refused(&published().replace(from, to), 10, "交易合计", "2笔");
    }
    refused(
        &published().replace("退款共-30.00元，", "退款共-30.01元，"),
        11,
        "退款合计",
        "-30.00",
    );
}

#[test]
fn amounts_that_no_sum_can_hold_are_refused_at_their_line() {
    for (from, to) in [
        ("88.88,88.88,", "88.88,9999999999999.99,"),
        (
            "88.88,88.88,0.00,0.00,0.00,0.00,",
            "88.88,88.88,0.00,0.00,0.00,-9999999999999.99,",
        ),
    ] {
        let row = published().lines().nth(5).unwrap().to_owned();
        let vast = row.replace(from, to) + "\n";
        let bill = published().replacen(&row, &vast.repeat(10_000), 1);
        refused(&bill, 9_229, "a sum", "can be counted");
    }
}

#[test]
fn a_bill_cut_anywhere_is_refused() {
    let whole: Vec<&str> = published().leak().lines().collect();
    for lines in 0..whole.len() - 1 {
        let cut = whole[..lines].join("\r\n");
        let refusal = read(gbk(&cut)).unwrap_err();
        assert!(refusal.line <= 12, "{refusal}");
    }
    let archive = bytes(&vectors("bill"), "/zip_base64");
    for length in [4, 30, 200, 700, archive.len() - 30, archive.len() - 1] {
        assert!(read(archive[..length].to_vec()).is_err(), "{length} bytes");
    }
}

#[test]
fn a_row_that_is_no_payment_and_no_refund_is_refused() {
    refused(
        &published().replace(",退款\t,", ",转账\t,"),
        7,
        "转账 in 业务类型",
        "交易 or 退款",
    );
    refused(
        &published().replace("-30.00,-30.00", "30.00,-30.00"),
        7,
        "订单金额",
        "negative",
    );
    refused(
        &published().replace("10:30:00", "25:30:00"),
        7,
        "25:30:00",
        "HH:mm:ss",
    );
    refused(
        &published().replace("-0.53", "-0.535"),
        6,
        "-0.535",
        "two decimals",
    );
    refused(
        &published().replace(",0.18,0.00,\r\n", ",0.18,0.00\r\n"),
        7,
        "24 cells",
        "25",
    );
}

#[test]
fn a_number_that_no_payment_here_can_have_is_foreign() {
    let foreign = published().replace("vec_0009", "别家#1");
    let (_, rows) = read(gbk(&foreign)).unwrap();
    assert_eq!(rows[2].entry, BillEntry::Foreign);
}

#[test]
fn a_refunds_number_that_no_refund_here_can_have_refuses_no_bill() {
    let odd = published().replace(",RF0001\t", ",RF.2026/1\t");
    let (_, rows) = read(gbk(&odd)).unwrap();
    let BillEntry::Own(movement) = &rows[1].entry else {
        panic!("{rows:?}");
    };
    let state = BilledRefund::Succeeded;
    assert_eq!(
        movement.kind,
        MovementKind::Refund {
            refund_no: None,
            state
        }
    );
    let own = movement.out_trade_no.as_str();
    let (_, rows) = read(gbk(&odd.replace(own, "别家#1"))).unwrap();
    assert_eq!(rows[1].entry, BillEntry::Foreign);
}

#[test]
fn bytes_that_are_no_text_are_refused_at_their_line() {
    let mut bill = gbk(&published());
    let place = bill
        .windows(8)
        .position(|bytes| bytes == b"vec_0009")
        .unwrap();
    bill[place] = 0xff;
    let refusal = read(bill).unwrap_err();
    assert_eq!((refusal.line, refusal.expected.as_str()), (8, "GBK"));
}

#[test]
fn an_archive_that_is_no_bill_is_refused() {
    for files in [
        vec![],
        vec![(SUMS, "#支付宝业务汇总查询")],
        vec![(
            "20887210038991590156_20260105_账务明细.csv",
            "#支付宝账务明细查询",
        )],
        vec![(ROWS, ""), ("b_业务明细.csv", "")],
    ] {
        let refusal = read(packed(&files)).unwrap_err();
        assert!(refusal.expected.contains("业务明细"), "{refusal}");
    }
    let many: Vec<String> = (0..20).map(|number| format!("{number}.csv")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "")).collect();
    assert_eq!(read(packed(&many)).unwrap_err().found, "20 files");
    let other_day = "#账号：[20887210038991590156]\n#起始日期：[2026年01月06日 00:00:00] 终止日期：[2026年01月07日 00:00:00]";
    let refusal = read(packed(&[(ROWS, &published()), (SUMS, other_day)])).unwrap_err();
    assert!(
        refusal.found.contains("another account or day"),
        "{refusal}"
    );
}

#[test]
fn an_archive_that_unpacks_into_one_endless_line_is_refused() {
    let bomb = format!("#支付宝业务明细查询\n{}", "0".repeat(64 * 1024 * 1024));
    let archive = packed(&[(ROWS, &bomb)]);
    assert!(archive.len() < 1024 * 1024, "{}", archive.len());
    let refusal = read(archive).unwrap_err();
    assert_eq!(refusal.line, 2);
    assert!(refusal.expected.contains("bytes"), "{refusal}");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(start in 0_usize..900, bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        for mut bill in [gbk(&published()), self::bytes(&vectors("bill"), "/zip_base64")] {
            let start = start.min(bill.len());
            let end = (start + bytes.len()).min(bill.len());
            bill.splice(start..end, bytes.iter().copied());
            drop(read(bill));
        }
    }
}

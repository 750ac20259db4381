//! Bills as the gateways publish them, and bills that do not hold, through the command.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::gateway::{BillRow, Paid};
use crate::root::root;
use crate::shop::{Setup, Shop, figure};

const PAID: Paid<'static> = Paid {
    out_trade_no: "pay_f1",
    transaction_id: "2026010522001499160501589436",
    minor: 8888,
};
const NOON: &str = "2026-01-05 12:00:00";

/// A published bill, or one of the published form.
fn vector(path: &str) -> Value {
    let text = std::fs::read_to_string(root().join("adapters").join(path)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn packed(vector: &Value) -> Vec<u8> {
    STANDARD.decode(vector.as_str().unwrap()).unwrap()
}

/// A setting has another value.
fn setting(name: &str, value: &str) -> (String, String) {
    let start = format!("\n{name} = \"");
    // What stood there becomes a comment.
    let other = format!("\n{name} = \"{value}\" # \"");
    (start, other)
}

/// A line of an import's result.
fn line<'a>(out: &'a str, name: &str) -> &'a str {
    let line = out.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("{name} is not in {out}"))
        .trim()
}

#[tokio::test]
async fn alipays_zip_of_gbk_files_is_imported() {
    let vector = vector("alipay/tests/vectors/bill.json");
    let (from, to) = setting("seller_id", vector["expect"]["account"].as_str().unwrap());
    let key = "app_private_key_file = \"alipay/app_private_key.pem\"\n";
    let setup = Setup::new().replacing(&from, &to).replacing(key, "");
    let shop = setup.open().await;
    let bill = shop.file("bill.zip", packed(&vector["zip_base64"]));
    let (out, _) = shop.import_bill("ali", &bill, &[]).with(0);
    assert!(out.starts_with("the bill of ali of 2026-01-05"), "{out}");
    assert_eq!((figure(&out, "rows"), figure(&out, "missing here")), (3, 3));
    assert_eq!(line(&out, "payments "), "2, 88.89 CNY");
    assert_eq!(line(&out, "refunds "), "1, 30.00 CNY");
    assert_eq!(line(&out, "fees "), "0.35 CNY");
    // The same bill, unpacked and in another charset.
    let plain = shop.file("bill.csv", vector["detail_text"].as_str().unwrap());
    let (out, _) = shop.import_bill("ali", &plain, &[]).with(0);
    assert!(out.contains("nothing to do"), "{out}");
}

/// A shop of that merchant, which only receives.
async fn receives_as(mch_id: &str) -> Shop {
    let (from, to) = setting("mch_id", mch_id);
    let (app, other_app) = ("app_id = \"wx", "app_id = \"wx8888888888888888\" # \"wx");
    let key = "merchant_private_key_file = \"wechatpay/apiclient_key.pem\"\n";
    let setup = Setup::new().replacing(&from, &to).replacing(key, "");
    setup.replacing(app, other_app).open().await
}

#[tokio::test]
async fn wechat_pays_bill_is_imported_packed_and_plain() {
    let vector = vector("wechatpay/tests/vectors/bill_tradebill.json");
    let shop = receives_as("1900000109").await;
    let bill = shop.file("bill.gz", packed(&vector["own"]["gzip_base64"]));
    let (out, _) = shop.import_bill("wx", &bill, &[]).with(0);
    assert!(out.starts_with("the bill of wx of 2026-11-23"), "{out}");
    assert_eq!((figure(&out, "rows"), figure(&out, "missing here")), (2, 2));
    assert_eq!(line(&out, "payments "), "1, 1.00 CNY");
    assert_eq!(line(&out, "refunds "), "1, 0.40 CNY");
    assert_eq!(line(&out, "fees "), "0.01 CNY");
    let plain = shop.file("bill.csv", vector["own"]["text"].as_str().unwrap());
    let (out, _) = shop.import_bill("wx", &plain, &[]).with(0);
    assert!(out.contains("nothing to do"), "{out}");
}

#[tokio::test]
async fn a_published_bill_of_the_merchants_other_application_is_foreign() {
    let vector = vector("wechatpay/tests/vectors/bill_tradebill.json");
    let head = vector["published_head"]["text"].as_str().unwrap();
    let sums = vector["own"]["text"]
        .as_str()
        .unwrap()
        .lines()
        .nth(3)
        .unwrap();
    let text = format!(
        "{}\r\n{sums}\r\n`4.0,`0.04,`0.02,`0.0,`0.01,`0.04,`0.02\r\n",
        head.trim_end()
    );
    let shop = receives_as("1921000401").await;
    let bill = shop.file("bill.csv", &text);
    let (out, _) = shop.import_bill("wx", &bill, &[]).with(0);
    assert_eq!(
        (figure(&out, "rows"), figure(&out, "foreign")),
        (4, 4),
        "{out}"
    );

    let shop = Shop::open().await;
    let bill = shop.file("bill.csv", &text);
    let (_, err) = shop.import_bill("wx", &bill, &[]).with(1);
    assert!(err.contains("line 2: found 商户号 1921000401"), "{err}");
}

#[tokio::test]
async fn an_alipay_bill_that_does_not_hold_is_refused_whole_with_its_line() {
    let shop = Shop::open().await;
    let good = shop
        .alipay()
        .bill("2026-01-05", &[BillRow::payment(NOON, &PAID)]);
    let seller_id = good.lines().nth(1).unwrap().to_owned();
    for (from, to, told) in [
        ("服务费（元）", "别的", "line 5"),
        (
            seller_id.as_str(),
            "#账号：[20880211096256330156]",
            "line 2",
        ),
        ("交易合计：1笔", "交易合计：2笔", "line 8"),
        ("业务明细列表结束", "业务明细列表", "line 7"),
        ("\t,交易\t,", "\t,转账\t,", "line 6"),
    ] {
        let bill = shop.file("bad.csv", good.replace(from, to));
        let (out, err) = shop.import_bill("ali", &bill, &[]).with(1);
        assert!(err.contains(told) && out.is_empty(), "{told}: {err}{out}");
    }
    let feed = shop
        .read("/v1/events?type=BillImported,BillDifferenceFound")
        .await;
    assert_eq!(feed.json(200)["items"], serde_json::json!([]));
}

#[tokio::test]
async fn what_alipay_does_not_know_is_foreign_unless_somebody_here_claimed_its_number() {
    let shop = Shop::beside_the_sandbox().await;
    shop.place("F-1", 8888).await;
    shop.start("F-1", "ali", PAID.out_trade_no, "external")
        .await;
    let other = Paid {
        out_trade_no: "4711",
        transaction_id: "2026010522001499160501589437",
        minor: 100,
    };
    let rows = [
        BillRow::payment(NOON, &PAID),
        BillRow::payment(NOON, &other),
        BillRow::refund(NOON, &other, "r-1", 100),
    ];
    let bill = shop.file("bill.csv", shop.alipay().bill("2026-01-05", &rows));
    let (out, _) = shop.import_bill("ali", &bill, &[]).with(0);
    assert_eq!(
        (figure(&out, "foreign"), figure(&out, "missing here")),
        (2, 1)
    );
    let open = shop.exceptions().await;
    assert_eq!(open[0]["out_trade_no"], PAID.out_trade_no, "{open:?}");
    assert_eq!(line(&out, "payments "), "1, 88.88 CNY", "the account's own");
}

//! The program: its commands, what they print and how they end.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::ffi::OsStrExt as _;

use http::Method;

use crate::gateway::Paid;
use crate::shop::{Setup, Shop, run};

#[tokio::test]
async fn every_command_has_help_and_wrong_usage_ends_with_2() {
    for command in [
        "demo", "serve", "sandbox", "trigger", "check", "audit", "rebuild", "reread", "backup",
        "restore", "bill", "key",
    ] {
        let (out, _) = run(vec![command, "--help"]).with(0);
        assert!(out.contains("Usage:"), "{out}");
    }
    run(vec!["fly"]).with(2);
    run(vec!["serve"]).with(2);
    run(vec!["serve", "--config", "/nowhere/payfold.toml"]).with(2);
}

#[tokio::test]
async fn everything_wrong_with_a_configuration_is_told_at_once() {
    let shop = Shop::open().await;
    let (out, _) = shop.run(&["check"]).with(0);
    assert!(
        out.contains("account ali") && out.contains("account wx"),
        "{out}"
    );
    let text = fs::read_to_string(shop.config()).unwrap();
    let wrong = text
        .replace("kind = \"sqlite\"", "kind = \"cardbox\"")
        .replace("[server]", "[server]\ncolour = \"red\"")
        .replace("seller_id", "payee")
        .replace("alipay/alipay_public_key.pem", "alipay/nothing.pem")
        .replace("alipay/app_private_key.pem", "api.key")
        .replace("mch_id", "merchant")
        .replace("[accounts.wx]", "[accounts.wx]\nv2_sign_type = \"SHA1\"")
        .replace("\"orders:read\"", "\"orders:eat\"");
    let nameless = "\n[accounts.Ali-2]\ngateway = \"alipay\"\napp_id = \"x\"\n";
    let no_key = "\n[[api_keys]]\nname = \"No\"\nsha256 = \"short\"\nscopes = []\n";
    fs::write(shop.config(), wrong + nameless + no_key).unwrap();
    for command in ["check", "serve"] {
        let (_, err) = shop.run(&[command]).with(2);
        assert!(err.contains("payfold.toml: "), "{err}");
        for part in [
            "cardbox",
            "colour",
            "accounts.ali.seller_id: missing",
            "payee: unknown",
            "accounts.ali.alipay_public_key_file",
            "accounts.ali.app_private_key_file: expected",
            "accounts.wx.mch_id: missing",
            "accounts.wx.v2_sign_type: expected",
            "accounts.Ali-2: the name",
            "accounts.Ali-2.seller_id: missing",
            "accounts.Ali-2.app_id: expected",
            "orders:eat",
            "api_keys.1.name: found",
            "api_keys.1.sha256: found",
            "api_keys.1.scopes: missing",
        ] {
            assert_eq!(
                err.matches(part).count(),
                1,
                "{part} is not told once: {err}"
            );
        }
    }
}

#[tokio::test]
async fn a_configuration_that_is_not_toml_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("payfold.toml");
    fs::write(&config, "[server]\nlisten = 收\n").unwrap();
    let command = vec!["check", "--config", config.to_str().unwrap()];
    let (_, err) = run(command).with(2);
    assert!(err.contains("is not TOML in line 2, column 10: "), "{err}");
}

#[tokio::test]
async fn the_sandbox_keys_are_refused_where_the_world_can_reach_payfold() {
    let mut shop = Shop::open().await;
    shop.stop();
    let text = fs::read_to_string(shop.config()).unwrap();
    let public = format!("public_url = \"{}\"", shop.url(""));
    let wrong = text.replace(&public, "public_url = \"https://pay.example.com\"");
    assert_ne!(text, wrong);
    // Whatever else is wrong.
    let more_wrong = wrong.replace("listen = ", "listen = \"nowhere\" # ");
    for text in [wrong, more_wrong] {
        fs::write(shop.config(), text).unwrap();
        let (_, err) = shop.run(&["serve"]).with(2);
        assert!(err.contains("a key that a sandbox made"), "{err}");
    }
}

#[tokio::test]
async fn another_account_under_the_same_name_is_a_configuration_error() {
    let mut shop = Shop::open().await;
    shop.stop();
    let text = fs::read_to_string(shop.config()).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("seller_id"))
        .unwrap();
    fs::write(
        shop.config(),
        text.replace(line, "seller_id = \"2088000000000000\""),
    )
    .unwrap();
    for command in ["check", "serve"] {
        let (_, err) = shop.run(&[command]).with(2);
        assert!(err.contains("account ali was recorded as"), "{err}");
    }
}

#[tokio::test]
async fn an_account_that_is_gone_with_young_payments_is_a_configuration_error() {
    let mut shop = Shop::open().await;
    for (order_no, account) in [("G-1", "ali"), ("G-2", "wx")] {
        shop.place(order_no, 100).await;
        shop.start(order_no, account, "pay_gone", "external").await;
    }
    shop.stop().with(0);
    // Views are an index: what is to be told of may not hang on them.
    fs::remove_dir_all(shop.store().join("views")).unwrap();
    let whole = fs::read_to_string(shop.config()).unwrap();
    let (rest, _) = whole.split_once("[accounts.wx]").unwrap();
    fs::write(shop.config(), rest).unwrap();
    for command in ["check", "serve"] {
        let (_, err) = shop.run(&[command]).with(2);
        assert!(err.contains("account wx is gone"), "{command}: {err}");
        assert!(!err.contains("account ali"), "{command}: {err}");
    }
    fs::write(shop.config(), whole).unwrap();
    shop.run(&["check"]).with(0);
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    let (_, err) = run(vec!["sandbox", "--dir", dir, "--port", &port]).with(2);
    assert!(err.contains(&port) && err.contains("--port"), "{err}");
}

#[tokio::test]
async fn a_store_too_deep_for_its_socket_is_a_configuration_error() {
    let shop = Shop::open().await;
    let text = fs::read_to_string(shop.config()).unwrap();
    let deep = format!("path = \"{}\"", "deep/".repeat(25));
    let wrong = text.replace("path = \"payfold-data\"", &deep);
    assert_ne!(text, wrong);
    fs::write(shop.config(), wrong).unwrap();
    let socket = shop.folder().join("deep/".repeat(25)).join("control.sock");
    let told = format!(
        "store.path: the control socket there, {}, is a path of {} bytes",
        socket.display(),
        socket.as_os_str().len()
    );
    for command in [&["check"][..], &["serve"]] {
        let (_, err) = shop.run(command).with(2);
        assert!(err.contains(&told), "{told} is not in {err}");
    }
}

#[tokio::test]
async fn a_socket_that_cannot_be_had_is_named() {
    let mut shop = Shop::open().await;
    shop.stop();
    let socket = shop.store().join("control.sock");
    fs::remove_file(&socket).unwrap();
    fs::create_dir(&socket).unwrap();
    let (_, err) = shop.run(&["serve"]).with(1);
    assert!(err.contains(socket.to_str().unwrap()), "{err}");
}

#[tokio::test]
async fn a_start_that_fails_ends_and_says_why() {
    let mut shop = Shop::open().await;
    shop.place("F-1", 100).await;
    shop.start("F-1", "ali", "pay_f1", "external").await;
    shop.list("/v1/reports/daily?from=2026-01-05&to=2026-01-05")
        .await;
    shop.stop();

    let taken = TcpListener::bind(shop.url("").replace("http://", "")).unwrap();
    let (_, err) = shop.run(&["serve"]).with(2);
    assert!(
        err.contains("server.listen") && !err.contains("panicked"),
        "{err}"
    );
    drop(taken);

    let text = fs::read_to_string(shop.config()).unwrap();
    let (before, rest) = text.split_once("[accounts.ali]").unwrap();
    let (_, after) = rest.split_once("[accounts.").unwrap();
    fs::write(shop.config(), format!("{before}[accounts.{after}")).unwrap();
    let (_, err) = shop.run(&["serve"]).with(2);
    assert!(
        err.contains("account ali is gone") && !err.contains("panicked"),
        "{err}"
    );
}

#[tokio::test]
async fn a_stop_is_orderly_and_a_start_goes_on_where_it_was() {
    let mut shop = Shop::open().await;
    shop.place("P-1", 100).await;
    let before = shop.order("P-1").await;
    assert_eq!(shop.stop().code, Some(0));
    shop.start_again().await;
    let after = shop.order("P-1").await;
    assert_eq!(
        (&after["version"], &after["created_at"]),
        (&before["version"], &before["created_at"])
    );
}

#[tokio::test]
async fn an_audit_counts_what_is_whole_and_names_the_place_of_a_changed_byte() {
    let mut shop = Shop::open().await;
    shop.place("Q-1", 8800).await;
    shop.start("Q-1", "ali", "pay_q1", "external").await;
    let fact = Paid {
        out_trade_no: "pay_q1",
        transaction_id: "2026010522501",
        minor: 8800,
    };
    shop.notify("ali", &shop.alipay().paid(&fact)).await;
    shop.run(&["audit"]).with(0);
    shop.stop();
    let (out, _) = shop.run(&["audit", "--evidence"]).with(0);
    assert_eq!(out.trim().lines().count(), 1, "{out}");
    change_one_letter(
        &shop.store().join("events.db"),
        b"2026010522501",
        b"2026010522502",
    );
    let ended = shop.run(&["audit"]);
    let told = format!("{}{}", ended.out, ended.err);
    ended.with(1);
    assert!(told.contains("order/Q-1"), "{told}");
}

/// Changes a text in the middle of a file, everywhere that it stands.
fn change_one_letter(file: &std::path::Path, from: &[u8], to: &[u8]) {
    let mut bytes = fs::read(file).unwrap();
    let places: Vec<usize> = (0..bytes.len())
        .filter(|at| bytes[*at..].starts_with(from))
        .collect();
    assert!(!places.is_empty(), "the text is not in the file");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn one_process_holds_the_store() {
    let shop = Shop::open().await;
    let (_, err) = shop.run(&["serve"]).with(1);
    assert!(err.contains("payfold-data"), "{err}");
}

#[tokio::test]
async fn a_new_key_opens_what_its_scopes_say_and_nothing_else() {
    let (out, _) = run(vec![
        "key",
        "new",
        "--name",
        "reader",
        "--scope",
        "orders:read",
    ])
    .with(0);
    let (first, lines) = out.split_once('\n').unwrap();
    let key = first.strip_prefix("api-key: ").unwrap();
    let shop = Setup::new().adding(lines).open().await;
    shop.place("K-1", 100).await;
    let read = shop.anybody(Method::GET, "/v1/orders/K-1").bearer_auth(key);
    shop.send(read).await.json(200);
    let write = shop
        .anybody(Method::POST, "/v1/orders/K-1/cancel")
        .bearer_auth(key);
    shop.send(write).await.problem(403, "forbidden");
    run(vec!["key", "new", "--name", "x", "--scope", "everything"]).with(2);
}

#[tokio::test]
async fn a_key_that_is_added_while_it_runs_opens_after_a_hangup() {
    let shop = Shop::open().await;
    let (out, _) = run(vec![
        "key",
        "new",
        "--name",
        "late",
        "--scope",
        "orders:read",
    ])
    .with(0);
    let (first, lines) = out.split_once('\n').unwrap();
    let key = first.strip_prefix("api-key: ").unwrap();
    let text = fs::read_to_string(shop.config()).unwrap();
    fs::write(shop.config(), format!("{text}\n{lines}")).unwrap();
    let ask = || shop.send(shop.anybody(Method::GET, "/v1/orders").bearer_auth(key));
    ask().await.problem(401, "unauthorized");
    shop.hang_up();
    for _ in 0..500 {
        if ask().await.status == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the key opens nothing: {}", shop.log());
}

#[tokio::test]
async fn the_public_listener_has_nothing_but_what_gateways_and_buyers_need() {
    let port = crate::shop::free_port();
    let listen = format!("[server]\npublic_listen = \"127.0.0.1:{port}\"");
    let shop = Setup::new().replacing("[server]", &listen).open().await;
    let token = shop.place("L-1", 100).await["read_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let public = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let client = reqwest::Client::builder().build().unwrap();
    let status = |request: reqwest::RequestBuilder| async {
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(client.get(public("/healthz"))).await, 200);
    assert_eq!(
        status(client.get(public("/v1/orders/L-1")).bearer_auth(&token)).await,
        200
    );
    assert_eq!(
        status(client.get(public("/v1/orders")).bearer_auth(&token)).await,
        404
    );
    assert_eq!(status(client.get(public("/metrics"))).await, 404);
    assert_eq!(
        status(client.post(public("/notify/ali")).body("a=b")).await,
        400
    );
}

#[tokio::test]
async fn it_is_alive_ready_and_describes_itself() {
    let shop = Shop::open().await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(shop.send(shop.anybody(Method::GET, path)).await.status, 200);
    }
    let api = shop
        .send(shop.anybody(Method::GET, "/openapi.json"))
        .await
        .json(200);
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    for path in ["/v1/orders/{order_no}", "/notify/{account}", "/v1/events"] {
        assert!(api["paths"][path].is_object(), "{path}");
    }
    shop.notify(
        "ali",
        &crate::gateway::Message {
            headers: Vec::new(),
            body: "a=b".into(),
        },
    )
    .await;
    let metrics = shop.read("/metrics").await.text;
    assert!(metrics.contains("payfold_notifies"), "{metrics}");
    let accounts = shop.read("/v1/accounts").await.json(200);
    assert!(accounts.to_string().contains("\"ali\""), "{accounts}");
}

#[tokio::test]
async fn every_value_of_the_configuration_can_come_from_the_environment() {
    let shop = Shop::open().await;
    let (_, err) = shop
        .run_in(&[("PAYFOLD__STORE__KIND", "cardbox")], &["check"])
        .with(2);
    assert!(err.contains("cardbox"), "{err}");
    let of_a_list = [
        ("PAYFOLD__API_KEYS__0__SHA256", "short"),
        ("PAYFOLD__API_KEYS__7__SHA256", "short"),
        ("PAYFOLD__SERVER__LISTEN__PORT", "8080"),
    ];
    let (_, err) = shop.run_in(&of_a_list, &["check"]).with(2);
    for told in [
        "payfold.toml: api_keys.0.sha256: found \"short\"",
        "payfold.toml: PAYFOLD__API_KEYS__7__SHA256: ",
        "payfold.toml: PAYFOLD__SERVER__LISTEN__PORT: ",
    ] {
        assert!(err.contains(told), "{told} is not in {err}");
    }
}

#[tokio::test]
async fn a_variable_of_another_program_may_be_no_text() {
    let shop = Shop::open().await;
    let odd = OsStr::from_bytes(b"caf\xe9");
    shop.run_in(&[("SOMEBODY_ELSES", odd)], &["check"]).with(0);
    let ours = [("PAYFOLD__SERVER__LISTEN", odd)];
    let (_, err) = shop.run_in(&ours, &["check"]).with(2);
    assert!(err.contains("PAYFOLD__SERVER__LISTEN: "), "{err}");
}

#[tokio::test]
async fn the_demo_tells_one_order_and_ends_and_moves_to_other_ports() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let (port, sandbox_port) = (crate::shop::free_port(), crate::shop::free_port());
        let (out, _) = run(vec![
            "demo",
            "--once",
            "--data",
            folder.path().to_str().unwrap(),
            "--port",
            &port.to_string(),
            "--sandbox-port",
            &sandbox_port.to_string(),
        ])
        .with(0);
        assert!(
            out.lines().any(|line| line.starts_with("api-key: pfk_")),
            "{out}"
        );
        assert!(out.to_lowercase().contains("shipped"), "{out}");
    }
}

/// Some SDKs know header names in that spelling alone.
#[tokio::test]
async fn the_sandbox_spells_the_names_of_headers_as_the_gateways_do() {
    let shop = Shop::beside_the_sandbox().await;
    let address = shop.sandbox_page("").replace("http://", "");
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /v3/certificates HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    for name in ["Content-Type", "Request-Id"] {
        assert!(answer.contains(&format!("\r\n{name}: ")), "{answer}");
    }
}

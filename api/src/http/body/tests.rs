//! What is taken as a body, and what is told of one that is not.

use axum::response::IntoResponse;
use proptest::prelude::*;

use super::fields::{integer, line};
use super::*;

fn read(text: &[u8]) -> Result<(i64, Option<String>), Problem> {
    JsonBody(Bytes::copy_from_slice(text)).read(|fields, flaws| {
        let minor = fields.required("minor", flaws, integer(1, 100));
        let reason = fields.optional("reason", flaws, line(1, 5));
        Some((minor?, reason?))
    })
}

fn status(text: &[u8]) -> u16 {
    read(text).map_or_else(|problem| problem.into_response().status().as_u16(), |_| 200)
}

#[test]
fn what_is_not_json_is_malformed_and_what_is_wrong_in_it_is_invalid() {
    for (text, expected) in [
        (&br#"{"minor":5}"#[..], 200),
        (br#" {"minor":5,"reason":null} "#, 200),
        (br#"{"minor":5,"reason":"\u4f60"}"#, 200),
        (b"", 400),
        (b"{", 400),
        (br#"{"minor":5}x"#, 400),
        (b"{\"minor\":5,\"reason\":\"\xff\"}", 400),
        (b"null", 422),
        (b"[]", 422),
        (br#"{"minor":5.0}"#, 422),
        (br#"{"minor":1e400}"#, 422),
        (br#"{"minor":"5"}"#, 422),
        (br#"{"minor":101}"#, 422),
        (br#"{"minor":5,"reason":"\ud800"}"#, 422),
        (br#"{"minor":5,"reason":"a\nb"}"#, 422),
        (br#"{"minor":5,"minor":5}"#, 422),
    ] {
        assert_eq!(status(text), expected, "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn all_bad_fields_are_told_at_once_with_their_pointers() {
    let problem = read(br#"{"reason":7,"a/b":1,"x":{"y":1,"y":2}}"#).unwrap_err();
    let told = format!("{problem:?}");
    for pointer in [
        "\"/minor\"",
        "\"/reason\"",
        "\"/a~1b\"",
        "\"/x\"",
        "\"/x/y\"",
    ] {
        assert!(told.contains(pointer), "{pointer} in {told}");
    }
}

#[test]
fn deep_nesting_is_refused_without_a_deep_stack() {
    let deep = [b"{\"minor\":5,\"x\":".as_slice(), &vec![b'['; 60_000]].concat();
    assert_eq!(status(&deep), 400);
    let closed = [deep.as_slice(), &vec![b']'; 4_000]].concat();
    assert_eq!(status(&closed), 400);
    let whole = format!("{{\"minor\":5,\"x\":{}{}}}", "[".repeat(40), "]".repeat(40));
    assert_eq!(status(whole.as_bytes()), 422);
}

#[test]
fn a_member_is_taken_byte_for_byte() {
    let body = JsonBody(Bytes::from_static(br#"{"metadata": {"b":1.50, "a":2}}"#));
    assert_eq!(
        body.text_of("metadata").as_deref(),
        Some(r#"{"b":1.50, "a":2}"#)
    );
}

#[tokio::test]
async fn a_body_that_says_it_is_too_long_is_refused_unread() {
    let request = http::Request::post("/")
        .header(header::CONTENT_LENGTH, (LIMIT + 1).to_string())
        .body(Body::from_stream(futures_util::stream::pending::<
            Result<Bytes, std::io::Error>,
        >()))
        .unwrap();
    let refused = Bounded::from_request(request, &()).await.err().unwrap();
    assert_eq!(refused.into_response().status(), 413);
}

#[tokio::test]
async fn a_body_is_read_no_further_than_its_bound() {
    let chunk = || Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 1024]));
    let endless = futures_util::stream::repeat_with(chunk);
    let request = http::Request::post("/")
        .body(Body::from_stream(endless))
        .unwrap();
    let refused = Bounded::from_request(request, &()).await.err().unwrap();
    assert_eq!(refused.into_response().status(), 413);
}

proptest! {
    #[test]
    fn no_bytes_make_a_body_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let known = [200, 400, 422];
        prop_assert!(known.contains(&status(&bytes)));
    }
}

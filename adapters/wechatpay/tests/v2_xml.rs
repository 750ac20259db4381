//! The XML that v2 is read from: its plain form is taken, everything else that XML has is refused.

use payfold_wechatpay::Refusal;

use crate::gateway::{account, md5_sign, pay_elements, signed_xml, with, xml};

fn take(body: &[u8]) -> Result<(), Refusal> {
    account().verify_v2(body).map(|_authentic| ())
}

/// A signed document with `piece` in place of its attach element, which the sign covers as `attach`.
fn with_attach_written(attach: &str, piece: &str) -> String {
    let elements = with(pay_elements(), &[("attach", "")]);
    let sign = md5_sign(&with(pay_elements(), &[("attach", attach)]));
    let document = xml("xml", &with(elements, &[("sign", &sign)]));
    document.replace("</xml>", &format!("{piece}</xml>"))
}

#[test]
fn the_plain_forms_of_a_value_are_all_read() {
    for (attach, piece) in [
        ("x", "<attach>x</attach>"),
        ("x", "<attach><![CDATA[x]]></attach>"),
        ("a<b>&'\"", "<attach>a&lt;b&gt;&amp;&apos;&quot;</attach>"),
        ("中A", "<attach>&#20013;&#x41;</attach>"),
        ("ab", "<attach>a<![CDATA[b]]></attach>"),
        ("]]>", "<attach><![CDATA[]]]]><![CDATA[>]]></attach>"),
        ("x", "<!-- a comment --> \n<attach >x</attach >"),
        (" x ", "<attach> x </attach>"),
        ("", "<attach/>"),
        ("&lt;", "<attach><![CDATA[&lt;]]></attach>"),
    ] {
        assert_eq!(
            take(with_attach_written(attach, piece).as_bytes()),
            Ok(()),
            "{piece}"
        );
    }
}

#[test]
fn what_may_stand_around_the_root_is_read() {
    let body = signed_xml(&pay_elements());
    for document in [
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{body}"),
        format!("<?xml version=\"1.0\"?>\n<!-- x -->\n{body}\n<!-- y -->\n"),
    ] {
        assert_eq!(take(document.as_bytes()), Ok(()), "{document}");
    }
}

#[test]
fn everything_else_is_refused_before_any_value_is_used() {
    let body = signed_xml(&pay_elements());
    let in_root = |piece: &str| body.replace("</xml>", &format!("{piece}</xml>"));
    for document in [
        format!("<!DOCTYPE xml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{body}"),
        format!("<!DOCTYPE xml SYSTEM \"http://example.com/x.dtd\">{body}"),
        format!("<!DOCTYPE xml [<!ENTITY % p \"x\"> %p;]>{body}"),
        format!("<?php echo 1; ?>{body}"),
        format!("<!-- x --><?xml version=\"1.0\"?>{body}"),
        format!("<?xml version=\"1.0\" encoding=\"GBK\"?>{body}"),
        format!("<?xml version=\"1.0\" encoding=\"UTF-16\"?>{body}"),
        format!("{body}text"),
        format!("{body}{body}"),
        format!("{body}<more/>"),
        format!("<![CDATA[x]]>{body}"),
        in_root("text"),
        in_root("<![CDATA[text]]>"),
        in_root("&amp;"),
        in_root("<attach>again</attach>"),
        in_root("<Total_Fee><x>1</x></Total_Fee>"),
        in_root("<x>&xxe;</x>"),
        in_root("<x>&#0;</x>"),
        in_root("<x>&#xFFFE;</x>"),
        in_root("<x>&#xD800;</x>"),
        in_root("<x>&#8;</x>"),
        in_root("<x>a & b</x>"),
        in_root("<x>]]></x>"),
        in_root("<x>1<!-- -->0</x>"),
        in_root("<x y=\"1\">1</x>"),
        in_root("<x=1>1</x=1>"),
        in_root("<a&b>1</a&b>"),
        in_root("<中>1</中>"),
        in_root("<x>1"),
        in_root("<x>1</y>"),
        body.replace("xml>", "root>"),
        body.replace("</xml>", ""),
        format!("<a>{body}</a>"),
        "<".repeat(60_000),
        "<a>".repeat(20_000),
    ] {
        let start: String = document.chars().take(120).collect();
        assert_eq!(
            take(document.as_bytes()).unwrap_err().label(),
            "xml_refused",
            "{start}"
        );
    }
}

#[test]
fn what_is_not_utf8_is_refused_and_never_decoded_with_replacements() {
    let body = signed_xml(&with(pay_elements(), &[("attach", "\u{FFFD}")]));
    assert_eq!(take(body.as_bytes()), Ok(()));
    let mut bytes = body.into_bytes();
    let at = bytes
        .windows(3)
        .position(|window| window == "\u{FFFD}".as_bytes())
        .unwrap();
    bytes.splice(at..at + 3, [0xFF]);
    assert_eq!(take(&bytes).unwrap_err().label(), "xml_refused");
    let utf16: Vec<u8> = "\u{FEFF}<xml></xml>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(take(&utf16).unwrap_err().label(), "xml_refused");
    assert_eq!(
        take(b"<xml><x>\0</x></xml>").unwrap_err().label(),
        "xml_refused"
    );
}

#[test]
fn more_elements_than_any_notify_has_are_refused() {
    let many: String = (0..2000)
        .map(|number| format!("<e{number}>1</e{number}>"))
        .collect();
    assert_eq!(
        take(format!("<xml>{many}</xml>").as_bytes())
            .unwrap_err()
            .label(),
        "xml_refused"
    );
}

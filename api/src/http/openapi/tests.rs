//! The description is whole: whatever it refers to is in it.

use super::*;

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value.as_str().filter(|_| name == "$ref") {
                    Some(reference) => found.push(reference.to_owned()),
                    None => references(value, found),
                }
            }
        }
        Value::Array(array) => array.iter().for_each(|value| references(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_an_answer() {
    let mut names = BTreeSet::new();
    for route in ROUTES {
        assert!(names.insert(route.id), "{} stands twice", route.id);
        assert!(!route.answers.is_empty(), "{} answers nothing", route.id);
        for name in placeholders(route.path).chain(route.parameters.iter().copied()) {
            assert!(
                parameters::all().contains_key(name),
                "{name} is not described"
            );
        }
    }
}

#[test]
fn every_event_of_the_feed_is_described() {
    let document = document();
    let kinds = document["components"]["schemas"]["Event"]["oneOf"]
        .as_array()
        .unwrap();
    assert_eq!(kinds.len(), payfold_store::schema::events().count());
}

#[test]
fn a_body_without_which_nothing_is_done_is_described_as_required() {
    let document = document();
    let hold = &document["paths"]["/v1/orders/{order_no}/shipment/hold"]["post"];
    assert_eq!(hold["requestBody"]["required"], true);
    let schema = &document["components"]["schemas"]["HoldShipment"];
    assert_eq!(schema["required"], json!(["reason"]));
    assert_eq!(schema["properties"]["reason"]["type"], "string");
}

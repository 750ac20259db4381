//! `PUT /v1/orders/{order_no}`: the shop places an order.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use payfold_domain::event::Fulfilment;
use payfold_domain::{Currency, Money, OrderNo, Timestamp};
use serde_json::Value;

use super::answer::{Actions, order_answer};
use crate::app::{App, Freshness, PlaceRequest};
use crate::http::answer::{cursor_of, json_as_of, status_of};
use crate::http::body::fields::{an_object, integer, line, named, text};
use crate::http::body::{Fields, Flaws, JsonBody};
use crate::http::instant;
use crate::http::path::PathNames;
use crate::http::problem::Problem;

/// The least life of an order, in seconds.
const LEAST_LIFE: i64 = 60;

/// The longest life of an order, in seconds.
const LONGEST_LIFE: i64 = 7 * 24 * 60 * 60;

/// The most bytes of an order's metadata, as JSON text.
const MOST_METADATA: usize = 16 * 1024;

/// The largest amount, in fen.
pub(crate) const MOST_MINOR: i64 = 9_999_999_999;

/// Places the order, or finds it placed.
pub(crate) async fn place_order(
    State(app): State<Arc<App>>,
    names: PathNames,
    body: JsonBody,
) -> Result<Response, Problem> {
    let order_no = names.order_no()?;
    let now = app.world.now();
    let read_for = |lives| body.read(|fields, flaws| read(fields, flaws, &order_no, lives));
    let mut request = match read_for(Lives::From(now)) {
        // The first `expires_at` stands: a repeat may come when it is near, or over.
        Err(_) if app.order(&order_no).await?.is_some() => read_for(Lives::Already)?,
        read => read?,
    };
    request.metadata = request.metadata.and_then(|_| body.text_of("metadata"));
    let written = app.place_order(request).await?;
    let fresh = Actions::Shown(Freshness::Fresh);
    let answer = order_answer(&app, &order_no, &written.order, fresh).await?;
    let answer = answer.with_read_token(app.tokens.read_token(&order_no, now));
    let as_of = cursor_of(&app, &written.order);
    Ok(json_as_of(status_of(written.made), &answer, as_of))
}

/// What the order's life is measured from.
#[derive(Clone, Copy)]
enum Lives {
    /// It would begin now.
    From(Timestamp),
    /// It has begun.
    Already,
}

fn read(
    fields: &mut Fields<'_>,
    flaws: &mut Flaws,
    order_no: &OrderNo,
    lives: Lives,
) -> Option<PlaceRequest> {
    let amount = fields.object("amount", flaws, |fields, flaws| {
        let currency = fields.required("currency", flaws, currency);
        let minor = fields.required("minor", flaws, integer(1, MOST_MINOR));
        Some(Money {
            currency: currency?,
            minor: minor?,
        })
    });
    let subject = fields.required("subject", flaws, line(1, 127));
    let fulfilment = named(fulfilment, "ship, none".to_owned());
    let fulfilment = fields.required("fulfilment", flaws, fulfilment);
    let expires_at = fields.optional("expires_at", flaws, |value| end_of_life(value, lives));
    let metadata = fields.optional("metadata", flaws, metadata);
    Some(PlaceRequest {
        order_no: order_no.clone(),
        amount: amount?,
        subject: subject?,
        fulfilment: fulfilment?,
        expires_at: expires_at?,
        metadata: metadata?,
    })
}

fn currency(value: Value) -> Result<Currency, String> {
    let known = |code: &str| (code == "CNY").then_some(Currency::CNY);
    named(known, "CNY".to_owned())(value)
}

fn fulfilment(name: &str) -> Option<Fulfilment> {
    match name {
        "ship" => Some(Fulfilment::Ship),
        "none" => Some(Fulfilment::None),
        _ => None,
    }
}

fn end_of_life(value: Value, lives: Lives) -> Result<Timestamp, String> {
    let expires_at = instant::read(&text(value)?)?;
    match lives {
        Lives::From(now)
            if !(now.plus_secs(LEAST_LIFE)..=now.plus_secs(LONGEST_LIFE)).contains(&expires_at) =>
        {
            Err("must lie from 1 minute to 7 days ahead".to_owned())
        }
        Lives::From(_) | Lives::Already => Ok(expires_at),
    }
}

/// An object of a bounded size; its exact text is taken from the body afterwards.
fn metadata(value: Value) -> Result<String, String> {
    let text = Value::Object(an_object(value)?).to_string();
    if text.len() <= MOST_METADATA {
        Ok(text)
    } else {
        Err(format!("must have at most {MOST_METADATA} bytes"))
    }
}

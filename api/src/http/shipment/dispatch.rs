//! `PUT /v1/orders/{order_no}/shipment`: a parcel leaves, or its data is corrected.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use payfold_domain::command::DispatchShipment;
use payfold_domain::event::ParcelPlace;
use payfold_domain::order::{Order, PlacedOrder};

use crate::app::{App, Folded, Written};
use crate::http::answer::{cursor_of, json_as_of, status_of};
use crate::http::body::fields::{line, truth};
use crate::http::body::{Fields, Flaws, JsonBody};
use crate::http::order::answer::{ShipmentAnswer, placed};
use crate::http::path::PathNames;
use crate::http::problem::{Kind, Problem};

/// Says that a parcel has left.
pub(crate) async fn dispatch_shipment(
    State(app): State<Arc<App>>,
    names: PathNames,
    body: JsonBody,
) -> Result<Response, Problem> {
    let order_no = names.order_no()?;
    let parcel = body.read(read)?;
    let known = is_known(app.order(&order_no).await?, &parcel.parcel);
    let written = app.dispatch_shipment(&order_no, parcel).await?;
    // A parcel's data is replaced, so only a parcel that nobody knew is made.
    let status = if known {
        StatusCode::OK
    } else {
        status_of(written.made)
    };
    answer(&app, &written, status)
}

fn is_known(folded: Option<Folded<Order>>, name: &str) -> bool {
    let order = folded.map(|folded| folded.state);
    let Some(Order::Placed(PlacedOrder {
        shipment: Some(shipment),
        ..
    })) = order
    else {
        return false;
    };
    shipment.parcels.iter().any(|parcel| parcel.parcel == name)
}

/// The shipment as it stands after a write.
pub(super) fn answer(
    app: &App,
    written: &Written,
    status: StatusCode,
) -> Result<Response, Problem> {
    let shipment = placed(&written.order)?.shipment.as_ref();
    let shipment = shipment
        .ok_or_else(|| Problem::new(Kind::ShipmentNotRequested, "no shipment is asked for"))?;
    let as_of = cursor_of(app, &written.order);
    Ok(json_as_of(status, &ShipmentAnswer::from(shipment), as_of))
}

fn read(fields: &mut Fields<'_>, flaws: &mut Flaws) -> Option<DispatchShipment> {
    let carrier = fields.required("carrier", flaws, line(1, 64));
    let tracking_no = fields.required("tracking_no", flaws, line(1, 64));
    let parcel = fields.optional("parcel", flaws, line(1, 64));
    let last = fields.optional("last", flaws, truth);
    let place = match last? {
        Some(false) => ParcelPlace::MoreFollow,
        Some(true) | None => ParcelPlace::Last,
    };
    Some(DispatchShipment {
        parcel: parcel?.unwrap_or_else(|| "1".to_owned()),
        carrier: carrier?,
        tracking_no: tracking_no?,
        place,
    })
}

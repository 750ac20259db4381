//! The forms of a shipment's events.

use payfold_domain::event::{Hold, ParcelPlace, ShipmentDispatched, ShipmentHeld};
use payfold_domain::exception::ExceptionId;
use serde::{Deserialize, Serialize};

use super::field::{Text, spelled_choice};
use super::form::{Form, Mismatch, PartedForm};

/// The name of a [`Hold`], its exception apart.
#[derive(Clone, Copy)]
enum HoldKind {
    Person,
    Refunds,
    Exception,
}

spelled_choice!(HoldKind {
    Person = "person",
    Refunds = "refunds",
    Exception = "exception",
});

#[derive(Serialize, Deserialize)]
struct HoldData {
    hold: Text<HoldKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<Text<ExceptionId>>,
}

impl From<&Hold> for HoldData {
    fn from(hold: &Hold) -> Self {
        let (hold, exception) = match hold {
            Hold::Person => (HoldKind::Person, None),
            Hold::Refunds => (HoldKind::Refunds, None),
            Hold::Exception(id) => (HoldKind::Exception, Some(Text(id.clone()))),
        };
        Self {
            hold: Text(hold),
            exception,
        }
    }
}

impl TryFrom<HoldData> for Hold {
    type Error = Mismatch;

    fn try_from(data: HoldData) -> Result<Self, Mismatch> {
        match (data.hold.0, data.exception) {
            (HoldKind::Person, None) => Ok(Self::Person),
            (HoldKind::Refunds, None) => Ok(Self::Refunds),
            (HoldKind::Exception, Some(id)) => Ok(Self::Exception(id.0)),
            (HoldKind::Person | HoldKind::Refunds, Some(_)) => Err(Mismatch(
                "an exception beside a hold that has another reason",
            )),
            (HoldKind::Exception, None) => Err(Mismatch("an exception's hold without its id")),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct ShipmentHeldData {
    holds: Vec<HoldData>,
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct ShipmentHeldPrivate {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl PartedForm for ShipmentHeld {
    type Data = ShipmentHeldData;
    type Private = ShipmentHeldPrivate;

    fn split(&self) -> (ShipmentHeldData, Option<ShipmentHeldPrivate>) {
        let data = ShipmentHeldData {
            holds: self.holds.iter().map(HoldData::from).collect(),
        };
        let private = self.reason.clone().map(|reason| ShipmentHeldPrivate {
            reason: Some(reason),
        });
        (data, private)
    }

    fn join(data: ShipmentHeldData, private: ShipmentHeldPrivate) -> Result<Self, Mismatch> {
        let holds = data.holds.into_iter().map(Hold::try_from);
        Ok(Self {
            holds: holds.collect::<Result<_, _>>()?,
            reason: private.reason,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct ShipmentDispatchedData {
    parcel: String,
    carrier: String,
    tracking_no: String,
    place: Text<ParcelPlace>,
}

impl Form for ShipmentDispatched {
    type Data = ShipmentDispatchedData;

    fn data(&self) -> ShipmentDispatchedData {
        ShipmentDispatchedData {
            parcel: self.parcel.clone(),
            carrier: self.carrier.clone(),
            tracking_no: self.tracking_no.clone(),
            place: Text(self.place),
        }
    }

    fn event(data: ShipmentDispatchedData) -> Result<Self, Mismatch> {
        Ok(Self {
            parcel: data.parcel,
            carrier: data.carrier,
            tracking_no: data.tracking_no,
            place: data.place.0,
        })
    }
}

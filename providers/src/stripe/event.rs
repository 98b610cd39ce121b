//! Stripe's events: the state of an object at one moment. They come late, twice or out of order.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::signature::SignatureError;
use crate::clean::clean_json;

/// One event; the shape of its object depends on its kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: String,
    /// `customer.subscription.updated` and the like.
    pub kind: String,
    pub created: DateTime<Utc>,
    /// `data.object`.
    pub object: Value,
}

#[derive(Deserialize)]
struct Body {
    id: String,
    #[serde(default)]
    object: String,
    #[serde(rename = "type")]
    kind: String,
    created: i64,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

impl Event {
    /// Parses a body whose signature was verified. Rejects the thin events of the v2 API
    /// (`v2.core.event`), too.
    pub fn parse(body: &[u8]) -> Result<Self, SignatureError> {
        let body: Body =
            serde_json::from_str(&clean_json(body)).map_err(|_| SignatureError::NotAnEvent)?;
        Self::try_from(body).map_err(|()| SignatureError::NotAnEvent)
    }

    /// Returns the id of the event's object.
    #[must_use]
    pub fn object_id(&self) -> Option<&str> {
        self.object["id"].as_str()
    }
}

impl TryFrom<Body> for Event {
    type Error = ();

    fn try_from(body: Body) -> Result<Self, ()> {
        if body.object != "event" {
            return Err(());
        }
        let created = DateTime::from_timestamp(body.created, 0).ok_or(())?;
        Ok(Self {
            id: body.id,
            kind: body.kind,
            created,
            object: body.data.object,
        })
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let body = Body::deserialize(deserializer)?;
        Self::try_from(body).map_err(|()| serde::de::Error::custom("not an event"))
    }
}

/// Which events to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Empty for all types.
    pub types: Vec<String>,
    pub created_since: Option<DateTime<Utc>>,
    /// Only events that no endpoint has acknowledged.
    pub undelivered_only: bool,
    /// The last event of the previous page: continues towards older events.
    pub starting_after: Option<String>,
    /// Only events newer than this one.
    pub ending_before: Option<String>,
    /// 1 to 100; with 0 Stripe's default of 10 holds.
    pub limit: u8,
}

impl EventQuery {
    pub(super) fn to_pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs: Vec<_> = self
            .types
            .iter()
            .map(|kind| ("types[]", kind.clone()))
            .collect();
        pairs.extend(
            self.created_since
                .map(|at| ("created[gte]", at.timestamp().to_string())),
        );
        if self.undelivered_only {
            pairs.push(("delivery_success", "false".into()));
        }
        pairs.extend(self.starting_after.clone().map(|id| ("starting_after", id)));
        pairs.extend(self.ending_before.clone().map(|id| ("ending_before", id)));
        if self.limit > 0 {
            pairs.push(("limit", self.limit.to_string()));
        }
        pairs
    }
}

/// One page of events.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct EventPage {
    pub data: Vec<Event>,
    pub has_more: bool,
}

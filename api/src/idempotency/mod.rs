//! `Idempotency-Key`: a POST that is sent twice takes effect once.
//!
//! The key is claimed and settled in the transaction of the effect. A repeated request gets the
//! status and `Location` of the first one, a body rendered again from the stored ids, and
//! `Idempotent-Replayed: true`. Every POST that enqueues accepts a key, except sign-in, webhooks,
//! and connecting to Meta, where the second request replaces the token of the first.
//!
//! ```text
//! async fn create_thing(
//!     State(app): State<App>,
//!     caller: Caller,
//!     Keyed { body, key }: Keyed<CreateThing>,
//! ) -> Result<Response> {
//!     let mut settled = key
//!         .run_once(&app, &caller, async |tx| {
//!             let id = things::create_thing(tx, &body, caller.now).await?;
//!             Ok(Outcome::created("things", id))
//!         })
//!         .await?;
//!     let thing = things::find_thing(&mut settled.tx, settled.outcome.id()?).await?;
//!     settled.respond(&thing).await
//! }
//! ```

mod key;
mod outcome;

pub(crate) use key::{Key, Keyed};
pub(crate) use outcome::{Outcome, Settled};

//! Stand-ins for Twilio, Brevo, Stripe and Meta, for the demo, the tests and the chaos runs: they
//! keep what they were sent, refuse what the real ones refuse, call back with valid signatures, and
//! fail on demand. No part of the production executable.
//!
//! Every provider's paths stand under its name (`/twilio/2010-04-01/..`), the controls under
//! `/admin`, and `/` shows the messages as a phone would.

mod admin;
mod brevo;
mod clock;
mod deliveries;
mod faults;
mod gate;
mod journal;
pub mod keys;
mod meta;
mod operations;
mod page;
mod serve;
mod settings;
mod state;
mod stripe;
mod task;
mod twilio;

use axum::Router;
use axum::middleware::from_fn_with_state;

pub use faults::{Fault, Match, Rule};
pub use serve::{Running, serve, start};
pub use settings::Settings;
pub use state::Sandbox;

/// Every route, with the faults in front of the providers' ones.
pub fn app(sandbox: Sandbox) -> Router {
    let providers = Router::new()
        .nest("/twilio", twilio::router())
        .nest("/brevo/v3", brevo::router())
        .nest("/stripe", stripe::router())
        .nest("/meta", meta::router())
        .layer(from_fn_with_state(sandbox.clone(), gate::gate));
    Router::new()
        .merge(providers)
        .nest("/admin", admin::router())
        .merge(page::router())
        .with_state(sandbox)
}

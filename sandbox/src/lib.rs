//! Stand-ins for Twilio, Brevo, Stripe and Meta, for the demo, the tests and the chaos runs. They
//! store what they receive, reject what the providers reject, send webhooks with valid signatures,
//! and fail on demand. The production executable does not contain them.
//!
//! Each provider's paths are under its name (`/twilio/2010-04-01/..`) and the controls are under
//! `/admin`. The page at `/` shows the messages as a phone would.

mod admin;
mod brevo;
mod clock;
mod deliveries;
mod fault_layer;
mod faults;
mod journal;
mod meta;
mod operation;
mod page;
mod provider;
mod serve;
mod settings;
mod state;
mod stripe;
mod task;
mod twilio;

/// The fixed, public credentials that tests of the product need.
pub mod keys {
    pub use crate::brevo::keys::BREVO_WEBHOOK_TOKEN;
    pub use crate::twilio::keys::TWILIO_AUTH_TOKEN;
}

use axum::Router;
use axum::middleware::from_fn_with_state;

pub use faults::{Fault, Match, Rule};
pub use provider::Provider;
pub use serve::{Running, serve_sandbox, start_sandbox};
pub use settings::Settings;
pub use state::Sandbox;

/// Returns every route. Faults apply to the routes of providers only.
pub fn build_app(sandbox: Sandbox) -> Router {
    let providers = Provider::ALL
        .into_iter()
        .fold(Router::new(), |routes, provider| {
            routes.nest(&format!("/{}", provider.name()), provider.router())
        })
        .layer(from_fn_with_state(
            sandbox.clone(),
            fault_layer::inject_faults,
        ));
    Router::new()
        .merge(providers)
        .nest("/admin", admin::router())
        .merge(page::router())
        .with_state(sandbox)
}

//! Authentication: access tokens, the batched look-up of sessions and keys, and the extractors of
//! callers. [`Caller`] acts in a company, [`CompanyCaller`] in the company that the path names,
//! [`Person`] outside of any, [`OperatorCaller`] for the platform.

mod authenticator;
mod bearer;
mod caller;
mod hs256;
mod operator;
mod passwords;
mod peer;
mod person;
mod route_scope;
mod signing_keys;
mod tokens;

pub(crate) use authenticator::Authenticator;
pub(crate) use caller::{Caller, CompanyCaller};
pub(crate) use operator::OperatorCaller;
pub(crate) use passwords::Passwords;
pub(crate) use peer::Peer;
pub use peer::TrustedProxies;
pub(crate) use person::{MaybePerson, Person};
pub use signing_keys::SigningKeys;
pub(crate) use tokens::{ACCESS_TOKEN_LIFETIME, Tokens, new_api_key};

//! Who is calling: access tokens, the batched look-up of sessions and keys, and the extractors that
//! handlers take a caller by.

mod authenticator;
mod caller;
mod hs256;
mod passwords;
mod peer;
mod tokens;

pub(crate) use authenticator::Authenticator;
pub(crate) use caller::{Caller, CompanyCaller, MaybePerson, OperatorCaller, Person};
pub(crate) use passwords::Passwords;
pub(crate) use peer::Peer;
pub use peer::TrustedProxies;
pub(crate) use tokens::{ACCESS_LIFE, Tokens, new_api_key};

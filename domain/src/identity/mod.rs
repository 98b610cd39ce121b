//! Companies, people and their roles, and every way in: passwords, sessions, API keys, resets and
//! invitations. No token is made or checked here but by its digest; signing access tokens and hashing
//! off the async threads belong to the API.

mod account;
mod company;
mod contact;
mod password;
mod role;
mod store;

pub use account::{
    ApiKey, ApiKeyId, Invitation, InvitationId, Language, Member, NewUser, OperatorId, OwnCompany,
    PasswordResetId, Profile, ProfileChanges, SessionId, User,
};
pub use company::{Company, CompanyChanges, CompanyProfile, NewCompany};
pub use contact::{country, parse_email, parse_phone};
pub use password::{check_password, hash_password, verify_password};
pub use role::Role;

pub use store::access::{
    KeyHolder, SessionHolder, authenticate, authenticate_api_keys, authenticate_operator,
};
pub use store::accounts::{
    Credentials, create_user, find_credentials, find_user, own_password_hash, replace_password,
    still_has_password, update_profile,
};
pub use store::api_keys::{create_api_key, find_api_key, list_api_keys, revoke_api_key};
pub use store::attempts::{
    Attempts, forgive_attempts, try_invitation, try_login, try_registration, try_reset,
};
pub use store::audit::{Act, Actor, AuditEntry, list_audit, record};
pub use store::companies::{create_company, find_company, list_own_companies, update_company};
pub use store::idempotency::{Claimed, IdempotencyClaim, Stored, claim_key, settle_key};
pub use store::invitations::{
    InvitationMail, Invited, create_invitation, find_invitation, invitation_mail, join_company,
    show_invitation,
};
pub use store::members::{add_member, find_member, list_members, remove_member, update_member};
pub use store::operators::{add_operator, find_operator_credentials};
pub use store::resets::{
    PasswordReset, ResetMail, create_password_reset, find_password_reset, reset_mail,
    use_password_reset,
};
pub use store::sessions::{
    RefreshToken, Revoked, Rotation, find_refresh_token, open_session, revoke_other_sessions,
    revoke_session, rotate_refresh_token,
};
pub use store::sweep::sweep;

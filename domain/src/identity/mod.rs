//! Companies, people and their roles, and every way in: passwords, sessions, API keys, resets and
//! invitations. Tokens are stored and compared as digests only. Signing access tokens, and hashing
//! off the async threads, belong to the API.

mod account;
mod company;
mod contact;
mod language;
mod name;
mod password;
mod role;
mod store;

pub use contact::{parse_country as country, parse_email, parse_phone};
pub use language::Language;
pub use password::{check_password, hash_password, verify_password};
pub use role::Role;

pub use store::access::{
    KeyHolder, SessionHolder, authenticate_api_keys, authenticate_operator,
    authenticate_sessions as authenticate,
};
pub use store::accounts::{
    Credentials, NewUser, Profile, ProfileChanges, User, create_user, find_credentials,
    find_own_password_hash as own_password_hash, lock_current_password as still_has_password,
    replace_password, require_user as find_user, update_profile,
};
pub use store::api_keys::{
    ApiKey, ApiKeyId, create_api_key, list_api_keys, require_api_key as find_api_key,
    revoke_api_key,
};
pub use store::attempts::{
    Attempts, count_invitation_attempt as try_invitation, count_login_attempt as try_login,
    count_registration_attempt as try_registration, count_reset_attempt as try_reset,
    record_login_success as forgive_attempts,
};
pub use store::audit::{
    Actor, AuditEntry, AuditEvent as Act, list_audit_entries as list_audit,
    record_audit_event as record,
};
pub use store::companies::{
    Company, CompanyChanges, CompanyProfile, NewCompany, OwnCompany, create_company,
    list_own_companies, require_company as find_company, update_company,
};
pub use store::idempotency::{Claimed, IdempotencyClaim, Stored, claim_key, settle_key};
pub use store::invitations::{
    Invitation, InvitationId, InvitationMail, OpenInvitation as Invited, create_invitation,
    find_invitation_mail as invitation_mail, find_open_invitation as find_invitation, join_company,
    require_invitation as show_invitation,
};
pub use store::members::{
    Member, MemberChanges, add_member, list_members, remove_member, require_member as find_member,
    update_member,
};
pub use store::operators::{
    OperatorId, create_operator as add_operator, find_operator_credentials,
};
pub use store::resets::{
    PasswordReset, PasswordResetId, ResetMail, create_password_reset, find_password_reset,
    find_reset_mail as reset_mail, use_password_reset,
};
pub use store::sessions::{
    RefreshToken, RevocationReason as Revoked, Rotation, SessionId, find_refresh_token,
    open_session, revoke_other_sessions, revoke_session, rotate_refresh_token,
};
pub use store::sweep::delete_expired as sweep;

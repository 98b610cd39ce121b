//! The closed list of error codes. Clients branch on the names, so a name never changes. A new code
//! is a new line here; the snapshot below shows it in review. A conflict of `domain` names its
//! code.

use axum::http::StatusCode;

macro_rules! error_codes {
    ($($variant:ident = $name:literal, $status:ident, $title:literal;)+) => {
        /// The kind of a problem, for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum ErrorCode { $($variant),+ }

        impl ErrorCode {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),+];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            pub(crate) fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }

            /// For people; the same for every occurrence.
            pub(crate) fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }
    };
}

error_codes! {
    BadRequest = "bad_request", BAD_REQUEST, "Malformed request";
    InvalidJson = "invalid_json", BAD_REQUEST, "The body is not valid JSON";
    CompanyRequired = "company_required", BAD_REQUEST, "X-Company-ID required";
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Not signed in";
    TokenExpired = "token_expired", UNAUTHORIZED, "The access token has expired";
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "Wrong e-mail address or password";
    InvalidSignature = "invalid_signature", UNAUTHORIZED, "Invalid signature";
    SignInRequired = "sign_in_required", UNAUTHORIZED, "Sign-in required";
    Forbidden = "forbidden", FORBIDDEN, "Not allowed";
    NotFound = "not_found", NOT_FOUND, "Not found";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed";
    Conflict = "conflict", CONFLICT, "Conflicts with the current state";
    EmailTaken = "email_taken", CONFLICT, "The e-mail address is already registered";
    AlreadyMember = "already_member", CONFLICT, "Already a member";
    SkuTaken = "sku_taken", CONFLICT, "The SKU is already in use";
    NameTaken = "name_taken", CONFLICT, "The name is already in use";
    ExternalIdTaken = "external_id_taken", CONFLICT, "The external id is already in use";
    SaleReturned = "sale_returned", CONFLICT, "Units of the sale came back";
    LastOwner = "last_owner", CONFLICT, "A company needs at least one owner";
    TokenUsed = "token_used", CONFLICT, "The link has already been used";
    TokenInvalid = "token_invalid", NOT_FOUND, "The link is unknown or has expired";
    AlertResolved = "alert_resolved", CONFLICT, "The alert is resolved";
    AskedByRecipient = "asked_by_recipient", CONFLICT, "The recipient opted out";
    ImportNotWaiting = "import_not_waiting", CONFLICT, "The import is not waiting for an answer";
    ImportOver = "import_over", CONFLICT, "The import has ended";
    ImportNotRevertible = "import_not_revertible", CONFLICT, "The import can't be taken back";
    BatchNotRevertible = "batch_not_revertible", CONFLICT, "The batch can't be taken back";
    TooManyImports = "too_many_imports", CONFLICT, "Too many imports are under way";
    FileQuotaReached = "file_quota_reached", CONFLICT, "The company's files take up all their room";
    InProgress = "in_progress", CONFLICT, "The same request is in progress";
    VersionMismatch = "version_mismatch", PRECONDITION_FAILED, "The version has changed";
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Unsupported type";
    InvalidInput = "invalid_input", UNPROCESSABLE_ENTITY, "Invalid input";
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY,
        "The key belongs to another request";
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests";
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal error";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Temporarily unavailable";
    InsufficientStorage = "insufficient_storage", INSUFFICIENT_STORAGE, "No space for files";
    TimedOut = "timed_out", GATEWAY_TIMEOUT, "The request timed out";
}

impl ErrorCode {
    pub(crate) fn find_by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    /// Clients branch on these: lines may be added, none may change or go.
    #[test]
    fn the_list_of_codes_is_closed() {
        let lines: Vec<_> = ErrorCode::ALL
            .iter()
            .map(|code| format!("{} {}", code.status().as_u16(), code.name()))
            .collect();
        assert_eq!(
            lines,
            [
                "400 bad_request",
                "400 invalid_json",
                "400 company_required",
                "401 unauthenticated",
                "401 token_expired",
                "401 invalid_credentials",
                "401 invalid_signature",
                "401 sign_in_required",
                "403 forbidden",
                "404 not_found",
                "405 method_not_allowed",
                "409 conflict",
                "409 email_taken",
                "409 already_member",
                "409 sku_taken",
                "409 name_taken",
                "409 external_id_taken",
                "409 sale_returned",
                "409 last_owner",
                "409 token_used",
                "404 token_invalid",
                "409 alert_resolved",
                "409 asked_by_recipient",
                "409 import_not_waiting",
                "409 import_over",
                "409 import_not_revertible",
                "409 batch_not_revertible",
                "409 too_many_imports",
                "409 file_quota_reached",
                "409 in_progress",
                "412 version_mismatch",
                "413 body_too_large",
                "415 unsupported_media_type",
                "422 invalid_input",
                "422 idempotency_key_reused",
                "429 rate_limited",
                "500 internal",
                "503 unavailable",
                "507 insufficient_storage",
                "504 timed_out",
            ]
        );
    }

    #[test]
    fn code_names_are_distinct() {
        let names: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), ErrorCode::ALL.len());
    }

    #[test]
    fn every_conflict_of_the_domain_names_a_listed_code() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/src");
        let mut unknown = BTreeSet::new();
        for file in find_rust_files(&sources) {
            let text = fs::read_to_string(&file).unwrap();
            for after in text.split("conflict(").skip(1) {
                let code = after
                    .trim_start()
                    .strip_prefix('"')
                    .and_then(|rest| rest.split('"').next());
                if let Some(code) = code.filter(|code| ErrorCode::find_by_name(code).is_none()) {
                    unknown.insert(format!("{code} in {}", file.display()));
                }
            }
        }
        assert!(unknown.is_empty(), "add to api/src/codes.rs: {unknown:#?}");
    }

    fn find_rust_files(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(find_rust_files(&path));
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
        found
    }
}

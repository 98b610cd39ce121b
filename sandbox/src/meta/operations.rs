//! The paths of the operations that the product's client calls. The first segment is the version.

use crate::operation::OperationPath;

pub(crate) const OPERATIONS: &[OperationPath] = &[
    ("GET", "*/me/adaccounts", "list_ad_accounts"),
    ("GET", "*/oauth/access_token", "exchange_token"),
    ("POST", "*/*/insights", "start_report"),
    ("GET", "*/*/insights", "read_report"),
    ("GET", "*/*", "poll_report"),
];

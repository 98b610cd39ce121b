//! The paths of the operations that the product's client calls.

use crate::operation::OperationPath;

pub(crate) const OPERATIONS: &[OperationPath] = &[
    (
        "POST",
        "2010-04-01/Accounts/*/Messages.json",
        "create_message",
    ),
    (
        "GET",
        "2010-04-01/Accounts/*/Messages.json",
        "list_messages",
    ),
    ("GET", "2010-04-01/Accounts/*/Messages/*", "fetch_message"),
];

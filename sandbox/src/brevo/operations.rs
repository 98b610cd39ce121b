//! The paths of the operations that the product's client calls.

use crate::operation::OperationPath;

pub(crate) const OPERATIONS: &[OperationPath] = &[("POST", "v3/smtp/email", "send_email")];

//! Why one row is rejected, in words for the person who will correct it.

use std::fmt::Display;

use crate::Text;
use crate::catalog::import::field::Field;
use crate::catalog::import::read::RowFault;

/// An error in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowError {
    /// The field at fault; `None` where the row as a whole is.
    pub(crate) field: Option<Field>,
    /// Stable and machine-readable, as `not_a_number`.
    pub(crate) code: &'static str,
    pub(crate) reason: Text,
}

impl RowError {
    /// The error whose reason is the message that is named like its code.
    pub(crate) fn new(field: Field, code: &'static str) -> Self {
        Self::worded(field, code, Text::new(code))
    }

    pub(crate) fn worded(field: Field, code: &'static str, reason: Text) -> Self {
        Self {
            field: Some(field),
            code,
            reason,
        }
    }

    /// The error of the row as a whole.
    pub(crate) fn of_row(code: &'static str) -> Self {
        Self {
            field: None,
            code,
            reason: Text::new(code),
        }
    }

    /// The error of a row that can't be separated from its neighbours.
    pub(super) fn of_fault(fault: RowFault) -> Self {
        Self {
            field: None,
            code: fault.code(),
            reason: fault.reason(),
        }
    }

    /// Sets a variable of the reason.
    pub(crate) fn with(self, variable: &'static str, value: impl Display) -> Self {
        Self {
            reason: self.reason.with(variable, value),
            ..self
        }
    }
}

/// The error of an empty cell that must hold something.
pub(super) fn missing_value(field: Field, reason: Text) -> RowError {
    RowError::worded(field, "missing_value", reason)
}

/// The error of a number beyond what can be stored or makes sense.
pub(super) fn out_of_range(field: Field, reason: Text) -> RowError {
    RowError::worded(field, "out_of_range", reason)
}

/// The errors of one row: one for each column and code. Where the row as a whole is wrong, its
/// cells mean nothing and aren't looked at.
pub(crate) struct RowErrors(Vec<RowError>);

impl RowErrors {
    pub(crate) fn starting_with(error: RowError) -> Self {
        Self(vec![error])
    }

    pub(crate) fn concern_cells(&self) -> bool {
        self.0.iter().all(|error| error.field.is_some())
    }

    /// Adds the error of a result, if it is one that is new.
    pub(crate) fn check<T>(&mut self, read: Result<T, RowError>) {
        if let Err(error) = read
            && self.concern_cells()
            && self.0.iter().all(|known| known.field != error.field)
        {
            self.0.push(error);
        }
    }

    pub(crate) fn as_slice(&self) -> &[RowError] {
        &self.0
    }
}

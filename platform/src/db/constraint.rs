//! Violated constraints as errors of the caller.

/// Turns the violation of a named constraint into the caller's own error. The index decides, so no
/// check precedes the insert.
pub trait ConstraintExt<T> {
    /// # Errors
    /// `violated()` if `constraint` was violated, else the error as it is.
    fn on_constraint<E: From<sqlx::Error>>(
        self,
        constraint: &str,
        violated: impl FnOnce() -> E,
    ) -> Result<T, E>;
}

impl<T> ConstraintExt<T> for sqlx::Result<T> {
    fn on_constraint<E: From<sqlx::Error>>(
        self,
        constraint: &str,
        violated: impl FnOnce() -> E,
    ) -> Result<T, E> {
        self.map_err(|error| match &error {
            sqlx::Error::Database(cause) if cause.constraint() == Some(constraint) => violated(),
            _ => error.into(),
        })
    }
}

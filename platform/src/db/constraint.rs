//! Constraints that answer the caller.

/// Turns the violation of a named constraint into the caller's own error: the index decides, no
/// check comes before the insert.
pub trait ConstraintExt<T> {
    /// # Errors
    /// `refuse()` where `constraint` was violated, else the error as it is.
    fn on_constraint<E: From<sqlx::Error>>(
        self,
        constraint: &str,
        refuse: impl FnOnce() -> E,
    ) -> Result<T, E>;
}

impl<T> ConstraintExt<T> for sqlx::Result<T> {
    fn on_constraint<E: From<sqlx::Error>>(
        self,
        constraint: &str,
        refuse: impl FnOnce() -> E,
    ) -> Result<T, E> {
        self.map_err(|error| match &error {
            sqlx::Error::Database(cause) if cause.constraint() == Some(constraint) => refuse(),
            _ => error.into(),
        })
    }
}

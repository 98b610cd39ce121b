//! The error type of store functions, as the queue sees it.

/// An error that is either a failure of the database or a decision of the business.
///
/// The job queue retries the first and ends the job on the second, without knowing the type.
pub trait StoreError: std::error::Error + Send + Sync + Sized + 'static {
    /// Returns the database's failure, or the error unchanged where it is a decision.
    ///
    /// # Errors
    /// The decision.
    fn into_database_error(self) -> Result<sqlx::Error, Self>;
}

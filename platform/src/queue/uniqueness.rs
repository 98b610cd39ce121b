//! The uniqueness of open jobs.

/// Whether a second job of the same company, kind and key may be open beside a first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Uniqueness {
    #[default]
    None,
    /// One open job of the kind for each company, or one at all for a platform kind.
    Singleton,
    /// One open job for each key. A duplicate returns the id of the open job.
    WhileOpen(String),
    /// As `WhileOpen`, and a duplicate that arrives while the job runs requests a rerun.
    Reconciler(String),
}

impl Uniqueness {
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Singleton => Some(""),
            Self::WhileOpen(key) | Self::Reconciler(key) => Some(key),
        }
    }

    pub(super) fn is_reconciler(&self) -> bool {
        match self {
            Self::Reconciler(_) => true,
            Self::None | Self::Singleton | Self::WhileOpen(_) => false,
        }
    }
}

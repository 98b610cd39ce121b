//! The owner of a job: a company or the platform. The owner is part of the job's type, so that the
//! body of a platform job has no company to ask for.

use crate::ids::CompanyId;

/// The scope of jobs that belong to no company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform;

/// The type that stands for the owner of a kind's jobs: [`CompanyId`] or [`Platform`].
pub trait JobScope: Copy + Send + Sync + 'static {
    /// `Company` or `Platform`.
    const NAME: &'static str;

    /// Returns the scope of a stored job by its `company_id`. Returns `None` if the row belongs to
    /// the other scope.
    fn from_company_id(company: Option<CompanyId>) -> Option<Self>;

    fn company_id(self) -> Option<CompanyId>;
}

impl JobScope for CompanyId {
    const NAME: &'static str = "Company";

    fn from_company_id(company: Option<CompanyId>) -> Option<Self> {
        company
    }

    fn company_id(self) -> Option<CompanyId> {
        Some(self)
    }
}

impl JobScope for Platform {
    const NAME: &'static str = "Platform";

    fn from_company_id(company: Option<CompanyId>) -> Option<Self> {
        company.is_none().then_some(Self)
    }

    fn company_id(self) -> Option<CompanyId> {
        None
    }
}

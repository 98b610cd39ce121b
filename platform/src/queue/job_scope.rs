//! Whose a job is. The scope is a type, so that only a company's job has a company.

use crate::ids::CompanyId;

/// The scope of a platform job: no company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform;

/// The owner of a kind's jobs: [`CompanyId`] or [`Platform`].
pub trait JobScope: Copy + Send + Sync + 'static {
    /// `Company` or `Platform`.
    const NAME: &'static str;

    /// Returns the scope of a stored job, or `None` where a job of this scope has no such row.
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

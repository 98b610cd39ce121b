//! The reactions to events: one match from event to jobs. The code that causes an event enqueues
//! its reactions in the same transaction.

use platform::ids::CompanyId;
use platform::queue::NewJob;

use crate::company_job;

/// A committed change that jobs react to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Stock was counted, entered, returned or taken.
    StockMoved,
    /// Sales were written one by one.
    SalesRecorded,
    /// Goods came back by a movement: demand may fall.
    GoodsReturned,
    /// An import of sales was committed.
    SalesImported,
    /// An import of stock counts was committed.
    StockCounted,
    /// An import of products was committed.
    ProductsImported,
    /// Demand was computed again.
    DemandComputed,
}

/// Returns the jobs that follow from `event`. Each is a reconciler, so many events share one run.
pub fn reactions_to(company: CompanyId, event: Event) -> Vec<NewJob> {
    match event {
        // A sale that empties the shelf must alert at once, before demand is computed again.
        Event::SalesRecorded | Event::GoodsReturned => {
            vec![
                company_job(company, &crate::alerts::EvaluateAlerts {}),
                company_job(company, &crate::rupture::ComputeDemand {}),
            ]
        }
        Event::SalesImported => {
            vec![company_job(company, &crate::rupture::ComputeDemand {})]
        }
        Event::StockMoved
        | Event::StockCounted
        | Event::ProductsImported
        | Event::DemandComputed => {
            vec![company_job(company, &crate::alerts::EvaluateAlerts {})]
        }
    }
}

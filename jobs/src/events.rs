//! What happens because of what: one match from event to jobs, the wiring of the product on a page.
//! Whoever causes an event enqueues its reactions in the same transaction.

use platform::ids::CompanyId;
use platform::queue::NewJob;

use crate::job;

/// Something that others react to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Stock was counted, entered, returned or taken.
    StockMoved,
    /// Sales were written one by one.
    SalesRecorded,
    /// An import of sales was committed.
    SalesImported,
    /// An import of stock counts was committed.
    StockCounted,
    /// An import of products was committed.
    ProductsImported,
    /// Demand was computed anew.
    DemandComputed,
}

/// The jobs that follow from `event`. Each is a reconciler: many events, one run.
pub fn reactions(company: CompanyId, event: Event) -> Vec<NewJob> {
    match event {
        // A sale that empties the shelf alarms at once, before demand has been computed anew.
        Event::SalesRecorded => {
            vec![
                job(company, &crate::alerts::EvaluateAlerts {}),
                job(company, &crate::rupture::ComputeDemand {}),
            ]
        }
        Event::SalesImported => {
            vec![job(company, &crate::rupture::ComputeDemand {})]
        }
        Event::StockMoved
        | Event::StockCounted
        | Event::ProductsImported
        | Event::DemandComputed => {
            vec![job(company, &crate::alerts::EvaluateAlerts {})]
        }
    }
}

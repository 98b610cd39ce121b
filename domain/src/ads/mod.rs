//! Ad spend and its effect, per ad and day, read from Meta for the ad accounts that a company has
//! connected. A refresh stages a window of days and publishes it in one transaction: readers see
//! the old days or the new ones.

mod account;
mod day;
mod report;
mod store;
mod summary;
mod window;

pub use account::{Account, AccountId, Connection, ConnectionId, ConnectionStatus, FoundAccount};
pub use day::AdDay;
pub use report::{
    MAX_REPORT_RUNS, RUN_TIMEOUT, Refresh, RefreshId, RefreshState, Report, ReportId, ReportState,
    compute_poll_wait,
};
pub use summary::{MissingFigures, PERIOD_DAYS, Period, Summary, Totals};
pub use window::{compute_window, today_in};

pub use store::accounts::{
    AccountView, clear_permission_errors, list_accounts, list_refreshable_accounts, load_account,
    record_permission_error, require_account, save_accounts,
};
pub use store::connections::{connection_context, end_connection, require_reauth, save_connection};
pub use store::daily::{publish_refresh, stage_page};
pub use store::limits::{LimitBucket, find_limit_end, record_limit};
pub use store::refreshes::{continue_refresh, fail_refresh};
pub use store::reports::{
    discard_run, find_next_report, record_poll, record_ready_run, record_run, split_report,
};
pub use store::summaries::summarize_account;

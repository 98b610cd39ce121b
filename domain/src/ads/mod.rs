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
    MAX_REPORT_RUNS as MAX_RUNS, RUN_TIMEOUT as GIVE_UP_AFTER, Refresh, RefreshId, RefreshState,
    Report, ReportId, ReportState, compute_poll_wait as poll_wait,
};
pub use summary::{PERIOD_DAYS as PERIODS, Period, Summary, Totals};
pub use window::{compute_window as window, today_in};

pub use store::accounts::{
    AccountView, clear_permission_errors, list_accounts,
    list_refreshable_accounts as refreshable_accounts, load_account,
    record_permission_error as note_permission_error, require_account as find_account,
    save_accounts,
};
pub use store::connections::{
    connection_context, end_connection as disconnect, require_reauth, save_connection,
};
pub use store::daily::{publish_refresh as publish, stage_page as stage};
pub use store::refreshes::{continue_refresh as open_refresh, fail_refresh};
pub use store::reports::{
    discard_run as drop_run, find_next_report as next_report, record_poll as note_poll,
    record_ready_run as note_ready, record_run as note_run, split_report,
};
pub use store::summaries::summarize_account as summarize;

//! Ad spend and its effect, per ad and day, read from Meta for the ad accounts that a company has
//! connected. A refresh stages a window of days and publishes it at once; readers see the old days
//! or the new ones.

mod account;
mod day;
mod report;
mod store;
mod summary;
mod window;

pub use account::{Account, AccountId, Connection, ConnectionId, ConnectionStatus, FoundAccount};
pub use day::AdDay;
pub use report::{
    GIVE_UP_AFTER, MAX_RUNS, Refresh, RefreshId, Report, ReportId, ReportState, poll_wait, split,
};
pub use summary::{PERIODS, Period, Summary, Totals};
pub use window::{today_in, window};

pub use store::accounts::{
    AccountView, clear_permission_errors, find_account, list_accounts, load_account,
    note_permission_error, refreshable_accounts, save_accounts,
};
pub use store::connections::{connection_context, disconnect, require_reauth, save_connection};
pub use store::daily::{publish, stage};
pub use store::refreshes::{fail_refresh, open_refresh};
pub use store::reports::{drop_run, next_report, note_poll, note_ready, note_run, split_report};
pub use store::summaries::summarize;

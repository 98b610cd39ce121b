//! From the text of a cell to a value; nothing here knows rows or files. In reading order: `number`
//! with `grouping` and `currency_sign`, `money`; `date` with `calendar`, `month_name` and `time`,
//! `zone`; `numeric_code`, `line_type`, `text`, `label`.

mod calendar;
mod currency_sign;
mod date;
mod grouping;
mod label;
mod line_type;
mod money;
mod month_name;
mod number;
mod numeric_code;
mod text;
mod time;
mod zone;

pub(super) use date::{
    DateParts, WrittenTime, find_time, parse_date, parse_swapped_date, split_date,
};
pub(super) use label::{Label, may_be_label, read_label};
pub(super) use line_type::LineType;
pub(super) use money::{Money, compute_amount, compute_share, compute_unit_price, round_amount};
pub(super) use month_name::{contradicts_weekday, is_month};
pub(super) use number::{NumberError, Precision, WrittenNumber, parse_number, strip_percent};
pub(super) use numeric_code::NumericCode;
pub(super) use text::trim_fraction;
pub(super) use text::{cut_text, fold_text, is_formula_error, is_placeholder, split_fraction};
pub(super) use time::{is_time, parse_time};
pub(super) use zone::{Moment, ZoneClock};

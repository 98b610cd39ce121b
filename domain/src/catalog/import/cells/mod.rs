//! From the text of a cell to a value; nothing here knows rows or files. In reading order: `number`
//! with `grouping` and `currency_sign`, `money`; `date` with `calendar`, `month_name` and `time`,
//! `zone`; `numeric_code`, `text`.

mod calendar;
mod currency_sign;
mod date;
mod grouping;
mod money;
mod month_name;
mod number;
mod numeric_code;
mod text;
mod time;
mod zone;

pub(super) use date::{DateParts, WrittenTime, parse_date, split_date};
pub(super) use money::{Money, compute_amount, compute_unit_price, round_amount};
pub(super) use number::{NumberError, WrittenNumber, parse_number};
pub(super) use numeric_code::NumericCode;
pub(super) use text::{cut_text, fold_text, trim_fraction};
pub(super) use zone::{Moment, ZoneClock};

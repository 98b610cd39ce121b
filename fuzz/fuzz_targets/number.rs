//! A number of a text file, and what is computed from two of them.
#![no_main]

use domain::catalog::import::fuzzing::{compute_amount, compute_unit_price, parse_number};
use libfuzzer_sys::fuzz_target;

const CURRENCIES: [[u8; 3]; 4] = [*b"XOF", *b"EUR", *b"TND", *b"ZZZ"];

fuzz_target!(|text: &str| {
    let (first, second) = text.split_once('\n').unwrap_or((text, "1"));
    for has_comma in [false, true] {
        for scale in [0, 3, 4, 6] {
            read_back(first, has_comma, scale);
        }
        let read = |text, scale| parse_number(text, has_comma, scale);
        if let (Ok(price), Ok(quantity)) = (read(first, 6), read(second, 3)) {
            compute_money(price, quantity);
        }
    }
});

/// A number that is read and written is read as the same.
fn read_back(text: &str, has_comma: bool, scale: u32) {
    let Ok(number) = parse_number(text, has_comma, scale) else {
        return;
    };
    assert!(number.unsigned_abs() < 10_u64.pow(18), "{number}");
    let sign = if number < 0 { "-" } else { "" };
    let (whole, fraction) = (
        number.unsigned_abs() / 10_u64.pow(scale),
        number.unsigned_abs() % 10_u64.pow(scale),
    );
    let mark = if has_comma { ',' } else { '.' };
    let width = scale as usize;
    let written = if scale == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}{mark}{fraction:0width$}")
    };
    assert_eq!(
        parse_number(&written, has_comma, scale),
        Ok(number),
        "{text:?} as {written:?}"
    );
}

fn compute_money(price: i64, quantity: i64) {
    for currency in CURRENCIES {
        if let Some(amount) = compute_amount(price, quantity, currency) {
            // Half a unit away at most, and a unit is 1 at most.
            let exact = i128::from(price) * i128::from(quantity);
            let difference = (i128::from(amount) * 100_000 - exact).abs();
            assert!(difference <= 500_000_000, "{price} x {quantity} = {amount}");
        }
        if quantity != 0 {
            let _ = compute_unit_price(price, quantity, currency);
        }
    }
}

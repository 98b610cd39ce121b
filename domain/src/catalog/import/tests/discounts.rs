//! Discounts in percent, in money and as fractions; amounts before their discount.

use super::columns::{ask, expect_amounts, expect_errors, read_sales};
use super::*;

#[test]
fn a_discount_in_percent_is_a_share_of_the_line() {
    for header in [
        "Remise %",
        "Remise (%)",
        "Discount%",
        "Taux de remise",
        "Discount percent",
    ] {
        let file = format!("Date;Code;Qté;Prix;{header}\n2026-10-01;A;2;1000;10\n");
        let rows = "2026-10-02;B;1;1000;2,5\n2026-10-03;C;-1;1000;50%\n2026-10-04;D;1;99;0\n";
        expect_amounts(&(file + rows), "{}", &["1800", "975", "-500", "99"]);
    }
    let file = "Date;Code;Qté;Prix;Remise\n2026-10-01;A;2;1000;10%\n2026-10-02;B;2;1000;200\n\
        2026-10-03;C;2;1000;12,5 %\n";
    expect_amounts(file, "{}", &["1800", "1800", "1750"]);
    let percent = r#"{"discounts": "percent"}"#;
    let file = "Date;Code;Qté;Prix;Remise\n2026-10-01;A;2;1000;10\n";
    expect_amounts(file, percent, &["1800"]);
    let file = "Date;Code;Qté;Prix;Remise %;Montant\n2026-10-01;A;2;1000;10;1800\n";
    expect_amounts(file, "{}", &["1800"]);
}

#[test]
fn a_percentage_out_of_range_or_out_of_place_rejects_its_row() {
    let file = "Date;Code;Qté;Prix;Remise %\n2026-10-01;A;2;1000;110\n2026-10-01;B;2;1000;-5\n\
        2026-10-01;C;2;1000;10 €\n2026-10-01;D;2;1000;dix\n2026-10-01;E;10%;1000;\n\
        2026-10-01;F;1;10 %;\n2026-10-01;G;1;1000;101%\n";
    let share = |line| (line, "Remise %", "out_of_range");
    let number = |line, column| (line, column, "not_a_number");
    let expected = [
        share(2),
        share(3),
        share(4),
        number(5, "Remise %"),
        number(6, "Qté"),
        number(7, "Prix"),
        share(8),
    ];
    expect_errors(file, "{}", &expected);
}

#[test]
fn discounts_that_may_be_fractions_are_asked_about() {
    for (header, by_header, amount) in [
        ("Remise", "amount", "2000"),
        ("Remise %", "percent", "1998"),
    ] {
        let rows = "2026-10-01;A;2;1000;0,1\n2026-10-02;B;1;1000;0\n";
        let file = format!("Date;Code;Qté;Prix;{header}\n{rows}");
        let choices = vec![by_header.to_owned(), "fraction".to_owned()];
        let expected = (QuestionOption::Discounts, Some(Field::Discount), choices);
        assert_eq!(ask(&file, Kind::Sales, "{}"), [expected]);
        let fraction = r#"{"discounts": "fraction"}"#;
        expect_amounts(&file, fraction, &["1800", "1000"]);
        let answer = format!(r#"{{"discounts": "{by_header}"}}"#);
        expect_amounts(&file, &answer, &[amount, "1000"]);
    }
    let file = "Date;Code;Qté;Prix;Remise\n2026-10-01;A;2;1000;1,5\n2026-10-02;B;1;1000;0\n";
    assert_eq!(ask(file, Kind::Sales, r#"{"decimal": ","}"#), []);
    let unread = "Date;Code;Qté;Montant;Remise\n2026-10-01;A;2;1000;0.1\n";
    assert_eq!(ask(unread, Kind::Sales, "{}"), []);
}

#[test]
fn a_gross_amount_is_paid_less_its_discount() {
    for header in [
        "Gross sales;Discounts",
        "Ventes brutes;Remises",
        "Total brut;Remise",
    ] {
        let file = format!("Date;Code;Qté;{header}\n2026-10-05;A;2;200;20\n2026-10-05;B;1;90;\n");
        expect_amounts(&file, "{}", &["180", "90"]);
    }
    let file = "Date;Code;Qté;Montant brut;Remise %\n2026-10-05;A;-2;-200;10\n";
    expect_amounts(file, "{}", &["-180"]);
    let file = "Date;SKU;Qty;Gross sales;Discounts;Net sales\n2026-10-01;A;2;3000;300;2700\n";
    expect_amounts(file, "{}", &["2700"]);
    let file = "Date;SKU;Qty;Price;Gross sales;Discounts\n2026-10-01;A;2;1500;3000;300\n";
    expect_amounts(file, "{}", &["2700"]);
    let read = read_sales(
        "Date;SKU;Qty;Gross sales;Discounts\n2026-10-01;A;2;50;60\n",
        "{}",
    );
    let expected = (2, "Discounts".to_owned(), "out_of_range".to_owned());
    assert_eq!(read.errors, [expected]);
}

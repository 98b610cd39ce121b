//! Outliers, from a whole file to its warnings and row errors.

use super::*;
use crate::identity::Language;

fn stage_quantities(options: &str, quantities: &[&str]) -> (u64, Vec<(u64, String)>) {
    let rows = quantities
        .iter()
        .map(|quantity| format!("a1,{quantity},5,2026-01-05\n"));
    let file = format!("sku,quantity,price,date\n{}", rows.collect::<String>()).into_bytes();
    let options: Options = serde_json::from_str(options).unwrap();
    let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let context = Context {
        now,
        zone: chrono_tz::Tz::UTC,
        currency: "XOF".into(),
        language: Language::En,
    };
    let (_, staging) = plan_staging(&file, Kind::Sales, &options, &context).unwrap();
    let staging = staging.unwrap();
    let mut rejected = Vec::new();
    let staged = stage_file(Cursor::new(&file), &staging, |chunk| {
        let rows = chunk.reported.iter();
        let rows = rows.filter(|row| row.severity == Severity::Error);
        rejected.extend(rows.map(|row| (row.line, row.issues[0].code.to_string())));
        true
    });
    let warnings = staged.unwrap().warnings;
    (warnings.iter().map(|warning| warning.rows).sum(), rejected)
}

#[test]
fn a_quantity_beyond_a_hundred_times_the_usual_is_counted_or_rejected() {
    let with = |last: &'static str| [&["2"; 10][..], &[last]].concat();
    for (last, absurd) in [
        ("200", 0),
        ("201", 1),
        ("6164001234567", 1),
        ("-200", 0),
        ("-201", 1),
    ] {
        assert_eq!(
            stage_quantities("{}", &with(last)),
            (absurd, Vec::new()),
            "{last}"
        );
    }
    let rejected = stage_quantities(r#"{"absurd_quantities": "reject"}"#, &with("201"));
    assert_eq!(rejected, (0, vec![(12, "absurd_quantity".to_owned())]));
}

#[test]
fn without_ten_other_sales_or_under_a_hundred_units_nothing_is_an_outlier() {
    let few = [&["1"; 9][..], &["5000"]].concat();
    assert_eq!(stage_quantities("{}", &few).0, 0);
    let light = [&["0.001"; 20][..], &["99.999"]].concat();
    assert_eq!(stage_quantities("{}", &light).0, 0);
}

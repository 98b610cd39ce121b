//! Rows that aren't products: totals, titles and footers.

use super::*;

/// Lines that are left out, and those that are rejected with their code.
fn sort_out(file: &str, kind: Kind) -> (Vec<u64>, Vec<(u64, String)>) {
    let context = Context {
        now: Utc.with_ymd_and_hms(2026, 11, 4, 12, 0, 0).unwrap(),
        ..context()
    };
    let shown = preview_file(file, kind, &options("{}"), &context, 100).unwrap();
    let (mut left_out, mut rejected) = (Vec::new(), Vec::new());
    for row in &shown.rows {
        match row.outcome.unwrap() {
            RowOutcome::Imported | RowOutcome::Recorded => {}
            RowOutcome::LeftOut => {
                assert_eq!(row.warnings[0].code, "total_rows");
                left_out.push(row.line);
            }
            RowOutcome::Rejected => rejected.push((row.line, row.errors[0].code.to_string())),
        }
    }
    (left_out, rejected)
}

fn rejected(rows: &[(u64, &str)]) -> Vec<(u64, String)> {
    rows.iter()
        .map(|(line, code)| (*line, (*code).to_owned()))
        .collect()
}

#[test]
fn a_total_of_a_count_is_left_out_or_rejected_whatever_its_word() {
    for word in [
        "Total",
        "S/Total",
        "Cumul",
        "À reporter",
        "Récapitulatif",
        "TTL",
        "∑",
        "Moyenne",
        "Report",
        "Solde",
        "Ensemble",
        "Total du jour",
        "TOTAL GENERAL :",
        "Summe",
        "Итого",
    ] {
        let file = format!("Code;Désignation;Stock\nA;Riz;40\nB;Sucre;25\n{word};;65\n");
        assert_eq!(
            sort_out(&file, Kind::StockCounts),
            (vec![4], vec![]),
            "{word}"
        );
    }
    for (word, figure) in [
        ("Fin", 65),
        ("Xyz", 65),
        ("Solde", 12),
        ("Moyenne", 32),
        ("TOTAL", 9),
    ] {
        let file = format!("Code;Désignation;Stock\nA;Riz;40\nB;Sucre;25\n{word};;{figure}\n");
        let expected = rejected(&[(4, "total_row")]);
        assert_eq!(
            sort_out(&file, Kind::StockCounts),
            (vec![], expected),
            "{word}"
        );
    }
    let pages = "Code;Nom;Stock\nA;Riz;100\nB;Sucre;200\nA reporter;;300\nReport;;300\n\
        C;Sel;50\nTOTAL;;350\nPage 1;;1\n";
    let expected = rejected(&[(5, "total_row"), (8, "total_row")]);
    assert_eq!(sort_out(pages, Kind::StockCounts), (vec![4, 7], expected));
}

#[test]
fn a_product_named_like_a_total_stays_one() {
    for file in [
        "Code;Désignation;Stock\nA;Riz;40\nB;Sucre;25\nSolde chemise;;12\nTOTAL-5W30;Huile;65\n",
        "Code;Désignation;Stock\nA;Riz;40\nSOLDE;Chemise en solde;12\nEnsemble;Robe;52\n",
        "Code;Stock\nA;40\nB;25\nC;65\n",
        "Code;Stock\nA;40\nB;25\nSolde;12\nTOTAL-5W30;7\n",
    ] {
        assert_eq!(
            sort_out(file, Kind::StockCounts),
            (vec![], vec![]),
            "{file}"
        );
    }
    let sales = "Date;Code;Désignation;Qté;Prix\n2026-10-01;A;Riz;2;100\n\
        2026-10-01;B;Sucre;3;100\n2026-10-01;TOTAL-5W30;Huile;5;9000\n\
        2026-10-01;Cumul;Robe;1;9000\n";
    assert_eq!(sort_out(sales, Kind::Sales), (vec![], vec![]));
}

#[test]
fn the_totals_of_the_days_do_not_double_the_sales() {
    let file = "Date;Code;Désignation;Qté;Prix;Montant\n2026-10-01;A;Riz;2;100;200\n\
        2026-10-01;B;Sucre;3;100;300\n2026-10-01;Total du 01/10/2026;;5;;500\n\
        2026-10-02;A;Riz;1;100;100\n2026-10-02;B;Sucre;1;100;100\n\
        2026-10-02;Total du 02/10/2026;;2;;200\n2026-10-02;Total du mois;;8;;700\n";
    let expected = rejected(&[(8, "total_row")]);
    assert_eq!(sort_out(file, Kind::Sales), (vec![4, 7], expected));
    let bare = "Date;Code;Qté;Montant\n2026-10-01;A;2;200\n2026-10-01;B;3;300\n\
        2026-10-01;Total du 01/10;5;500\n";
    let expected = rejected(&[(4, "total_row")]);
    assert_eq!(sort_out(bare, Kind::Sales), (vec![], expected));
}

#[test]
fn titles_footers_and_totals_among_products_are_rejected() {
    let file = "Code;Nom;Prix\nÉPICERIE;;\nA;Riz;100\nB;Sucre;200\nTOTAL;;300\nMÉNAGE;;\n\
        C;Savon;50\nTotal ménage;;50\nImprimé le 05/10/2026 par Awa;;\nPage 1/1;;\n";
    let (title, total) = ("title_row", "total_row");
    let expected = rejected(&[
        (2, title),
        (5, total),
        (6, title),
        (8, total),
        (9, title),
        (10, title),
    ]);
    assert_eq!(sort_out(file, Kind::Products), (vec![], expected));
    let kept = options(r#"{"total_rows": "keep"}"#);
    assert_eq!(validate_file(file, Kind::Products, &kept).0.accepted, 9);
    for fine in [
        "Code\nA\nB\n",
        "Code;Nom;Prix\nA;;\nB;;\nC;;\nD;Riz;100\n",
        "Code;Nom;Prix\nA;Riz;100\nTotal;Huile Total;300\nTOTAL-5W30;Huile;200\n",
        "Code;Nom;Prix\nA;Riz;100\nB;;200\nC;Sel;\n",
    ] {
        assert_eq!(sort_out(fine, Kind::Products), (vec![], vec![]), "{fine}");
    }
    let again = "Code;Nom;Prix;import_line\nÉPICERIE;;;2\nTotal ménage;;50;8\nA;Riz;100;3\n";
    let expected = rejected(&[(2, title), (3, total)]);
    assert_eq!(sort_out(again, Kind::Products), (vec![], expected));
}

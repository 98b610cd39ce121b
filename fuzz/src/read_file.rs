//! Every pass over a file that needs no database, in the order of an import.

use std::collections::HashSet;
use std::io::Cursor;

use chrono::DateTime;
use domain::catalog::import::{
    Chunk, Context, Detected, Detection, ExaminedFile, FileError, Kind, KnownProducts,
    NumericCodes, Plan, Preview, RowTotals, StagingPlan, UsualQuantities, WarningCode,
    examine_file, preview_import, preview_questions, stage_file, validate_head, validate_rows,
};
use domain::identity::Language;

use crate::{ImportChoice, assert_storable};

const SHOWN_ROWS: usize = 5;

/// Reads a file as a company without a catalog would import it; returns what a preview shows.
pub fn read_file(file: &[u8], choice: &ImportChoice) -> Option<Preview> {
    let ImportChoice { kind, options } = choice;
    let language = [Language::Fr, Language::En][file.len() % 2];
    let examined = examine_file(
        Cursor::new(file),
        *kind,
        options,
        NumericCodes::default(),
        language,
    );
    let ExaminedFile {
        detected,
        detection,
    } = match examined {
        Ok(examined) => examined,
        Err(error) => {
            let _ = validate_head(Cursor::new(file), *kind, options);
            assert_storable(&error.reason.render(language));
            return None;
        }
    };
    validate_head(Cursor::new(file), *kind, options).expect("the head of a file that was examined");
    assert_storable(&detected);
    match detection {
        Detection::NeedsInput(questions) => {
            assert!(!questions.is_empty(), "neither a plan nor a question");
            assert_storable(&questions);
            let open = (detected, questions);
            let preview =
                preview_questions(Cursor::new(file), *kind, options, open, SHOWN_ROWS).ok()?;
            assert!(preview.rows.len() <= SHOWN_ROWS, "too many rows shown");
            Some(preview)
        }
        Detection::Ready(plan) => read_rows(file, choice, detected, *plan, language).ok(),
    }
}

fn read_rows(
    file: &[u8],
    choice: &ImportChoice,
    detected: Detected,
    plan: Plan,
    language: Language,
) -> Result<Preview, FileError> {
    let context = Context {
        now: DateTime::from_timestamp(1_777_896_000, 0).expect("a time"),
        zone: chrono_tz::Africa::Dakar,
        currency: "XOF".into(),
        language,
    };
    let (kind, options) = (choice.kind, &choice.options);
    let validated = validate_rows(Cursor::new(file), kind, options, &plan, &context, drop)?;
    let usual_quantities = match kind {
        Kind::Sales => UsualQuantities::read_file(Cursor::new(file), options, &plan, &context)?,
        Kind::Products | Kind::StockCounts => UsualQuantities::default(),
    };
    let mut staging = StagingPlan {
        import_id: platform::ids::Uuid::nil(),
        kind,
        options: options.clone(),
        plan,
        context,
        file_bytes: file.len() as u64,
        known_products: KnownProducts::default(),
        site_keys: HashSet::new(),
        usual_quantities,
        staged_through: 0,
    };
    let preview = preview_import(Cursor::new(file), &staging, detected, SHOWN_ROWS)?;
    assert_preview(&preview, validated.rows);
    if !file.len().is_multiple_of(4) {
        // The passes below take more time than all others.
        return Ok(preview);
    }
    let (last_line, totals) = assert_staged(file, &staging, &preview)?;
    // An attempt after a killed one reads to the same totals, and sends nothing again.
    staging.staged_through = last_line;
    let resumed = stage_file(Cursor::new(file), &staging, |chunk| {
        assert_eq!((chunk.rows, chunk.reported.len()), (0, 0), "sent again");
        true
    })?;
    assert_eq!(resumed.totals, totals);
    Ok(preview)
}

fn assert_preview(preview: &Preview, rows: u64) {
    let totals = preview
        .totals
        .as_ref()
        .expect("totals of a file without questions");
    assert_eq!(totals.rows, rows);
    assert_eq!(
        totals.rows,
        totals.accepted + totals.rejected + totals.ignored
    );
    assert!(preview.rows.len() <= SHOWN_ROWS, "too many rows shown");
    assert!(
        preview.troubled_rows.len() <= SHOWN_ROWS,
        "too many rows shown"
    );
    assert_eq!(preview.rows.len() as u64, rows.min(SHOWN_ROWS as u64));
    for row in preview.rows.iter().chain(&preview.troubled_rows) {
        assert_storable(&row.values);
        assert_storable(&row.errors);
        assert_storable(&row.warnings);
    }
    serde_json::to_string(preview).expect("a preview as JSON");
}

/// The import stages what its preview shows, except that it compares equal lines later. Returns the
/// last line that was read, and the totals.
fn assert_staged(
    file: &[u8],
    staging: &StagingPlan,
    preview: &Preview,
) -> Result<(u64, RowTotals), FileError> {
    let mut last_line = 0;
    let staged = stage_file(Cursor::new(file), staging, |chunk: Chunk| {
        last_line = chunk.through;
        for row in &chunk.reported {
            assert!(!row.issues.is_empty(), "a reported row without an issue");
            assert_storable(&row.issues);
            assert_storable(&row.fields);
        }
        true
    })?;
    let shown = preview.totals.as_ref().expect("totals");
    let count = |totals: &RowTotals| {
        let RowTotals {
            rows,
            accepted,
            rejected,
            ignored,
            ..
        } = *totals;
        (rows, rejected, accepted + ignored)
    };
    assert_eq!(count(&staged.totals), count(shown));
    let compared = [WarningCode::DroppedLines, WarningCode::DuplicateLines];
    let others = preview
        .warnings
        .iter()
        .filter(|w| !compared.contains(&w.code));
    assert!(staged.warnings.iter().eq(others), "{:?}", staged.warnings);
    assert_storable(&staged.warnings);
    Ok((last_line, staged.totals))
}

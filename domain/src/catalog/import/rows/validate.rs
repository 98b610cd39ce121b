//! The first pass: reads a file as an import would and writes nothing. Also what a preview shows, and what
//! the benchmark of parsing and validation measures.

use std::io::{Read, Seek};

use serde::Serialize;

use crate::catalog::SaleKind;
use crate::catalog::import::context::Context;
use crate::catalog::import::detect::columns::{Columns, Field};
use crate::catalog::import::detect::detection::{
    Detected, Detection, Plan, describe, detect, header, no_rows,
};
use crate::catalog::import::file_error::{Question, Refusal};
use crate::catalog::import::options::{Kind, Options};
use crate::catalog::import::read::record::Record;
use crate::catalog::import::read::table::with_table;
use crate::catalog::import::rows::count::CountReader;
use crate::catalog::import::rows::product::ProductReader;
use crate::catalog::import::rows::row_error::{Flaw, Rejection};
use crate::catalog::import::rows::sale::SaleReader;

/// What a file holds, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    pub rows: u64,
    pub accepted: u64,
    pub rejected: u64,
    /// Rows of codes that the options say to ignore.
    pub ignored: u64,
    pub sales: u64,
    pub returns: u64,
    pub cancellations: u64,
    pub adjustments: u64,
}

/// How a file is written, or what must be asked first.
#[derive(Debug, Clone)]
pub struct Examined {
    pub detected: Detected,
    pub detection: Detection,
}

/// Finds how the file is written. Reads all of it only where its first thousand rows don't tell.
///
/// # Errors
/// The file as a whole can't be taken.
pub fn examine<S: Read + Seek>(
    source: S,
    kind: Kind,
    options: &Options,
) -> Result<Examined, Refusal> {
    with_table(source, options, |table| {
        let (columns, detection) = detect(table, kind, options)?;
        Ok(Examined {
            detected: describe(table, &columns, &detection),
            detection,
        })
    })
}

/// Reads the header and the first row: enough to refuse at once what can't be a file of this kind.
///
/// # Errors
/// The file as a whole can't be taken.
pub fn glance<S: Read + Seek>(source: S, kind: Kind, options: &Options) -> Result<(), Refusal> {
    with_table(source, options, |table| {
        header(table, kind, options)?;
        if table.advance()? {
            Ok(())
        } else {
            Err(no_rows())
        }
    })
}

/// Reads every row by `plan` and counts, giving the refused ones to `on_rejection`.
///
/// # Errors
/// The file as a whole can't be taken.
pub fn validate<S: Read + Seek>(
    source: S,
    kind: Kind,
    options: &Options,
    plan: &Plan,
    context: &Context,
    mut on_rejection: impl FnMut(Rejection),
) -> Result<Totals, Refusal> {
    with_table(source, options, |table| {
        header(table, kind, options)?;
        let mut rows = RowReader::new(kind, plan, options, context);
        let mut totals = Totals::default();
        while table.advance()? {
            let record = table.record();
            if let Err(flaw) = rows.count(record, &mut totals) {
                on_rejection(Rejection::of(flaw, record, &plan.columns));
            }
        }
        Ok(totals)
    })
}

/// The rules of one kind of file.
pub(in crate::catalog::import) enum RowReader {
    Sales(Box<SaleReader>),
    Products(Box<ProductReader>),
    StockCounts(Box<CountReader>),
}

impl RowReader {
    pub(in crate::catalog::import) fn new(
        kind: Kind,
        plan: &Plan,
        options: &Options,
        context: &Context,
    ) -> Self {
        let (columns, notation) = (plan.columns.clone(), plan.notation);
        match kind {
            Kind::Sales => Self::Sales(Box::new(SaleReader::new(
                columns, notation, options, context,
            ))),
            Kind::Products => Self::Products(Box::new(ProductReader::new(
                columns, notation, options, context,
            ))),
            Kind::StockCounts => Self::StockCounts(Box::new(CountReader::new(
                columns, notation, options, context,
            ))),
        }
    }

    fn count(&mut self, record: Record<'_>, totals: &mut Totals) -> Result<(), Flaw> {
        totals.rows += 1;
        let read = match self {
            Self::Sales(reader) => reader.read(record).map(|line| match line {
                Some(line) => totals.count_sale(line.kind),
                None => totals.ignored += 1,
            }),
            Self::Products(reader) => reader.read(record).map(|_| totals.accepted += 1),
            Self::StockCounts(reader) => reader.read(record).map(|_| totals.accepted += 1),
        };
        totals.rejected += u64::from(read.is_err());
        read
    }
}

impl Totals {
    pub(in crate::catalog::import) fn count_sale(&mut self, kind: SaleKind) {
        self.accepted += 1;
        *match kind {
            SaleKind::Sale => &mut self.sales,
            SaleKind::Return => &mut self.returns,
            SaleKind::Cancellation => &mut self.cancellations,
            SaleKind::Adjustment => &mut self.adjustments,
        } += 1;
    }
}

/// The first rows of a file and what would become of them.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    pub detected: Detected,
    pub questions: Vec<Question>,
    /// The fields that were found, row by row, as they stand in the file.
    pub rows: Vec<PreviewRow>,
}

#[derive(Debug, Clone, Serialize)]
pub struct PreviewRow {
    pub line: u64,
    pub fields: std::collections::BTreeMap<Field, String>,
    pub error: Option<Rejection>,
}

/// Reads the first `limit` rows; nothing is stored.
///
/// # Errors
/// The file as a whole can't be taken.
pub fn preview<S: Read + Seek>(
    mut source: S,
    kind: Kind,
    options: &Options,
    context: &Context,
    limit: usize,
) -> Result<Preview, Refusal> {
    let examined = examine(&mut source, kind, options)?;
    with_table(source, options, |table| {
        let columns = header(table, kind, options)?;
        let (mut reader, questions) = match &examined.detection {
            Detection::Ready(plan) => (
                Some(RowReader::new(kind, plan, options, context)),
                Vec::new(),
            ),
            Detection::NeedsInput(questions) => (None, questions.clone()),
        };
        let mut rows = Vec::new();
        while rows.len() < limit && table.advance()? {
            rows.push(preview_row(table.record(), &columns, reader.as_mut()));
        }
        Ok(Preview {
            detected: examined.detected,
            questions,
            rows,
        })
    })
}

fn preview_row(
    record: Record<'_>,
    columns: &Columns,
    reader: Option<&mut RowReader>,
) -> PreviewRow {
    let shown = |field: &Field| {
        columns
            .place(*field)
            .map_or(String::new(), |i| record.shown(i))
    };
    let fields = columns
        .found()
        .into_keys()
        .map(|f| (f, shown(&f)))
        .collect();
    let flaw = reader.and_then(|r| r.count(record, &mut Totals::default()).err());
    PreviewRow {
        line: record.line,
        fields,
        error: flaw.map(|f| Rejection::of(f, record, columns)),
    }
}

//! Rows on their way to staging, encoded as COPY takes them. The order of the values is that of the columns
//! that `store::staging` names.

use platform::ids::Uuid;

use crate::catalog::import::rows::count::CountLine;
use crate::catalog::import::rows::product::ProductLine;
use crate::catalog::import::rows::row_error::Rejection;
use crate::catalog::import::rows::sale::SaleLine;
use crate::catalog::import::rows::validate::Totals;
use crate::catalog::import::stage::tuples::Tuples;
use crate::catalog::{SaleKind, SaleStatus};

const CHUNK_ROWS: u64 = 50_000;
const CHUNK_BYTES: usize = 8 << 20;

/// Rows that are staged in one commit.
#[derive(Debug, Default)]
pub struct Chunk {
    pub(in crate::catalog::import) tuples: Tuples,
    pub rows: u64,
    pub rejections: Vec<Rejection>,
    rejected_bytes: usize,
    /// The last line that has been read.
    pub through: u64,
    /// Bytes of the file that have been read (rows for a spreadsheet).
    pub position: u64,
    /// Counts of the whole file up to here.
    pub totals: Totals,
}

/// What a sale line says beside its own facts.
#[derive(Debug, Clone, Copy)]
pub(in crate::catalog::import) struct Carries {
    /// Its key may have come before.
    pub(in crate::catalog::import) repeats: bool,
    /// It names its product, or its customer, in case they have to be made.
    pub(in crate::catalog::import) product: bool,
    pub(in crate::catalog::import) customer: bool,
}

impl Chunk {
    /// With room for all that it may hold: growing would copy it several times.
    pub(in crate::catalog::import) fn roomy() -> Self {
        let mut chunk = Self::default();
        chunk.tuples.bytes.reserve(CHUNK_BYTES + CHUNK_BYTES / 8);
        chunk
    }

    pub(in crate::catalog::import) fn is_full(&self) -> bool {
        self.rows >= CHUNK_ROWS || self.tuples.bytes.len() + self.rejected_bytes >= CHUNK_BYTES
    }

    pub(in crate::catalog::import) fn reject(&mut self, rejection: Rejection) {
        self.rejected_bytes += 200 + rejection.row.iter().map(|f| f.len() + 24).sum::<usize>();
        self.rejections.push(rejection);
    }

    fn begin(&mut self, import: Uuid, line: u64, values: i16) -> &mut Tuples {
        self.rows += 1;
        self.tuples.row(values);
        self.tuples.raw(import.as_bytes());
        self.tuples.bigint(line);
        self.tuples.raw(Uuid::now_v7().as_bytes());
        &mut self.tuples
    }

    pub(in crate::catalog::import) fn sale(
        &mut self,
        import: Uuid,
        line: &SaleLine<'_>,
        carries: Carries,
    ) {
        let out = self.begin(import, line.line, 22);
        out.raw(line.key.as_bytes());
        out.boolean(carries.repeats);
        out.boolean(line.fresh);
        out.text(line.sku);
        out.text_if(carries.product, line.name);
        out.text_or_null(line.document);
        out.text_or_null(line.external_id);
        out.text_or_null(line.customer);
        out.text_if(carries.customer, line.customer_name);
        out.text_if(carries.customer && !line.country.is_empty(), line.country);
        out.text_or_null(line.site);
        out.text(kind_text(line.kind));
        out.text_or_null(line.status.map_or("", status_text));
        out.numeric(line.quantity, 3);
        out.numeric(line.money.unit_price, 6);
        out.numeric(line.money.amount, 4);
        out.raw(&line.money.currency);
        out.timestamp(line.moment.at);
        out.date(line.moment.day);
    }

    pub(in crate::catalog::import) fn product(&mut self, import: Uuid, line: &ProductLine<'_>) {
        let out = self.begin(import, line.line, 18);
        out.text(line.sku);
        for text in [
            line.name,
            line.category,
            line.supplier,
            line.unit,
            line.barcode,
        ] {
            out.text_or_null(text);
        }
        out.raw(&line.currency);
        out.numeric_or_null(line.purchase_price, 6);
        out.numeric_or_null(line.sale_price, 6);
        for quantity in [
            line.min_stock,
            line.max_stock,
            line.minimum_order_quantity,
            line.pack_multiple,
        ] {
            out.numeric_or_null(quantity, 3);
        }
        match line.lead_time_days {
            Some(days) => out.integer(days),
            None => out.null(),
        }
        match line.active {
            Some(active) => out.boolean(active),
            None => out.null(),
        }
    }

    pub(in crate::catalog::import) fn count(
        &mut self,
        import: Uuid,
        line: &CountLine<'_>,
        names_product: bool,
    ) {
        let out = self.begin(import, line.line, 9);
        out.raw(line.key.as_bytes());
        out.text(line.sku);
        out.text_if(names_product, line.name);
        out.text_or_null(line.site);
        out.numeric(line.quantity, 3);
        out.timestamp(line.at);
    }
}

fn kind_text(kind: SaleKind) -> &'static str {
    match kind {
        SaleKind::Sale => "sale",
        SaleKind::Return => "return",
        SaleKind::Cancellation => "cancellation",
        SaleKind::Adjustment => "adjustment",
    }
}

fn status_text(status: SaleStatus) -> &'static str {
    match status {
        SaleStatus::Delivered => "delivered",
        SaleStatus::Pending => "pending",
        SaleStatus::Cancelled => "cancelled",
    }
}

//! `POST /imports/preview`: the first rows of a file and what an import would make of them. Nothing
//! is stored.

use std::io::Cursor;
use std::time::Duration;

use axum::Json;
use axum::extract::multipart::Field;
use axum::extract::{Request, State};
use domain::catalog::import::{self, Context, Kind, ParserLane, Preview};
use domain::identity;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::upload::{
    MAX_FORM_BYTES, file_too_large, open_form, read_small_text, reject_long_body, unreadable_form,
};
use super::{file_rejected, parse_options};
use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};

/// Bytes of a text file that are read: its head is enough.
const HEAD_BYTES: usize = 1 << 20;
/// Bytes of a spreadsheet, which can only be read whole.
const MAX_SPREADSHEET_BYTES: usize = 50 << 20;
/// The unit in which the memory of files is shared out.
const BLOCK_BYTES: usize = 1 << 20;
const PREVIEW_ROWS: usize = 100;

/// Blocks of memory for the files of all previews: two of the largest spreadsheets, or a hundred
/// heads of text files.
static FILE_BLOCKS: Semaphore = Semaphore::const_new(104);
/// How long an upload may take: it holds memory meanwhile.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(120);

pub(crate) async fn preview_import(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Json<Preview>> {
    let limit = app.upload_limit();
    reject_long_body(&request, limit.saturating_add(MAX_FORM_BYTES))?;
    let too_slow = |_| {
        Error::new(
            ErrorCode::TimedOut,
            "the file took more than two minutes to arrive",
        )
    };
    let form = tokio::time::timeout(
        UPLOAD_TIMEOUT,
        read_form(request, limit, app.upload_idle_timeout()),
    )
    .await
    .map_err(too_slow)??;
    let mut tx = caller.begin(&app).await?;
    let company = identity::companies::require_company(&mut tx, caller.company).await?;
    let zone = company.timezone.parse().map_err(Error::internal)?;
    let known = import::load_numeric_codes(&mut tx, caller.company, &form.options).await?;
    drop(tx);
    let language = company.language;
    let context = Context {
        now: caller.now,
        zone,
        currency: company.currency,
        language,
    };
    let read = move || {
        let PreviewForm {
            kind,
            options,
            file,
        } = form;
        // The work continues when the client disconnects, and holds its memory until it ends.
        let HeldFile { bytes, room: _room } = file;
        let bytes = Cursor::new(whole_lines(bytes));
        import::preview_file(bytes, kind, &options, &context, known, PREVIEW_ROWS)
    };
    let shown = import::run_parser(ParserLane::Request, read)
        .await
        .map_err(Error::internal)?;
    Ok(Json(
        shown.map_err(|cause| file_rejected(&cause, language))?,
    ))
}

struct PreviewForm {
    kind: Kind,
    options: import::Options,
    file: HeldFile,
}

/// The head of a text file or a whole spreadsheet, with its share of [`FILE_BLOCKS`].
struct HeldFile {
    bytes: Vec<u8>,
    room: SemaphorePermit<'static>,
}

impl HeldFile {
    fn new() -> Result<Self> {
        Ok(Self {
            bytes: Vec::new(),
            room: acquire_blocks(0)?,
        })
    }

    fn push(&mut self, bytes: &[u8]) -> Result<()> {
        let length = self.bytes.len() + bytes.len();
        let missing = length.div_ceil(BLOCK_BYTES) - self.room.num_permits();
        if missing > 0 {
            self.room.merge(acquire_blocks(missing)?);
            let length = self.room.num_permits() * BLOCK_BYTES;
            self.bytes.reserve_exact(length - self.bytes.len());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

fn acquire_blocks(count: usize) -> Result<SemaphorePermit<'static>> {
    let count = u32::try_from(count).map_err(Error::internal)?;
    FILE_BLOCKS
        .try_acquire_many(count)
        .map_err(|_| Error::rate_limited("too many previews at once", 5))
}

async fn read_form(request: Request, limit: u64, idle_timeout: Duration) -> Result<PreviewForm> {
    let mut form = open_form(request, idle_timeout).await?;
    let (mut kind, mut options, mut file) = (None, import::Options::default(), None);
    while let Some(mut field) = form
        .next_field()
        .await
        .map_err(|cause| unreadable_form(&cause))?
    {
        match field.name().unwrap_or_default() {
            "kind" => kind = Some(read_small_text(field).await?.trim().parse::<Kind>()?),
            "options" => options = parse_options(read_small_text(field).await?.as_bytes())?,
            "file" => file = Some(read_head(&mut field, limit).await?),
            name => {
                return Err(Error::invalid_field(
                    name,
                    "unknown_field",
                    "the form has kind, options and file",
                ));
            }
        }
    }
    let missing = |field| Error::invalid_field(field, "required", "is missing");
    let kind = kind.ok_or_else(|| missing("kind"))?;
    Ok(PreviewForm {
        kind,
        options,
        file: file.ok_or_else(|| missing("file"))?,
    })
}

/// Reads the file to its end and keeps its head, or the whole spreadsheet.
async fn read_head(field: &mut Field<'_>, limit: u64) -> Result<HeldFile> {
    let (mut head, mut read) = (HeldFile::new()?, 0);
    while let Some(bytes) = field
        .chunk()
        .await
        .map_err(|cause| unreadable_form(&cause))?
    {
        read += bytes.len() as u64;
        if read > limit {
            return Err(file_too_large(limit));
        }
        keep_head(&mut head, &bytes)?;
    }
    Ok(head)
}

fn keep_head(head: &mut HeldFile, bytes: &[u8]) -> Result<()> {
    let length = head.bytes.len();
    let is_zip = head.bytes.starts_with(b"PK") || (length == 0 && bytes.starts_with(b"PK"));
    if is_zip && length + bytes.len() > MAX_SPREADSHEET_BYTES {
        return Err(Error::new(
            ErrorCode::BodyTooLarge,
            "a spreadsheet may have up to 50 MiB; save it as CSV",
        ));
    }
    let limit = if is_zip {
        MAX_SPREADSHEET_BYTES
    } else {
        HEAD_BYTES
    };
    head.push(&bytes[..bytes.len().min(limit - length)])
}

/// Removes the line that the end of the head cuts.
fn whole_lines(mut file: Vec<u8>) -> Vec<u8> {
    if file.len() == HEAD_BYTES
        && let Some(end) = file.iter().rposition(|b| *b == b'\n')
    {
        file.truncate(end + 1);
    }
    file
}

//! `POST /imports/preview`: the first rows of a file and what would become of them; nothing is stored.

use std::io::Cursor;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use domain::catalog::import::{self, Context, Kind, Preview};
use domain::identity::{self, Role};
use tokio::sync::Semaphore;

use super::upload::{FORM_LIMIT, open_form, refuse_long, small_text, too_large, unreadable};
use super::{read_options, refuse_file};
use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};

/// Of a text file the head is enough; a spreadsheet can only be read whole.
const HEAD: usize = 1 << 20;
const WHOLE: usize = 50 << 20;
const ROWS: usize = 100;

/// Previews at once, as each may hold a whole spreadsheet in memory.
static ROOM: Semaphore = Semaphore::const_new(4);
/// How long a file may be on its way: it takes room meanwhile.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) async fn preview(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Json<Preview>> {
    caller.require_role(Role::Member)?;
    let limit = app.upload_limit();
    refuse_long(&request, limit.saturating_add(FORM_LIMIT))?;
    let room = ROOM
        .try_acquire()
        .map_err(|_| Error::rate_limited("too many previews at once", 5))?;
    let too_slow = |_| {
        Error::new(
            ErrorCode::TimedOut,
            "the file took more than two minutes to arrive",
        )
    };
    let form = tokio::time::timeout(PATIENCE, read_form(request, limit, app.upload_silence()))
        .await
        .map_err(too_slow)??;
    let mut tx = caller.begin(&app).await?;
    let company = identity::find_company(&mut tx, caller.company).await?;
    let zone = company.timezone.parse().map_err(Error::internal)?;
    drop(tx);
    let context = Context {
        now: caller.now,
        zone,
        currency: company.currency,
    };
    let read = move || {
        // The work goes on when the caller hangs up, and takes its room until it ends.
        let _room = room;
        import::preview(
            Cursor::new(whole_lines(form.file)),
            form.kind,
            &form.options,
            &context,
            ROWS,
        )
    };
    let shown = tokio::task::spawn_blocking(read)
        .await
        .map_err(Error::internal)?;
    Ok(Json(shown.map_err(refuse_file)?))
}

struct Form {
    kind: Kind,
    options: import::Options,
    file: Vec<u8>,
}

async fn read_form(request: Request, limit: u64, silence: Duration) -> Result<Form> {
    let mut form = open_form(request, silence).await?;
    let (mut kind, mut options, mut file) = (None, import::Options::default(), None);
    while let Some(mut field) = form
        .next_field()
        .await
        .map_err(|cause| unreadable(&cause))?
    {
        match field.name().unwrap_or_default() {
            "kind" => kind = Some(small_text(field).await?.trim().parse::<Kind>()?),
            "options" => options = read_options(small_text(field).await?.as_bytes())?,
            "file" => {
                let (mut head, mut read) = (Vec::new(), 0);
                while let Some(bytes) = field.chunk().await.map_err(|cause| unreadable(&cause))? {
                    read += bytes.len() as u64;
                    if read > limit {
                        return Err(too_large(limit));
                    }
                    keep_head(&mut head, &bytes)?;
                }
                file = Some(head);
            }
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
    Ok(Form {
        kind,
        options,
        file: file.ok_or_else(|| missing("file"))?,
    })
}

fn keep_head(head: &mut Vec<u8>, bytes: &[u8]) -> Result<()> {
    let is_zip = head.starts_with(b"PK") || (head.is_empty() && bytes.starts_with(b"PK"));
    if is_zip && head.len() + bytes.len() > WHOLE {
        return Err(Error::new(
            ErrorCode::BodyTooLarge,
            "a spreadsheet may have up to 50 MiB; save it as CSV",
        ));
    }
    let limit = if is_zip { WHOLE } else { HEAD };
    head.extend_from_slice(&bytes[..bytes.len().min(limit - head.len())]);
    Ok(())
}

/// A head may end inside a line.
fn whole_lines(mut file: Vec<u8>) -> Vec<u8> {
    if file.len() == HEAD
        && let Some(end) = file.iter().rposition(|b| *b == b'\n')
    {
        file.truncate(end + 1);
    }
    file
}

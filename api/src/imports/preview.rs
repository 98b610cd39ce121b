//! `POST /imports/preview`: what an import would make of a file. The file is read whole and then
//! deleted; nothing else is stored.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::Json;
use axum::extract::{Request, State};
use domain::billing;
use domain::catalog::import::{
    self, Context, Detection, ExaminedFile, FileError, Kind, ParserLane, Plan, Preview, SameDay,
    StagingPlan, UsualQuantities,
};
use domain::identity::{self, Language};
use platform::ids::{CompanyId, Uuid};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::file_rejected;
use super::form::{Destination, Upload, read_form};
use super::pending_file::PendingFile;
use super::upload::{MAX_FORM_BYTES, announced_length, reject_long_body};
use crate::App;
use crate::auth::Caller;
use crate::error::{Error, Result};

/// Larger files are only imported: reading them takes longer than somebody waits.
const MAX_FILE_BYTES: u64 = 256 << 20;
/// Rows that are shown, of the first ones and of those with trouble.
const SHOWN_ROWS: usize = 100;

pub(crate) async fn preview_import(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Json<Preview>> {
    let limit = app.upload_limit().min(MAX_FILE_BYTES);
    reject_long_body(&request, limit.saturating_add(MAX_FORM_BYTES))?;
    let turn = Arc::new(take_turn(caller.company).await);
    let pending = PendingFile::reserve(&app, &caller, announced_length(&request)).await?;
    let destination = Destination::File(&pending);
    let preview = match read_form(&app, &caller, request, destination, limit).await {
        Ok(upload) => {
            let blob_key = &pending.blob_key;
            let file = TemporaryFile {
                app: &app,
                blob_key,
                turn,
            };
            file.preview(&caller, upload).await
        }
        Err(rejected) => Err(rejected),
    };
    pending.discard().await;
    preview.map(Json)
}

/// The turns of the companies whose files are read in this process.
static TURNS: Mutex<BTreeMap<CompanyId, Weak<AsyncMutex<()>>>> = Mutex::new(BTreeMap::new());

/// Waits until no other preview of the company is under way, so that one company never takes all
/// slots of the parser, and stores one file.
async fn take_turn(company: CompanyId) -> OwnedMutexGuard<()> {
    let turn = {
        let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| turn.strong_count() > 0);
        let waiting = turns.get(&company).and_then(Weak::upgrade);
        waiting.unwrap_or_else(|| {
            let turn = Arc::default();
            turns.insert(company, Arc::downgrade(&turn));
            turn
        })
    };
    turn.lock_owned().await
}

/// The file of a preview.
struct TemporaryFile<'a> {
    app: &'a App,
    blob_key: &'a str,
    /// Held by whatever reads the file, which continues when the client disconnects.
    turn: Arc<OwnedMutexGuard<()>>,
}

impl TemporaryFile<'_> {
    async fn preview(&self, caller: &Caller, upload: Upload) -> Result<Preview> {
        let mut tx = caller.begin(self.app).await?;
        let company = identity::companies::require_company(&mut tx, caller.company).await?;
        let known = import::load_numeric_codes(&mut tx, caller.company).await?;
        drop(tx);
        let context = Context {
            now: caller.now,
            zone: company.timezone.parse().map_err(Error::internal)?,
            currency: company.currency,
            language: company.language,
        };
        let (kind, options, language) = (upload.kind, upload.options.clone(), company.language);
        let reject = |cause: FileError| file_rejected(&cause, language);
        let ExaminedFile {
            detected,
            detection,
        } = self
            .read(move |file| import::examine_file(file, kind, &options, known, language))
            .await?
            .map_err(reject)?;
        let plan = match detection {
            Detection::Ready(plan) => *plan,
            Detection::NeedsInput(questions) => {
                let (options, open) = (upload.options, (detected, questions));
                let shown = self.read(move |file| {
                    import::preview_questions(file, kind, &options, open, SHOWN_ROWS)
                });
                return shown.await?.map_err(reject);
            }
        };
        let upload = Upload {
            options: detected.adjust_options(upload.options),
            ..upload
        };
        let same_day = upload.options.same_day;
        let staging = self.plan_staging(caller, upload, plan, context).await?;
        let staging = staging.map_err(reject)?;
        let preview = self
            .read(move |file| import::preview_import(file, &staging, detected, SHOWN_ROWS))
            .await?
            .map_err(reject)?;
        self.compare_with_company(caller, preview, (same_day, language))
            .await
    }

    /// Compares the rows with what the company has: with the days that other files hold, with its
    /// sales and with what its plan leaves.
    async fn compare_with_company(
        &self,
        caller: &Caller,
        mut preview: Preview,
        (same_day, language): (Option<SameDay>, Language),
    ) -> Result<Preview> {
        let company = caller.company;
        let lines = std::mem::take(&mut preview.day_lines);
        let mut tx = caller.begin(self.app).await?;
        let days = import::find_recorded_days_of(&mut tx, company, lines).await?;
        preview.compare_days(&days, same_day, language);
        import::mark_recorded_rows(&mut tx, company, &mut preview).await?;
        let limits = billing::load_limits(&mut tx, caller.now).await?;
        let products = preview
            .creates
            .as_ref()
            .map_or(0, |creates| creates.products);
        let rows = preview.totals.as_ref().map_or(0, |totals| totals.accepted);
        let needs = (products, rows);
        let [products, rows] =
            import::foresee_admission(&mut tx, company, &limits, needs, caller.now).await?;
        preview.foresee_limits(products.as_ref(), rows.as_ref(), language);
        Ok(preview)
    }

    /// Loads what the rows are compared with.
    async fn plan_staging(
        &self,
        caller: &Caller,
        upload: Upload,
        plan: Plan,
        context: Context,
    ) -> Result<Result<StagingPlan, FileError>> {
        let mut usual_quantities = UsualQuantities::default();
        if upload.kind == Kind::Sales {
            let (options, plan, context) = (upload.options.clone(), plan.clone(), context.clone());
            let read = move |file| UsualQuantities::read_file(file, &options, &plan, &context);
            match self.read(read).await? {
                Ok(usual) => usual_quantities = usual,
                Err(cause) => return Ok(Err(cause)),
            }
        }
        let mut tx = caller.begin(self.app).await?;
        import::add_recorded_quantities(&mut tx, caller.company, &mut usual_quantities).await?;
        let known_products = import::load_known_products(&mut tx, caller.company).await?;
        let site_keys = import::load_site_keys(&mut tx, caller.company).await?;
        Ok(Ok(StagingPlan {
            import_id: Uuid::nil(),
            kind: upload.kind,
            options: upload.options,
            plan,
            context,
            file_bytes: upload.stored.len,
            known_products,
            site_keys,
            usual_quantities,
            staged_through: 0,
        }))
    }

    /// Reads the file on a blocking thread.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(std::fs::File) -> Result<T, FileError> + Send + 'static,
    ) -> Result<Result<T, FileError>> {
        let file = self.app.blobs().open_file(self.blob_key).await;
        let file = file.map_err(Error::internal)?;
        let turn = self.turn.clone();
        let read = move || {
            let _turn = turn;
            read(file)
        };
        import::run_parser(ParserLane::Preview, read)
            .await
            .map_err(Error::internal)
    }
}

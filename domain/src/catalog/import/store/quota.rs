//! The places of a company's files, which its quota counts. A place is reserved before the first
//! byte is read and kept with the import. The lock of one company is held while its places are
//! counted and until the caller's transaction ends, never while a body is read.

use chrono::{DateTime, TimeDelta, Utc};
use platform::ids::CompanyId;
use sqlx::PgConnection;

use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::import::quota::{
    FILE_RETENTION, FileQuota, FileUse, Outlook, Shortage, UNUSED_FILE_RETENTION,
};
use crate::identity::Language;
use crate::{Error, Result};

/// How long a place is reserved for an upload whose process may have died. An upload renews its
/// place several times in an hour.
const MAX_RESERVATION: TimeDelta = TimeDelta::hours(1);

/// A file that looks for a place in its company's quota.
#[derive(Debug, Clone, Copy)]
pub struct FilePlace {
    pub company: CompanyId,
    /// The id of the import, if one comes of it.
    pub id: ImportId,
    /// What it has at least.
    pub bytes: u64,
}

/// Reserves a place for an upload, or renews its place for as long again, with up to `ahead` bytes
/// more where the quota has them. Returns the bytes of the place.
///
/// # Errors
/// `Conflict` where the quota has no place left.
pub async fn reserve_file(
    conn: &mut PgConnection,
    place: FilePlace,
    ahead: u64,
    quota: &FileQuota,
    now: DateTime<Utc>,
) -> Result<u64> {
    let used = require_place(&mut *conn, place, quota, now).await?;
    let most = quota.count_free_bytes(&used);
    let bytes = place.bytes.saturating_add(ahead).min(most);
    let place = FilePlace { bytes, ..place };
    write_place(conn, place, Some(now + MAX_RESERVATION)).await?;
    Ok(bytes)
}

/// Keeps the place of an upload that is stored, for the import that the same transaction creates.
///
/// # Errors
/// `Conflict` where the reservation has expired and the quota has no place left.
pub async fn keep_file(
    conn: &mut PgConnection,
    place: FilePlace,
    quota: &FileQuota,
    now: DateTime<Utc>,
) -> Result<()> {
    require_place(&mut *conn, place, quota, now).await?;
    write_place(conn, place, None).await
}

/// Frees the place of an upload that came to nothing.
pub async fn release_file(conn: &mut PgConnection, company: CompanyId, id: ImportId) -> Result<()> {
    sqlx::query!(
        "delete from import_files where company_id = $1 and id = $2",
        company.0,
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Frees the places of files whose import ended longer ago than their retention, and of uploads
/// whose reservation has expired.
pub async fn release_unused_files(
    conn: &mut PgConnection,
    company: CompanyId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "delete from import_files f
         where f.company_id = $1 and (
           f.reserved_until < $2
           or f.reserved_until is null and not exists (
             select from imports i
             where i.company_id = $1 and i.id = f.id
               and (i.finished_at is null
                    or i.finished_at > $3
                       and (i.finished_at > $4
                            or i.merged_through > 0
                            or i.state not in ('failed', 'cancelled')))))",
        company.0,
        now,
        now - FILE_RETENTION,
        now - UNUSED_FILE_RETENTION,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns what the company's other files take up.
///
/// # Errors
/// `Conflict` where no place is left.
async fn require_place(
    conn: &mut PgConnection,
    place: FilePlace,
    quota: &FileQuota,
    now: DateTime<Utc>,
) -> Result<FileUse> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('import files ' || $1::text, 0))",
        place.company.0.to_string()
    )
    .execute(&mut *conn)
    .await?;
    let used = count_other_files(&mut *conn, place, now).await?;
    if quota.find_shortage(&used, place.bytes).is_none() {
        return Ok(used);
    }
    // What is over may be the reason, where the daily sweep is late.
    release_unused_files(&mut *conn, place.company, now).await?;
    let used = count_other_files(&mut *conn, place, now).await?;
    match quota.find_shortage(&used, place.bytes) {
        None => Ok(used),
        Some(shortage) => {
            let missing = Missing::of(quota, &used, place.bytes);
            Err(load_shortage_error(conn, place.company, quota, (shortage, missing)).await?)
        }
    }
}

/// Reads at most as many rows as the quota has places, whatever the company has imported before.
async fn count_other_files(
    conn: &mut PgConnection,
    place: FilePlace,
    now: DateTime<Utc>,
) -> Result<FileUse> {
    let used = sqlx::query_as!(
        FileUse,
        r#"select count(*) as "files!", coalesce(sum(bytes), 0)::bigint as "bytes!",
             count(*) filter (where reserved_until is not null) as "uploads!",
             (select count(*) from imports
              where company_id = $1
                and state in ('received', 'checking', 'needs_input', 'loading'))
               as "open_imports!"
           from import_files
           where company_id = $1 and id <> $2
             and (reserved_until is null or reserved_until >= $3)"#,
        place.company.0,
        place.id.0,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(used)
}

async fn write_place(
    conn: &mut PgConnection,
    place: FilePlace,
    reserved_until: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query!(
        "insert into import_files (company_id, id, bytes, reserved_until)
         values ($1, $2, $3, $4)
         on conflict (id) do update
         set bytes = excluded.bytes, reserved_until = excluded.reserved_until",
        place.company.0,
        place.id.0,
        i64::try_from(place.bytes).unwrap_or(i64::MAX),
        reserved_until,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What one more file lacks.
struct Missing {
    files: i64,
    bytes: i64,
}

impl Missing {
    fn of(quota: &FileQuota, used: &FileUse, bytes: u64) -> Self {
        let most = i64::try_from(quota.bytes).unwrap_or(i64::MAX);
        let wanted = i64::try_from(bytes).unwrap_or(i64::MAX);
        Self {
            files: used.files + 1 - i64::from(quota.files),
            bytes: wanted.saturating_add(used.bytes).saturating_sub(most),
        }
    }
}

/// Returns the conflict of a file that has no place, in the company's language. It names the day,
/// by the company's calendar, on which the files of enough ended imports are gone.
async fn load_shortage_error(
    conn: &mut PgConnection,
    company: CompanyId,
    quota: &FileQuota,
    (shortage, missing): (Shortage, Missing),
) -> Result<Error> {
    let found = sqlx::query!(
        r#"with places as (
             select i.finished_at is null as is_open,
               i.finished_at + case
                 when i.state in ('failed', 'cancelled') and i.merged_through = 0 then $4::interval
                 else $5 end as kept_until,
               f.bytes, i.id
             from import_files f join imports i on i.company_id = $1 and i.id = f.id
             where f.company_id = $1
           ),
           freed as (
             select kept_until, count(*) over earlier as files, sum(bytes) over earlier as bytes
             from places where not is_open
             window earlier as (order by kept_until, id)
           )
           select language as "language: Language",
             -- The first whole day without them.
             (select (min(kept_until) at time zone timezone)::date + 1 from freed
              where files >= $2 and bytes >= $3::bigint) as has_room_on,
             (select coalesce(bool_or(is_open), false) from places) as "has_open_imports!"
           from companies where id = $1"#,
        company.0,
        missing.files,
        missing.bytes,
        UNUSED_FILE_RETENTION as _,
        FILE_RETENTION as _,
    )
    .fetch_one(conn)
    .await?;
    let outlook = Outlook {
        has_room_on: found.has_room_on,
        has_open_imports: found.has_open_imports,
    };
    let text = quota.describe_shortage(shortage, outlook);
    Ok(Error::conflict(
        shortage.code(),
        text.render(found.language),
    ))
}

//! The categories, suppliers and sites that a file names and the company lacks. Of several
//! spellings of one name the first is stored. One that was archived with its import is lacking and
//! comes back; one that a person archived has a higher version and stays archived.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use crate::Result;
use crate::catalog::import::lifecycle::ImportId;

/// Creates the references that a column of the staged products names and a table lacks.
macro_rules! create_missing {
    ($conn:expr, $company:expr, $import:expr, $column:literal => $table:literal) => {{
        let missing = sqlx::query!(
            "select distinct on (l."
                + $column
                + "_key) l."
                + $column
                + r#"_key as "key!", l."#
                + $column
                + r#" as "name!"
             from staging.product_lines l
             where l.import_id = $2 and l."#
                + $column
                + "_key is not null
               and not exists (
                 select from "
                + $table
                + " r
                 where r.company_id = $1 and (r.archived_at is null or r.version > 1)
                   and r.name_key = l."
                + $column
                + "_key)
             order by l."
                + $column
                + "_key, l.line",
            $company.0,
            $import.0,
        )
        .fetch_all(&mut *$conn)
        .await?;
        let ids: Vec<Uuid> = missing.iter().map(|_| Uuid::now_v7()).collect();
        let (keys, names): (Vec<_>, Vec<_>) = missing.into_iter().map(|m| (m.key, m.name)).unzip();
        sqlx::query!(
            "insert into "
                + $table
                + " as r (company_id, id, name_key, name, import_id)
             select $1, u.id, u.key, u.name, $2
             from unnest($3::uuid[], $4::text[], $5::text[]) as u (id, key, name)
             on conflict (company_id, name_key) do update
             set name = excluded.name, import_id = $2, archived_at = null,
               updated_at = engine_now()
             where r.archived_at is not null and r.version = 1",
            $company.0,
            $import.0,
            &ids,
            &keys,
            &names,
        )
        .execute(&mut *$conn)
        .await?;
    }};
}

/// Creates the missing categories and suppliers of the staged products.
pub async fn create_missing_references(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<()> {
    create_missing!(conn, company, import, "category" => "categories");
    create_missing!(conn, company, import, "supplier" => "suppliers");
    Ok(())
}

/// Creates the missing sites of the staged sales and counts, as shops.
pub async fn create_missing_sites(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<()> {
    let missing = sqlx::query!(
        r#"select distinct on (l.site_key) l.site_key as "key!", l.site as "name!"
           from (
             select site_key, site, abs(line) as line from staging.sale_lines where import_id = $2
             union all select site_key, site, line from staging.count_lines where import_id = $2
           ) l
           where l.site is not null and not exists (
             select from sites s
             where s.company_id = $1 and s.name_key = l.site_key
               and (s.archived_at is null or s.version > 1))
           order by l.site_key, l.line"#,
        company.0,
        import.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    let ids: Vec<Uuid> = missing.iter().map(|_| Uuid::now_v7()).collect();
    let (keys, names): (Vec<_>, Vec<_>) = missing.into_iter().map(|m| (m.key, m.name)).unzip();
    sqlx::query!(
        "insert into sites as s (company_id, id, name_key, name, import_id)
         select $1, u.id, u.key, u.name, $2
         from unnest($3::uuid[], $4::text[], $5::text[]) as u (id, key, name)
         on conflict (company_id, name_key) do update
         set name = excluded.name, import_id = $2, archived_at = null, updated_at = engine_now()
         where s.archived_at is not null and s.version = 1",
        company.0,
        import.0,
        &ids,
        &keys,
        &names,
    )
    .execute(conn)
    .await?;
    Ok(())
}

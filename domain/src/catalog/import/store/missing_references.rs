//! The categories, suppliers and sites that a file names and the company lacks.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use crate::Result;
use crate::catalog::import::lifecycle::ImportId;

/// Creates the references that a column of the staged products names and a table lacks.
macro_rules! create_missing {
    ($conn:expr, $company:expr, $import:expr, $column:literal => $table:literal) => {{
        let names = sqlx::query_scalar!(
            "select distinct on (upper(btrim("
                + $column
                + "))) "
                + $column
                + r#" as "name!"
             from staging.product_lines
             where import_id = $2 and "#
                + $column
                + " is not null
               and not exists (
                 select from "
                + $table
                + " r
                 where r.company_id = $1 and r.name_key = upper(btrim("
                + $column
                + ")))",
            $company.0,
            $import.0,
        )
        .fetch_all(&mut *$conn)
        .await?;
        let ids: Vec<Uuid> = names.iter().map(|_| Uuid::now_v7()).collect();
        sqlx::query!(
            "insert into "
                + $table
                + " (company_id, id, name) select $1, u.id, u.name
             from unnest($2::uuid[], $3::text[]) as u (id, name)
             on conflict (company_id, name_key) do nothing",
            $company.0,
            &ids,
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
    let names = sqlx::query_scalar!(
        r#"select distinct on (upper(btrim(l.site))) l.site as "name!"
           from (
             select site from staging.sale_lines where import_id = $2
             union all select site from staging.count_lines where import_id = $2
           ) l
           where l.site is not null and not exists (
             select from sites s
             where s.company_id = $1 and s.name_key = upper(btrim(l.site)))"#,
        company.0,
        import.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    let ids: Vec<Uuid> = names.iter().map(|_| Uuid::now_v7()).collect();
    sqlx::query!(
        "insert into sites (company_id, id, name) select $1, u.id, u.name
         from unnest($2::uuid[], $3::text[]) as u (id, name)
         on conflict (company_id, name_key) do nothing",
        company.0,
        &ids,
        &names,
    )
    .execute(conn)
    .await?;
    Ok(())
}

//! The categories and suppliers that a products file names and the company lacks.

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

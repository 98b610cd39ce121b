//! The categories and suppliers that a products file names and the company lacks.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use crate::Result;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::{CategoryId, SupplierId};

/// Creates the missing categories and suppliers of the staged products.
pub async fn create_missing_references(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<()> {
    create_categories(&mut *conn, company, import).await?;
    create_suppliers(conn, company, import).await
}

async fn create_categories(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<()> {
    let names = sqlx::query_scalar!(
        r#"select distinct on (upper(btrim(category))) category as "name!"
           from staging.product_lines
           where import_id = $2 and category is not null
             and not exists (
               select from categories c
               where c.company_id = $1 and c.name_key = upper(btrim(category)))"#,
        company.0,
        import.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    let ids: Vec<Uuid> = names.iter().map(|_| CategoryId::new().0).collect();
    sqlx::query!(
        "insert into categories (company_id, id, name) select $1, u.id, u.name
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

async fn create_suppliers(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<()> {
    let names = sqlx::query_scalar!(
        r#"select distinct on (upper(btrim(supplier))) supplier as "name!"
           from staging.product_lines
           where import_id = $2 and supplier is not null
             and not exists (
               select from suppliers s
               where s.company_id = $1 and s.name_key = upper(btrim(supplier)))"#,
        company.0,
        import.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    let ids: Vec<Uuid> = names.iter().map(|_| SupplierId::new().0).collect();
    sqlx::query!(
        "insert into suppliers (company_id, id, name) select $1, u.id, u.name
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

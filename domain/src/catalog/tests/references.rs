//! What a sale names exists in its company and stays, as under a foreign key.

use platform::db::Tx;
use platform::ids::Uuid;

use super::{Shop, add_company};

/// Inserts a sale by statement, past the rules of the area.
async fn insert_sale(tx: &mut Tx, shop: &Shop, names: [Option<Uuid>; 3]) -> sqlx::Result<Uuid> {
    let [product, customer, site] = names;
    sqlx::query_scalar!(
        "insert into sales (company_id, id, sold_at, day, product_id, customer_id, site_id,
           quantity, unit_price, amount, currency)
         values ($1, gen_random_uuid(), engine_now(), '2024-05-02', $2, $3, $4, 1, 1, 1, 'XOF')
         returning id",
        shop.company.0,
        product,
        customer,
        site,
    )
    .fetch_one(&mut **tx)
    .await
}

async fn delete(tx: &mut Tx, table: &str, id: Uuid) -> sqlx::Result<u64> {
    let statement = format!("delete from {table} where id = '{id}'");
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected())
}

async fn give_up_locks_at_once(tx: &mut Tx) {
    sqlx::raw_sql("set local lock_timeout = '20ms'")
        .execute(&mut **tx)
        .await
        .unwrap();
}

fn code<T: std::fmt::Debug>(outcome: sqlx::Result<T>) -> String {
    let refused = outcome.unwrap_err();
    let cause = refused.as_database_error().and_then(|cause| cause.code());
    cause.expect("the database refuses").into_owned()
}

const FOREIGN_KEY_VIOLATION: &str = "23503";
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// A product, a customer and a site of a company, by table.
async fn create_all(shop: &Shop) -> [(&'static str, Uuid); 3] {
    let product = shop.create_product("a").await.id.0;
    shop.create_customer("c").await;
    let mut owner = shop.test.owner().await;
    let customer = sqlx::query_scalar!(
        "select id from customers where company_id = $1",
        shop.company.0
    );
    let customer = customer.fetch_one(&mut owner).await.unwrap();
    let site = sqlx::query_scalar!(
        "insert into sites (company_id, id, name, name_key)
         values ($1, gen_random_uuid(), 'Dakar', 'DAKAR') returning id",
        shop.company.0,
    );
    let site = site.fetch_one(&mut owner).await.unwrap();
    [
        ("products", product),
        ("customers", customer),
        ("sites", site),
    ]
}

#[tokio::test]
async fn a_sale_names_only_what_its_company_has() {
    let shop = Shop::open().await;
    let own = create_all(&shop).await.map(|(_, id)| Some(id));
    let company = add_company(&shop.test).await;
    let other = Shop { company, ..shop };
    let foreign = create_all(&other).await.map(|(_, id)| Some(id));
    for place in 0..3 {
        for unknown in [own[place], Some(Uuid::now_v7())] {
            let mut names = foreign;
            names[place] = unknown;
            let mut tx = other.begin().await;
            assert_eq!(
                code(insert_sale(&mut tx, &other, names).await),
                FOREIGN_KEY_VIOLATION
            );
        }
    }
    let mut tx = other.begin().await;
    let sale = insert_sale(&mut tx, &other, foreign).await.unwrap();
    let moved = sqlx::query!(
        "update sales set product_id = $2 where id = $1",
        sale,
        own[0]
    );
    assert_eq!(code(moved.execute(&mut *tx).await), FOREIGN_KEY_VIOLATION);
}

#[tokio::test]
async fn what_a_sale_names_is_not_deleted_at_the_same_moment_or_later() {
    let mut shop = Shop::open().await;
    for place in 0..3 {
        shop.company = add_company(&shop.test).await;
        let all = create_all(&shop).await;
        let names = all.map(|(_, id)| Some(id));
        let (table, id) = all[place];
        // The deletion comes first.
        let mut deleting = shop.begin().await;
        assert_eq!(delete(&mut deleting, table, id).await.unwrap(), 1);
        let mut selling = shop.begin().await;
        give_up_locks_at_once(&mut selling).await;
        assert_eq!(
            code(insert_sale(&mut selling, &shop, names).await),
            LOCK_NOT_AVAILABLE
        );
        // The sale comes first.
        drop((deleting, selling));
        let mut selling = shop.begin().await;
        insert_sale(&mut selling, &shop, names).await.unwrap();
        let mut deleting = shop.begin().await;
        give_up_locks_at_once(&mut deleting).await;
        assert_eq!(
            code(delete(&mut deleting, table, id).await),
            LOCK_NOT_AVAILABLE
        );
        drop(deleting);
        selling.commit().await.unwrap();
        let mut deleting = shop.begin().await;
        assert_eq!(
            code(delete(&mut deleting, table, id).await),
            FOREIGN_KEY_VIOLATION
        );
    }
}

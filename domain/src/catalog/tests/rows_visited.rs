//! What one fact or one page costs does not grow with history: the rows that statements visit, over
//! ten years of a shop with a million sale lines.

use std::fmt::Debug;

use platform::db::Tx;
use platform::ids::Uuid;
use sqlx::PgConnection;

use super::{NOW, Shop, parse_json, parse_time};
use crate::catalog::{
    CreateMovement, CreateSale, CustomerId, FactPosition, ProductId, SaleFilter, SaleId,
    SaleStatus, cancel_sale, find_stock, list_ledger, list_sales, recompute_levels,
    record_movements, record_sales,
};

/// Facts that one act may visit.
const MAX_ROWS: i64 = 120;

/// Every second line is of the product `a`, sold to the customer without a name. One of its sales
/// in 500 came back. It was counted once, ten years ago, and has come in every half hour.
const HISTORY: &str = "
insert into products (company_id, id, sku, sku_key, name, currency)
  select $1, gen_random_uuid(), 'p' || n, 'p' || n, 'p', 'XOF' from generate_series(1, 999) n;
insert into customers (company_id, id, external_ref)
  select $1, gen_random_uuid(), 'c' || n from generate_series(1, 1999) n;
insert into sales (company_id, id, sold_at, day, product_id, customer_id, quantity, unit_price,
    amount, currency, kind, netted_quantity, document)
  select $1, gen_random_uuid(), at, at::date, p.id, c.id, units, 100, 100 * units, 'XOF',
    case when units < 0 then 'return' else 'sale' end,
    case when n % 1000 in (0, 998) then units else 0 end, 'T-' || n / 3
  from (
    select n, timestamptz '2014-06-01 UTC' + n * interval '315 seconds' as at,
      case when n % 1000 = 0 then -1 else 1 end as units,
      case when n % 2 = 0 then 'a' else 'p' || 1 + n % 999 end as sku_key,
      case when n % 4 = 3 then 'c' || 1 + n % 1999 else 'walk-in' end as customer
    from generate_series(1, 1000000) n
  ) line
  join products p on p.company_id = $1 and p.sku_key = line.sku_key
  join customers c on c.company_id = $1 and c.external_ref = line.customer;
insert into stock_movements (company_id, id, at, day, product_id, kind, quantity)
  select $1, gen_random_uuid(), at, at::date, p.id, case when n = 0 then 'count' else 'entry' end,
    3
  from (
    select n, timestamptz '2014-06-01 UTC' + n * interval '30 minutes' as at
    from generate_series(0, 170000) n
  ) line
  join products p on p.company_id = $1 and p.sku_key = 'a';
";

struct OldShop {
    shop: Shop,
    product: ProductId,
    customer: CustomerId,
}

impl OldShop {
    async fn open() -> Self {
        let shop = Shop::open().await;
        let product = shop.create_product("a").await.id;
        shop.create_customer("walk-in").await;
        let mut owner = shop.test.owner().await;
        write_history(&shop, &mut owner).await;
        let customer = sqlx::query_scalar!(
            r#"select id as "id: CustomerId" from customers where external_ref = 'walk-in'"#
        )
        .fetch_one(&mut owner)
        .await
        .unwrap();
        let mut tx = shop.begin().await;
        recompute_levels(&mut tx, shop.company, &[product.0])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        Self {
            shop,
            product,
            customer,
        }
    }

    /// Panics if `act` fails or visits more rows than it may. Nothing of it stays.
    async fn expect_few_rows<T: Debug>(
        &self,
        name: &str,
        act: impl AsyncFnOnce(&mut Tx) -> crate::Result<T>,
    ) {
        let mut tx = self.shop.begin().await;
        // An index-only scan would hide what it reads.
        sqlx::raw_sql("set local enable_indexonlyscan = off")
            .execute(&mut *tx)
            .await
            .unwrap();
        let before = count_visited(&mut tx).await;
        act(&mut tx).await.unwrap();
        let visited = count_visited(&mut tx).await - before;
        assert!(visited <= MAX_ROWS, "{name} visits {visited} rows");
    }

    async fn sell(&self, name: &str, line: &str) {
        let line: CreateSale = parse_json(&format!(r#"{{"sku": "a", {line}}}"#));
        let (zone, now) = (chrono_tz::Africa::Dakar, parse_time(NOW));
        self.expect_few_rows(name, async |tx| {
            record_sales(tx, self.shop.company, zone, &[line], now).await
        })
        .await;
    }

    async fn move_stock(&self, name: &str, movement: &str) {
        let movement: CreateMovement = parse_json(&format!(r#"{{"sku": "a", {movement}}}"#));
        self.expect_few_rows(name, async |tx| {
            record_movements(tx, self.shop.company, &[movement], parse_time(NOW)).await
        })
        .await;
    }

    /// Finds the line of the product `a` that was sold or came back at this place of the history.
    async fn find_line(&self, n: i32) -> SaleId {
        sqlx::query_scalar!(
            r#"select id as "id: SaleId" from sales
               where sold_at = timestamptz '2014-06-01 UTC' + $1::int * interval '315 seconds'"#,
            n,
        )
        .fetch_one(&mut self.shop.test.owner().await)
        .await
        .unwrap()
    }
}

async fn write_history(shop: &Shop, owner: &mut PgConnection) {
    // Foreign keys aren't checked line by line.
    sqlx::raw_sql("set session_replication_role = replica")
        .execute(&mut *owner)
        .await
        .unwrap();
    for statement in HISTORY.split_inclusive(";\n") {
        let statement = statement.replace("$1", &format!("'{}'", shop.company));
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(&mut *owner)
            .await
            .unwrap();
    }
    sqlx::raw_sql("set session_replication_role = origin; analyze")
        .execute(owner)
        .await
        .unwrap();
}

async fn count_visited(tx: &mut Tx) -> i64 {
    sqlx::query_scalar!(
        r#"select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int8 as "rows!"
           from pg_stat_xact_user_tables 
           where relname in ('sales', 'stock_movements', 'stock_levels')"#
    )
    .fetch_one(&mut **tx)
    .await
    .unwrap()
}

#[tokio::test]
async fn one_fact_visits_few_rows_of_a_million() {
    let old = OldShop::open().await;
    let company = old.shop.company;
    let walk_in = r#""quantity": 1, "customer_ref": "walk-in""#;
    old.sell("a sale", walk_in).await;
    let years_ago = format!(r#"{walk_in}, "sold_at": "2019-03-03T10:00:00Z""#);
    old.sell("a sale of five years ago", &years_ago).await;
    let returned = format!(r#"{walk_in}, "kind": "return""#);
    old.sell("a return", &returned).await;
    let returned = format!(r#"{years_ago}, "kind": "return""#);
    old.sell("a return of five years ago", &returned).await;
    let unsold = r#""quantity": 7, "customer_ref": "walk-in", "kind": "return""#;
    old.sell("a return of what nobody bought", unsold).await;
    for kind in ["entry", "exit", "return", "adjustment", "count"] {
        old.move_stock(kind, &format!(r#""kind": "{kind}", "quantity": 2"#))
            .await;
    }
    for (name, n) in [
        ("cancelling a sale of today", 999_994),
        ("cancelling a return", 900_000),
        ("cancelling a sale of five years ago", 500_002),
        ("cancelling a sale that seems to have come back", 500_998),
    ] {
        let id = old.find_line(n).await;
        old.expect_few_rows(name, async |tx| {
            cancel_sale(tx, company, id, parse_time(NOW)).await
        })
        .await;
    }
    old.expect_few_rows("the stock of a product", async |tx| {
        find_stock(tx, company, old.product).await
    })
    .await;
    pages_visit_few_rows(&old).await;
}

#[expect(
    clippy::too_many_lines,
    reason = "a table of filters, one line each but for its layout"
)]
async fn pages_visit_few_rows(old: &OldShop) {
    let all = SaleFilter::default;
    let (product_id, customer_id) = (Some(old.product), Some(old.customer));
    let day = "2019-03-03".parse().ok();
    let middle = Some(FactPosition {
        day: day.unwrap(),
        id: Uuid::max(),
    });
    let filters = [
        all(),
        SaleFilter {
            from: day,
            to: day,
            ..all()
        },
        SaleFilter {
            product_id,
            ..all()
        },
        SaleFilter {
            product_id,
            to: day,
            ..all()
        },
        SaleFilter {
            customer_id,
            ..all()
        },
        SaleFilter {
            customer_id,
            product_id,
            ..all()
        },
        SaleFilter {
            document: Some("T-77".to_owned()),
            ..all()
        },
        SaleFilter {
            status: Some(SaleStatus::Cancelled),
            ..all()
        },
        SaleFilter {
            status: Some(SaleStatus::Pending),
            ..all()
        },
    ];
    // Repeated, because a statement that is used often may get a plan for any values.
    for filter in filters.iter().flat_map(|filter| [filter; 7]) {
        for after in [None, middle] {
            let name = format!("a page of {filter:?} after {after:?}");
            old.expect_few_rows(&name, async |tx| {
                list_sales(tx, old.shop.company, filter, after, 51).await
            })
            .await;
        }
    }
    for product in [None, product_id] {
        for after in [None, middle] {
            old.expect_few_rows("a page of the ledger", async |tx| {
                list_ledger(tx, old.shop.company, product, after, 51).await
            })
            .await;
        }
    }
}

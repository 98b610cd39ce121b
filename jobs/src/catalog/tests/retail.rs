//! The Online Retail file. A few lines of SQL, which share nothing with the import, count its
//! figures independently.

#![expect(
    clippy::disallowed_methods,
    reason = "the independent count has its own tables"
)]

use std::io::Cursor;

use domain::catalog::import::{
    self, Context, Detection, ImplausibleValues, Import, Kind, NumericCodes, Options, State,
    WarningCode,
};
use domain::identity::Language;
use sqlx::PgConnection;
use testing::data_set;

use super::shop::Shop;

const OPTIONS: &str = r#"{
    "mapping": {"document": "InvoiceNo", "sku": "StockCode", "name": "Description",
                "quantity": "Quantity", "date": "InvoiceDate", "unit_price": "UnitPrice",
                "customer": "CustomerID", "country": "Country"},
    "cancellation_prefix": "C", "negative_prices": "reject"
}"#;

fn retail_file() -> Option<Vec<u8>> {
    data_set("online_retail_2010_2011.csv.gz")
}

/// The file as text, in its own table.
async fn stage_independently(owner: &mut PgConnection, file: &[u8]) {
    sqlx::raw_sql(
        "create table raw (line int generated always as identity, invoice text, code text,
           description text, quantity int, at timestamp, price numeric, customer text,
           country text)",
    )
    .execute(&mut *owner)
    .await
    .unwrap();
    let statement = "copy raw (invoice, code, description, quantity, at, price, customer, country)
        from stdin (format csv, header)";
    let mut copy = owner.copy_in_raw(statement).await.unwrap();
    copy.send(file).await.unwrap();
    copy.finish().await.unwrap();
}

async fn count_rows(owner: &mut PgConnection, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(owner).await.unwrap()
}

/// Finds for each cancellation, in order of time, the latest earlier sale of its customer, code and
/// quantity that no other cancellation has. `stacks` counts the sales that are left.
const NETTED: &str = "do $$
    declare r record; stacks jsonb := '{}'; k text; height int; pairs int := 0; five int := 0;
    begin
      for r in select invoice, upper(trim(code)) as code, quantity, customer from raw
               where customer is not null and (quantity > 0 or invoice like 'C%')
                 and (customer, upper(trim(code)), abs(quantity)) in (
                   select customer, upper(trim(code)), -quantity from raw
                   where invoice like 'C%' and customer is not null)
               order by at, quantity < 0, line
      loop
        k := r.customer || '/' || r.code || '/' || abs(r.quantity);
        height := coalesce((stacks ->> k)::int, 0);
        if r.quantity > 0 then
          stacks := jsonb_set(stacks, array[k], to_jsonb(height + 1));
        elsif height > 0 then
          stacks := jsonb_set(stacks, array[k], to_jsonb(height - 1));
          pairs := pairs + 1;
          five := five + (r.code ~ '^[0-9]{5}')::int;
        end if;
      end loop;
      create table netted as select pairs, five;
    end $$";

/// Lines of more than a hundred times the geometric mean of the other sales of their code.
const ABSURD: &str = "select count(*) from raw r join (
      select upper(trim(code)) as code, sum(ln(quantity)) as logs, count(*) as sales from raw
      where quantity > 0 and price >= 0 group by 1
    ) h on h.code = upper(trim(r.code))
    where r.price >= 0 and abs(r.quantity) >= 100 and h.sales - (r.quantity > 0)::int >= 10
      and abs(r.quantity) > 100 * exp(
        (h.logs - case when r.quantity > 0 then ln(r.quantity) else 0 end)
        / (h.sales - (r.quantity > 0)::int))";

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one scenario, read from top to bottom"
)]
async fn the_figures_of_the_retail_file_are_those_counted_independently() {
    let Some(file) = retail_file() else { return };
    let shop = Shop::open().await;
    let import = shop.import(Kind::Sales, OPTIONS, &file).await;
    assert_eq!(import.state, State::Succeeded, "{:?}", import.error_message);
    let mut owner = shop.db.owner().await;
    let raw = &mut owner;
    stage_independently(raw, &file).await;
    let lines = count_rows(raw, "select count(*) from raw").await;
    let negative_prices = count_rows(raw, "select count(*) from raw where price < 0").await;
    assert_eq!((lines, negative_prices), (541_909, 2));
    assert_eq!(
        (import.rows_total, import.rows_rejected),
        (lines, negative_prices)
    );
    assert_eq!(import.rows_imported, lines - negative_prices);
    let cancellations = count_rows(raw, "select count(*) from raw where invoice like 'C%'").await;
    let adjustments = count_rows(
        raw,
        "select count(*) from raw where quantity < 0 and price = 0",
    )
    .await;
    assert_eq!((cancellations, adjustments), (9_288, 1_336));
    let totals = &import.totals;
    assert_eq!(
        (totals.cancellations, totals.adjustments),
        (cancellations.unsigned_abs(), adjustments.unsigned_abs())
    );
    let products = count_rows(
        raw,
        "select count(distinct upper(trim(code))) from raw where price >= 0",
    )
    .await;
    let codes = count_rows(raw, "select count(distinct code) from raw").await;
    assert_eq!((codes, products), (4_070, 3_958));
    let customers = count_rows(raw, "select count(distinct customer) from raw").await;
    assert_eq!(
        (totals.products_created, totals.customers_created),
        (products.unsigned_abs(), customers.unsigned_abs())
    );
    assert_eq!(
        count_rows(raw, "select count(*) from products").await,
        products
    );
    sqlx::raw_sql(NETTED).execute(&mut *raw).await.unwrap();
    let (pairs, five): (i32, i32) = sqlx::query_as("select pairs, five from netted")
        .fetch_one(&mut *raw)
        .await
        .unwrap();
    assert_eq!((pairs, five), (2_899, 2_835));
    assert_eq!(totals.netted, u64::from(pairs.unsigned_abs()));
    let ours = "select count(*) from sales s join products p on p.id = s.product_id
                where s.kind = 'cancellation' and s.netted_quantity = s.quantity
                 and p.sku ~ '^[0-9]{5}'";
    assert_eq!(count_rows(raw, ours).await, i64::from(five));
    let undone = "select count(*) from sales where kind = 'sale' and netted_quantity = quantity";
    assert_eq!(count_rows(raw, undone).await, i64::from(pairs));
    let differing = "select count(*) from (
          select invoice, upper(trim(code)), quantity, price, at at time zone 'Europe/London',
            round(quantity * price, 2)
          from raw where price >= 0
          except all
          select s.document, upper(p.sku), s.quantity, s.unit_price, s.sold_at, s.amount
          from sales s join products p on p.id = s.product_id) d";
    assert_eq!(
        count_rows(raw, differing).await,
        0,
        "every line is in the books as it stands in the file"
    );
    let absurd = count_rows(raw, ABSURD).await;
    assert!(
        absurd > 2,
        "the two orders of 74,215 and 80,995 and what undoes them, at least"
    );
    let warned = import
        .warnings
        .iter()
        .find(|warning| warning.code == WarningCode::AbsurdQuantities);
    assert_eq!(
        warned.map(|warning| warning.rows),
        Some(absurd.unsigned_abs())
    );
    send_again(&shop, &import, &file).await;
}

/// Every line is looked up again: the first import rejected some, so that it isn't a repetition.
async fn send_again(shop: &Shop, first: &Import, file: &[u8]) {
    let mut owner = shop.db.owner().await;
    let before = list_books(&mut owner).await;
    let again = shop.import(Kind::Sales, OPTIONS, file).await;
    assert_eq!(
        (
            again.rows_imported,
            again.rows_updated,
            again.rows_unchanged
        ),
        (0, 0, first.rows_imported)
    );
    assert_eq!(list_books(&mut owner).await, before);
    assert_eq!(shop.revert(first.id).await, State::Reverted);
    let left = "select (select count(*) from sales) + (select count(*) from products)
                  + (select count(*) from stock_levels) + (select count(*) from demand)";
    assert_eq!(count_rows(&mut owner, left).await, 0);
}

/// A fingerprint of each table that imports write to.
async fn list_books(owner: &mut PgConnection) -> Vec<Option<String>> {
    sqlx::query_scalar(
        "select md5(string_agg(md5(t::text), '' order by id)) from sales t
         union all select md5(string_agg(md5(t::text), '' order by id)) from products t
         union all select md5(string_agg(md5(t::text), '' order by id)) from customers t
         union all select md5(string_agg(md5(t::text), '' order by id)) from stock_movements t
         union all select md5(string_agg(md5(t::text), '' order by t::text)) from stock_levels t",
    )
    .fetch_all(owner)
    .await
    .unwrap()
}

#[test]
fn codes_that_are_no_products_are_ignored_where_the_options_name_them() {
    let Some(file) = retail_file() else { return };
    let mut options: Options = serde_json::from_str(OPTIONS).unwrap();
    options.ignore_codes = "POST,D,C2,DOT,M,BANK CHARGES,AMAZONFEE,S,B,PADS,CRUK,gift_0001_*"
        .split(',')
        .map(str::to_owned)
        .collect();
    let examined = import::examine_file(
        Cursor::new(&file),
        Kind::Sales,
        &options,
        NumericCodes::default(),
        Language::En,
    )
    .unwrap();
    let Detection::Ready(plan) = examined.detection else {
        panic!("questions: {examined:?}")
    };
    let context = Context {
        now: chrono::DateTime::UNIX_EPOCH,
        zone: "Europe/London".parse().unwrap(),
        currency: "GBP".into(),
        language: Language::En,
    };
    options.future_dates = ImplausibleValues::Warn;
    let totals = import::validate_rows(
        Cursor::new(&file),
        Kind::Sales,
        &options,
        &plan,
        &context,
        |_| {},
    )
    .unwrap();
    let ignored = csv::Reader::from_reader(file.as_slice())
        .records()
        .filter(|line| {
            let code = line.as_ref().unwrap()[1].trim().to_uppercase();
            code.starts_with("GIFT_0001_") || options.ignore_codes.contains(&code)
        })
        .count();
    assert_eq!(
        (totals.rows, totals.ignored, totals.rejected),
        (541_909, ignored as u64, 0)
    );
    assert_eq!(ignored, 2_950);
    assert_eq!((totals.cancellations, totals.adjustments), (8_704, 1_336));
}

//! Netting is a function of the lines. Whatever the order in which they are entered and cancelled,
//! it agrees with a recomputation in Rust.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{NOW, Shop, parse_time};
use crate::catalog::{SaleId, cancel_sale};
use platform::ids::Uuid;

/// A line of one unit of one customer and product.
#[derive(Debug, Clone)]
struct Line {
    /// Few days, so that lines often share one.
    day: u32,
    is_return: bool,
    is_cancelled: bool,
}

fn any_line() -> impl Strategy<Value = Line> {
    (
        1..9_u32,
        prop::bool::weighted(0.4),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(day, is_return, is_cancelled)| Line {
            day,
            is_return,
            is_cancelled,
        })
}

/// Returns which of `lines` (by day, sales before returns, then by id) have found their partner:
/// each return the latest earlier sale that is left.
fn pair_lines(lines: &[(Uuid, &Line)]) -> Vec<Uuid> {
    let mut ordered: Vec<_> = lines
        .iter()
        .filter(|(_, line)| !line.is_cancelled)
        .collect();
    ordered.sort_by_key(|(id, line)| (line.day, line.is_return, *id));
    let (mut stack, mut paired) = (Vec::new(), Vec::new());
    for (id, line) in ordered {
        if !line.is_return {
            stack.push(*id);
        } else if let Some(sale) = stack.pop() {
            paired.extend([*id, sale]);
        }
    }
    paired.sort_unstable();
    paired
}

/// Enters the lines one by one, and cancels each at once where it is to be cancelled and its sale
/// didn't come back. Returns the lines as they are in the end.
async fn enter_lines(shop: &Shop, customer: &str, lines: &[Line]) -> Vec<(Uuid, Line)> {
    let mut entered = Vec::new();
    for line in lines {
        let kind = if line.is_return { "return" } else { "sale" };
        let request = format!(
            r#""quantity": 1, "kind": "{kind}", "customer_ref": "{customer}",
               "sold_at": "2024-05-0{}T10:00:00Z""#,
            line.day
        );
        let id = shop.record_sales(&[&request]).await.unwrap().items[0].id;
        let is_cancelled = line.is_cancelled && cancel(shop, id).await;
        entered.push((
            id.0,
            Line {
                is_cancelled,
                ..line.clone()
            },
        ));
    }
    entered
}

/// Returns whether the sale could be cancelled.
async fn cancel(shop: &Shop, id: SaleId) -> bool {
    let mut tx = shop.begin().await;
    let cancelled = cancel_sale(&mut tx, shop.company, id, parse_time(NOW)).await;
    if cancelled.is_ok() {
        tx.commit().await.unwrap();
    }
    cancelled.is_ok()
}

#[test]
fn lines_in_any_order_are_netted_alike() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let shop = runtime.block_on(Shop::open());
    runtime.block_on(shop.create_product("a"));
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(48)
    });
    let outcome = runner.run(&prop::collection::vec(any_line(), 0..16), |lines| {
        runtime.block_on(async {
            let customer = Uuid::new_v4().to_string();
            shop.create_customer(&customer).await;
            let entered = enter_lines(&shop, &customer, &lines).await;
            let netted = sqlx::query_scalar!(
                "select s.id from sales s join customers c on c.id = s.customer_id
                 where c.external_ref = $1 and s.netted_quantity <> 0 order by s.id",
                customer
            )
            .fetch_all(&mut shop.test.owner().await)
            .await
            .unwrap();
            let entered: Vec<_> = entered.iter().map(|(id, line)| (*id, line)).collect();
            prop_assert_eq!(netted, pair_lines(&entered));
            Ok(())
        })
    });
    runtime.block_on(async { drop(shop) });
    outcome.unwrap();
}

//! Which sale a cancellation undoes, against a stack in a few lines of Rust.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::catalog::import::Kind;

use super::shop::Shop;

const HEADER: &str = "invoice,sku,quantity,price,date,customer\n";

/// A line as the files below write it: invoice, sku, quantity, day, customer.
type Line = (u32, u8, i32, u32, Option<u8>);

fn write(lines: &[Line]) -> String {
    let mut file = HEADER.to_owned();
    for (invoice, sku, quantity, day, customer) in lines {
        let customer = customer.map_or(String::new(), |c| format!("c{c}"));
        writeln!(
            file,
            "i{invoice},p{sku},{quantity},2,2026-01-{day:02},{customer}"
        )
        .unwrap();
    }
    file
}

/// Few products, customers, quantities and days, so that lines meet.
fn random_lines(seed: u64, count: u32) -> Vec<Line> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: u32| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(state >> 33).unwrap() % below
    };
    let line = |invoice| {
        let sku = u8::try_from(next(3)).unwrap();
        let size = i32::try_from(1 + next(2)).unwrap();
        let sign = if next(3) == 0 { -1 } else { 1 };
        let customer = u8::try_from(next(4)).unwrap();
        (
            invoice,
            sku,
            sign * size,
            1 + next(20),
            (customer < 3).then_some(customer),
        )
    };
    (0..count).map(line).collect()
}

/// How many returns find an earlier sale, by day; on one day sales come first.
fn netted_by_a_stack(lines: &[Line]) -> i64 {
    let mut lines: Vec<_> = lines.iter().filter(|l| l.4.is_some()).collect();
    lines.sort_by_key(|l| (l.3, l.2 < 0));
    let mut stacks: BTreeMap<(u8, i32, Option<u8>), i64> = BTreeMap::new();
    let mut netted = 0;
    for (_, sku, quantity, _, customer) in lines {
        let height = stacks.entry((*sku, quantity.abs(), *customer)).or_default();
        if *quantity > 0 {
            *height += 1;
        } else if *height > 0 {
            *height -= 1;
            netted += 1;
        }
    }
    netted
}

#[tokio::test]
async fn files_in_any_order_make_the_same_books_and_net_as_a_stack_does() {
    let shop = Shop::open().await;
    for seed in 0..6 {
        let lines = random_lines(seed, 90);
        let files: Vec<String> = lines.chunks(30).map(write).collect();
        let mut books = Vec::new();
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let shop = shop.for_company(shop.another_company().await);
            for place in order {
                shop.import(Kind::Sales, "{}", files[place].as_bytes())
                    .await;
            }
            books.push(shop.books(shop.company).await);
        }
        assert_eq!(books[0], books[1], "seed {seed}");
        assert_eq!(books[0], books[2], "seed {seed}");
        let netted = |sign: &str| {
            books[0]
                .iter()
                .filter(|l| l.split('|').rev().nth(1).unwrap().starts_with(sign))
                .count()
        };
        assert_eq!(
            i64::try_from(netted("-")).unwrap(),
            netted_by_a_stack(&lines),
            "seed {seed}"
        );
        assert_eq!(
            netted("1.") + netted("2."),
            netted("-"),
            "a pair has two ends, seed {seed}"
        );
    }
}

#[tokio::test]
async fn the_latest_earlier_sale_is_undone_and_blank_customers_never_match() {
    let shop = Shop::open().await;
    let lines = [
        (1, 0, 5, 1, Some(1)),
        (2, 0, 5, 2, Some(1)),
        (3, 0, -5, 3, Some(1)),
        (4, 0, 5, 4, Some(1)),
        (5, 0, 7, 1, None),
        (6, 0, -7, 2, None),
        (7, 0, -9, 1, Some(1)),
        (8, 0, 9, 2, Some(1)),
    ];
    let import = shop
        .import(Kind::Sales, "{}", write(&lines).as_bytes())
        .await;
    assert_eq!(import.totals.netted, 1);
    let rows = sqlx::query!(
        "select document, netted_quantity from sales where netted_quantity <> 0 order by document"
    );
    let rows = rows.fetch_all(&mut shop.db.owner().await).await.unwrap();
    let netted: Vec<_> = rows
        .into_iter()
        .map(|r| format!("{} {}", r.document.unwrap(), r.netted_quantity.normalize()))
        .collect();
    assert_eq!(netted, ["i2 5", "i3 -5"]);
}

#[tokio::test]
async fn a_corrected_line_lets_go_of_what_it_undid() {
    let shop = Shop::open().await;
    let lines = [(1, 0, 5, 1, Some(1)), (2, 0, -5, 2, Some(1))];
    shop.import(Kind::Sales, "{}", write(&lines).as_bytes())
        .await;
    for corrected in [
        [(1, 0, 6, 1, Some(1)), lines[1]],
        [lines[0], (2, 0, -4, 2, Some(1))],
    ] {
        let import = shop
            .import(Kind::Sales, "{}", write(&corrected).as_bytes())
            .await;
        assert_eq!(import.totals.netted, 0);
        let left = sqlx::query_scalar!("select count(*) from sales where netted_quantity <> 0");
        assert_eq!(
            left.fetch_one(&mut shop.db.owner().await).await.unwrap(),
            Some(0)
        );
        let import = shop
            .import(Kind::Sales, "{}", write(&lines).as_bytes())
            .await;
        assert_eq!(import.totals.netted, 1);
    }
}

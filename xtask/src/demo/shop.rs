//! Eighteen months of a shop in Dakar, as the three files that its owner would import. The last day
//! determines every byte.

use std::fmt::Write as _;

use super::calendar::Day;
use super::catalogue::{self, Product};
use super::numbers::Numbers;

/// Days of history, the last one included: 18 months.
const HISTORY_DAYS: i64 = 548;
/// Relative demand from Monday to Sunday, around 1.
const WEEKDAY_DEMAND: [f64; 7] = [0.9, 0.9, 0.95, 1.0, 1.15, 1.5, 0.6];
/// (month, day) on which the shop is closed.
const CLOSED_DAYS: [(i64, i64); 4] = [(1, 1), (4, 4), (5, 1), (12, 25)];

/// The CSV files.
pub(super) struct Files {
    pub(super) products: String,
    pub(super) sales: String,
    pub(super) stock_counts: String,
}

/// Generates the shop's files up to and including `last_day`.
pub(super) fn generate_files(last_day: Day) -> Files {
    let products = catalogue::generate_products();
    Files {
        products: products_file(&products),
        sales: sales_file(&products, last_day),
        stock_counts: stock_counts_file(&products, last_day),
    }
}

fn products_file(products: &[Product]) -> String {
    let mut text = String::from(
        "sku,name,category,supplier,lead_time_days,unit,purchase_price,sale_price,min_stock,\
         minimum_order_quantity\n",
    );
    for product in products {
        let lead = f64::from(product.supplier.lead_time_days);
        // Two thirds of the demand during the lead time, as owners estimate it.
        let min_stock = (product.rate * lead * 0.66).ceil().max(1.0);
        let order = if product.rate > 2.0 { 12 } else { 1 };
        writeln!(
            text,
            "{},{},{},{},{},unit,{},{},{min_stock},{order}",
            product.sku,
            product.name,
            product.family.category,
            product.supplier.name,
            product.supplier.lead_time_days,
            product.purchase_price,
            product.sale_price,
        )
        .ok();
    }
    text
}

/// One line per product and day with sales, as a till prints them at closing time.
fn sales_file(products: &[Product], last_day: Day) -> String {
    let mut numbers = Numbers::from_seed(0x5e1e_4a11);
    let mut text = String::from("document,date,sku,quantity,unit_price\n");
    for age in (0..HISTORY_DAYS).rev() {
        let day = last_day.plus_days(-age);
        let (_, month, day_of_month) = day.civil_date();
        if CLOSED_DAYS.contains(&(month, day_of_month)) {
            continue;
        }
        let month = usize::try_from(month - 1).unwrap_or_default();
        for product in products {
            let mean = product.rate
                * WEEKDAY_DEMAND[day.day_of_week()]
                * product.family.month_demand[month];
            let visits = numbers.draw_poisson(mean / product.units_per_sale);
            let quantity: u32 = (0..visits)
                .map(|_| 1 + numbers.draw_poisson(product.units_per_sale - 1.0))
                .sum();
            if quantity > 0 {
                writeln!(
                    text,
                    "Z-{day},{day},{},{quantity},{}",
                    product.sku, product.sale_price
                )
                .ok();
            }
        }
    }
    text
}

/// The count after closing on the last day. Most products are in stock. Some are out of stock, some
/// are low, and some run out before an order of today could arrive.
fn stock_counts_file(products: &[Product], last_day: Day) -> String {
    let mut numbers = Numbers::from_seed(0xc0_0417);
    let mut text = String::from("sku,quantity,date\n");
    for product in products {
        let lead = f64::from(product.supplier.lead_time_days);
        let lead_demand = product.rate * lead;
        let level = match numbers.draw_unit() {
            draw if draw < 0.04 => 0.0,
            draw if draw < 0.10 => lead_demand * 0.35,
            draw if draw < 0.16 => lead_demand * 0.8,
            _ => {
                lead_demand * numbers.draw_between(1.8, 3.0)
                    + product.rate * numbers.draw_between(10.0, 40.0)
                    + 2.0
            }
        };
        writeln!(
            text,
            "{},{},{last_day} 22:00:00",
            product.sku,
            level.round()
        )
        .ok();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const LAST: Day = Day(20_453);

    fn cell_column(text: &str, index: usize) -> Vec<&str> {
        text.lines()
            .skip(1)
            .map(|line| line.split(',').nth(index).unwrap())
            .collect()
    }

    #[test]
    fn the_same_day_produces_the_same_files() {
        let (one, other) = (generate_files(LAST), generate_files(LAST));
        assert_eq!(
            (one.products, one.sales, one.stock_counts),
            (other.products, other.sales, other.stock_counts)
        );
    }

    #[test]
    fn about_three_hundred_products_each_counted_once() {
        let files = generate_files(LAST);
        let skus: BTreeSet<&str> = cell_column(&files.products, 0).into_iter().collect();
        assert_eq!(skus.len(), cell_column(&files.products, 0).len());
        assert!((280..=320).contains(&skus.len()), "{}", skus.len());
        assert_eq!(
            cell_column(&files.stock_counts, 0)
                .into_iter()
                .collect::<BTreeSet<_>>(),
            skus
        );
        assert!(
            cell_column(&files.sales, 2)
                .into_iter()
                .all(|sku| skus.contains(sku))
        );
    }

    #[test]
    fn every_line_has_the_columns_of_its_header() {
        let files = generate_files(LAST);
        for text in [files.products, files.sales, files.stock_counts] {
            let columns = text.lines().next().unwrap().split(',').count();
            assert!(
                text.lines()
                    .all(|line| line.split(',').count() == columns && !line.contains('"'))
            );
        }
    }

    #[test]
    fn sales_reach_from_eighteen_months_ago_to_the_last_day_and_skip_closed_days() {
        let files = generate_files(LAST);
        let days: BTreeSet<&str> = cell_column(&files.sales, 1).into_iter().collect();
        assert_eq!(
            days.first().copied(),
            Some(LAST.plus_days(1 - HISTORY_DAYS).to_string().as_str())
        );
        assert_eq!(days.last().copied(), Some(LAST.to_string().as_str()));
        assert!(!days.contains("2025-05-01"));
    }

    #[test]
    fn saturdays_sell_more_than_sundays_and_school_returns_in_october() {
        let files = generate_files(LAST);
        let total = |keep: &dyn Fn(&str, &str) -> bool| -> u64 {
            let lines = files
                .sales
                .lines()
                .skip(1)
                .map(|line| line.split(',').collect::<Vec<_>>());
            lines
                .filter(|cells| keep(cells[1], cells[2]))
                .map(|cells| cells[3].parse::<u64>().unwrap())
                .sum()
        };
        // 2025-12-27 was a Saturday.
        assert!(total(&|day, _| day == "2025-12-27") > total(&|day, _| day == "2025-12-28"));
        let school =
            |month: &str| total(&|day, sku| day.starts_with(month) && sku.starts_with("PAP"));
        assert!(school("2025-10") > 2 * school("2025-06"));
    }

    #[test]
    fn some_products_have_run_out_and_most_have_not() {
        let files = generate_files(LAST);
        let levels: Vec<u64> = cell_column(&files.stock_counts, 1)
            .into_iter()
            .map(|q| q.parse().unwrap())
            .collect();
        let empty = levels.iter().filter(|level| **level == 0).count();
        assert!((5..=60).contains(&empty), "{empty} of {}", levels.len());
    }
}

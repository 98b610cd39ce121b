//! The forecasts against measured figures on real sales. They equal the reference implementation
//! where the method is the same, and are not worse than the bar where the method is ours.

use chrono::NaiveDate;
use testing::data_set;

use super::rate::{TSB_SMOOTHING, estimate_tsb, mean_weekdays};
use super::{Class, Demand, History, Rate, UnitDemand};

const HELD_OUT_DAYS: usize = 28;

struct DataSet {
    series: Vec<Vec<f64>>,
    last_day: NaiveDate,
}

/// Reads a wide file (one line per product, one column per day). Returns `None` where the data sets
/// are not installed.
fn read_data_set(file: &str) -> Option<DataSet> {
    let text = String::from_utf8(data_set(file)?).unwrap();
    let mut lines = text.lines();
    let last_day = lines
        .next()
        .unwrap()
        .rsplit(',')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let series = lines
        .map(|line| {
            line.split(',')
                .skip(1)
                .map(|v| v.parse().unwrap())
                .collect()
        })
        .collect();
    Some(DataSet { series, last_day })
}

/// Averages over the series, scaled as the usual metrics of that name are.
#[derive(Default, Debug)]
struct Score {
    mase: f64,
    rmsse: f64,
    wape28: f64,
}

type Forecast = fn(&History) -> Rate;

fn score_forecast(data: &DataSet, train_days: usize, forecast: Forecast) -> Score {
    let train_end = data.last_day - chrono::Days::new(HELD_OUT_DAYS as u64);
    let (mut total, mut missed) = (0.0, 0.0);
    let mut score = Score::default();
    for series in &data.series {
        let (past, future) = series.split_at(series.len() - HELD_OUT_DAYS);
        let history =
            History::from_days(&past[past.len() - train_days.min(past.len())..], train_end)
                .unwrap();
        let rate = forecast(&history);
        let errors: Vec<f64> = (0..HELD_OUT_DAYS)
            .map(|i| rate.by_weekday[(history.weekday_back(0) + 1 + i) % 7] - future[i])
            .collect();
        let days = HELD_OUT_DAYS as f64;
        let absolute = errors.iter().map(|e| e.abs()).sum::<f64>() / days;
        let squared = errors.iter().map(|e| e * e).sum::<f64>() / days;
        score.mase += absolute / mean_step(history.units(), 7, f64::abs);
        score.rmsse += (squared / mean_step(history.units(), 1, |e| e * e)).sqrt();
        missed += errors.iter().sum::<f64>().abs();
        total += future.iter().sum::<f64>();
    }
    let count = data.series.len() as f64;
    Score {
        mase: score.mase / count,
        rmsse: score.rmsse / count,
        wape28: missed / total,
    }
}

fn mean_step(units: &[f64], lag: usize, size: fn(f64) -> f64) -> f64 {
    let steps = units.len() - lag;
    (0..steps)
        .map(|i| size(units[i + lag] - units[i]))
        .sum::<f64>()
        / steps as f64
}

fn tsb_rate(history: &History) -> Rate {
    Rate {
        by_weekday: [estimate_tsb(history.units(), TSB_SMOOTHING); 7],
    }
}

fn weekday_rate(history: &History) -> Rate {
    Rate {
        by_weekday: mean_weekdays(history),
    }
}

#[track_caller]
fn assert_rounds_to(value: f64, figure: f64, digits: i32) {
    let scale = 10_f64.powi(digits);
    assert_eq!(
        (value * scale).round() / scale,
        figure,
        "{value} is not {figure}"
    );
}

#[test]
fn point_forecasts_on_retail_data_equal_the_measured_figures() {
    let Some(data) = read_data_set("online_retail_daily_demand.csv.gz") else {
        return;
    };
    let reference = score_forecast(&data, 346, tsb_rate);
    assert_rounds_to(reference.rmsse, 0.8764, 4);
    assert_rounds_to(reference.mase, 1.418, 3);
    assert_rounds_to(reference.wape28, 0.438, 3);
    let weekly = score_forecast(&data, 346, weekday_rate);
    assert_rounds_to(weekly.mase, 1.374, 3);
    assert_rounds_to(weekly.rmsse, 0.938, 3);
    assert_rounds_to(weekly.wape28, 0.436, 3);
    let ours = score_forecast(&data, 346, Rate::from_history);
    assert_rounds_to(ours.mase, 1.371, 3);
    assert_rounds_to(ours.rmsse, 0.884, 3);
    assert_rounds_to(ours.wape28, 0.426, 3);
}

#[test]
fn point_forecasts_on_m5_equal_the_measured_figures() {
    let Some(data) = read_data_set("m5tiny_daily_wide.csv.gz") else {
        return;
    };
    let reference = score_forecast(&data, 730, tsb_rate);
    assert_rounds_to(reference.mase, 1.029, 3);
    assert_rounds_to(reference.rmsse, 0.804, 3);
    assert_rounds_to(reference.wape28, 0.229, 3);
    let ours = score_forecast(&data, 730, Rate::from_history);
    assert_rounds_to(ours.mase, 1.011, 3);
    assert_rounds_to(ours.rmsse, 0.801, 3);
    assert_rounds_to(ours.wape28, 0.215, 3);
}

#[test]
fn retail_products_fall_into_the_measured_classes() {
    let Some(data) = read_data_set("online_retail_daily_demand.csv.gz") else {
        return;
    };
    let count = |class| {
        let training =
            |s: &Vec<f64>| History::from_days(&s[..s.len() - HELD_OUT_DAYS], data.last_day);
        let histories = data.series.iter().filter_map(training);
        histories
            .filter(|h| Class::from_history(h) == class)
            .count()
    };
    assert_eq!(count(Class::Lumpy), 2048);
    assert_eq!(count(Class::Erratic), 52);
    assert_eq!(count(Class::Intermittent), 51);
}

/// The quality of the distribution over a span of days, at rolling origins in the held-out days.
#[derive(Debug)]
struct Calibration {
    pinball: f64,
    brier: f64,
    covered_95: f64,
}

fn measure_calibration(data: &DataSet, train_days: usize, span: usize) -> Calibration {
    const LEVELS: [f64; 6] = [0.5, 0.75, 0.9, 0.95, 0.975, 0.99];
    let (mut loss, mut total, mut brier, mut covered, mut n) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for series in &data.series {
        for origin in 0..HELD_OUT_DAYS / span {
            let end = series.len() - HELD_OUT_DAYS + origin * span;
            let past = &series[end - train_days.min(end)..end];
            let Some(demand) = forecast_units(past, data.last_day, series.len() - end, span) else {
                continue;
            };
            let actual: f64 = series[end..end + span].iter().sum();
            for level in LEVELS {
                let gap = actual - demand.quantile(level);
                loss += if gap > 0.0 {
                    level * gap
                } else {
                    (level - 1.0) * gap
                };
            }
            covered += f64::from(u8::from(actual <= demand.quantile(0.95)));
            let recent = past[past.len() - 56..].iter().sum::<f64>() / 56.0 * span as f64;
            for share in [0.5, 1.0, 1.5, 2.0, 3.0] {
                let stock = share * recent;
                let happened = f64::from(u8::from(actual > stock));
                brier += (demand.more_than(stock) - happened).powi(2) / 5.0;
            }
            total += actual;
            n += 1.0;
        }
    }
    Calibration {
        pinball: 2.0 * loss / (total * LEVELS.len() as f64),
        brier: brier / n,
        covered_95: covered / n,
    }
}

fn forecast_units(
    past: &[f64],
    last_day: NaiveDate,
    days_left: usize,
    span: usize,
) -> Option<UnitDemand> {
    let as_of = last_day - chrono::Days::new(days_left as u64);
    let history = History::from_days(past, as_of)?;
    let demand = Demand::estimate(&history, span as u32);
    Some(demand.distribution(as_of.succ_opt()?, span as u32))
}

#[test]
fn the_promised_service_is_nearly_kept_on_retail_data() {
    let Some(data) = read_data_set("online_retail_daily_demand.csv.gz") else {
        return;
    };
    let week = measure_calibration(&data, 346, 7);
    // the textbook's normal: 0.391, 0.179 and 0.898
    assert_rounds_to(week.pinball, 0.368, 3);
    assert_rounds_to(week.brier, 0.167, 3);
    assert_rounds_to(week.covered_95, 0.934, 3);
}

#[test]
fn the_promised_service_is_kept_on_m5() {
    let Some(data) = read_data_set("m5tiny_daily_wide.csv.gz") else {
        return;
    };
    let week = measure_calibration(&data, 730, 7);
    // the textbook's normal: 0.152, 0.131 and 0.879
    assert_rounds_to(week.pinball, 0.136, 3);
    assert_rounds_to(week.brier, 0.132, 3);
    assert_rounds_to(week.covered_95, 0.943, 3);
}

//! A cron line in some zones, and the ticks around a time. The line is followed by the number of a
//! minute since 2026.
#![no_main]

use chrono::{DateTime, TimeDelta, Utc};
use libfuzzer_sys::fuzz_target;
use platform::fuzzing::CronLine;

const ZONES: [&str; 6] = [
    "UTC",
    "Africa/Dakar",
    "Europe/Paris",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
];
const TICKS: usize = 20;

fuzz_target!(|text: &str| {
    let (line, minute) = text.split_once('\n').unwrap_or((text, "0"));
    let minute = i64::from(minute.trim().parse::<u32>().unwrap_or(0) % 1_000_000);
    let start = DateTime::from_timestamp(1_767_225_600, 0).expect("a time");
    let zone = ZONES[text.len() % ZONES.len()];
    assert!(CronLine::parse(line, line).is_none(), "a line is no zone");
    if let Some(schedule) = CronLine::parse(line, zone) {
        walk(&schedule, start + TimeDelta::minutes(minute));
    }
});

/// Ticks go forward, and the latest one due is the last of them.
fn walk(schedule: &CronLine, start: DateTime<Utc>) {
    let mut time = start;
    for _ in 0..TICKS {
        let Some(next) = schedule.next_after(time) else {
            return;
        };
        assert!(next > time, "{next} after {time}");
        let just_before = next - TimeDelta::seconds(1);
        assert_eq!(schedule.next_after(just_before.max(time)), Some(next));
        assert_eq!(schedule.latest_due(time, next), Some(next));
        assert_eq!(schedule.latest_due(time, just_before), None);
        time = next;
    }
    assert_eq!(schedule.latest_due(start, time), Some(time));
}

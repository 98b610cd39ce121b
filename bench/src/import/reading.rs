//! Parsing and validation alone, on one thread, the file in memory.

use std::io::Cursor;
use std::time::{Duration, Instant};

use domain::catalog::import::{self, Context, Detection, Kind, NumericCodes, Options};
use domain::identity::Language;

use super::{ROUNDS, median, print_rate, retail};

pub(super) fn measure_reading(file: &[u8]) -> anyhow::Result<()> {
    let options: Options = serde_json::from_value(retail::options(0))?;
    let examined = import::examine_file(
        Cursor::new(file),
        Kind::Sales,
        &options,
        NumericCodes::default(),
        Language::En,
    )
    .map_err(|cause| file_error(&cause))?;
    let Detection::Ready(plan) = examined.detection else {
        anyhow::bail!("questions: {examined:?}")
    };
    // After the last line of the file, so that no line is in the future.
    let now = "2012-01-01T00:00:00Z".parse()?;
    let context = Context {
        now,
        zone: chrono_tz::Europe::London,
        currency: "GBP".to_owned(),
        language: Language::En,
    };
    let mut times: Vec<Duration> = Vec::new();
    let mut rows = 0;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let totals = import::validate_rows(
            Cursor::new(file),
            Kind::Sales,
            &options,
            &plan,
            &context,
            |_| {},
        );
        times.push(started.elapsed());
        rows = totals.map_err(|cause| file_error(&cause))?.rows;
    }
    print_rate(
        "parse and validate on one thread",
        usize::try_from(rows)?,
        median(times),
    );
    Ok(())
}

fn file_error(cause: &import::FileError) -> anyhow::Error {
    anyhow::anyhow!("{cause:?}")
}

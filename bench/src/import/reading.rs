//! Parsing and validation alone, on one thread, the file in memory.

use std::io::Cursor;
use std::time::{Duration, Instant};

use domain::catalog::import::{self, Context, Detection, Kind, Options};

use super::{ROUNDS, median, report, retail};

pub(super) fn run(file: &[u8]) -> anyhow::Result<()> {
    let options: Options = serde_json::from_value(retail::options(0))?;
    let examined =
        import::examine(Cursor::new(file), Kind::Sales, &options).map_err(|why| refused(&why))?;
    let Detection::Ready(plan) = examined.detection else {
        anyhow::bail!("asked: {examined:?}")
    };
    // After the last line, so that none is of the future.
    let now = "2012-01-01T00:00:00Z".parse()?;
    let context = Context {
        now,
        zone: chrono_tz::Europe::London,
        currency: "GBP".to_owned(),
    };
    let mut times: Vec<Duration> = Vec::new();
    let mut rows = 0;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let totals = import::validate(
            Cursor::new(file),
            Kind::Sales,
            &options,
            &plan,
            &context,
            |_| {},
        );
        times.push(started.elapsed());
        rows = totals.map_err(|why| refused(&why))?.rows;
    }
    report(
        "parse and validate on one thread",
        usize::try_from(rows)?,
        median(times),
    );
    Ok(())
}

fn refused(why: &import::Refusal) -> anyhow::Error {
    anyhow::anyhow!("{why:?}")
}

//! The baseline: COPY by the owner of rows that are encoded already.

use std::time::{Duration, Instant};

use futures::TryStreamExt as _;
use sqlx::PgConnection;

use super::{ROUNDS, median, print_rate};

/// Returns the time of the faster of COPY's two formats, each the median of its rounds.
pub(super) async fn measure_copy(
    owner: &mut PgConnection,
    lines: usize,
) -> anyhow::Result<Duration> {
    let mut best = Duration::MAX;
    for format in ["binary", "text"] {
        let rows = owner
            .copy_out_raw(&format!("copy sales to stdout (format {format})"))
            .await?;
        let rows: Vec<_> = rows.try_collect().await?;
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            sqlx::query!("truncate sales").execute(&mut *owner).await?;
            sqlx::query!("checkpoint").execute(&mut *owner).await?;
            times.push(copy_rows(owner, format, &rows, lines).await?);
        }
        let took = median(times);
        print_rate(&format!("raw COPY, {format}"), lines, took);
        best = best.min(took);
    }
    Ok(best)
}

async fn copy_rows(
    owner: &mut PgConnection,
    format: &str,
    rows: &[impl AsRef<[u8]>],
    lines: usize,
) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let mut copy = owner
        .copy_in_raw(&format!("copy sales from stdin (format {format})"))
        .await?;
    let mut buffer = Vec::new();
    for row in rows {
        buffer.extend_from_slice(row.as_ref());
        if buffer.len() >= 1 << 16 {
            copy.send(&*buffer).await?;
            buffer.clear();
        }
    }
    copy.send(&*buffer).await?;
    let copied = copy.finish().await?;
    anyhow::ensure!(copied == u64::try_from(lines)?, "{copied} rows");
    Ok(started.elapsed())
}

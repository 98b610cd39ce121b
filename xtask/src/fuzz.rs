//! `cargo xtask fuzz`: runs the targets of `fuzz/` one after the other, each from its seeds.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::signals::Interrupts;
use crate::{checkout, process, programs};

pub(crate) const HELP: &str = "\
usage: cargo xtask fuzz [target] [--seconds N]

Builds every target of fuzz/ and runs one or all of them, N seconds each (60). Stops at the first
finding, which cargo fuzz leaves under fuzz/artifacts. Needs a nightly compiler and
`cargo install cargo-fuzz --locked`.";

/// An input takes milliseconds, and a few MiB.
const LIMITS: [&str; 2] = ["-timeout=10", "-rss_limit_mb=2048"];
const DEFAULT_SECONDS: u32 = 60;

pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let targets = list_targets()?;
    let (chosen, seconds) = read_options(args, &targets)?;
    if !programs::exits_with_success("cargo", &["+nightly", "fuzz", "--version"]) {
        bail!("cargo fuzz isn't installed\n\n{HELP}");
    }
    let interrupts = Interrupts::listen()?;
    let root = checkout::workspace_root();
    // The libraries of the product are tried, in their versions.
    fs::copy(root.join("Cargo.lock"), root.join("fuzz/Cargo.lock"))
        .context("copying Cargo.lock into fuzz/")?;
    // Those that don't run now have to compile too.
    checkout::report_progress("building every target");
    let mut build = process::tool_command("cargo");
    build
        .args(["+nightly", "fuzz", "build"])
        .current_dir(root.join("fuzz"));
    if !process::run(&mut build, &interrupts)?.success() {
        return Ok(ExitCode::FAILURE);
    }
    for target in chosen {
        checkout::report_progress(&format!("{target}, {seconds} s"));
        fs::create_dir_all(root.join("fuzz/corpus").join(target))?;
        let mut command = process::tool_command("cargo");
        command
            .args(["+nightly", "fuzz", "run", target])
            .arg(format!("corpus/{target}"))
            .arg(format!("seeds/{target}"))
            .arg("--")
            .args(LIMITS)
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-dict=dictionaries/{target}"))
            .current_dir(root.join("fuzz"));
        if !process::run(&mut command, &interrupts)?.success() {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the names of the targets, by their files.
fn list_targets() -> Result<Vec<String>> {
    let files = checkout::list_files(&checkout::workspace_root().join("fuzz/fuzz_targets"), "rs")?;
    let names = files.iter().filter_map(|file| file.file_stem());
    Ok(names
        .map(|name| name.to_string_lossy().into_owned())
        .collect())
}

/// Returns the targets that run and the seconds of each.
fn read_options<'a>(args: &[String], targets: &'a [String]) -> Result<(Vec<&'a str>, u32)> {
    let (mut chosen, mut seconds) = (Vec::new(), DEFAULT_SECONDS);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--seconds" {
            let number = args.next().and_then(|number| number.parse().ok());
            seconds = number.with_context(|| format!("--seconds needs a number\n\n{HELP}"))?;
            continue;
        }
        match targets.iter().find(|target| *target == arg) {
            Some(target) => chosen.push(target.as_str()),
            None => bail!("no target `{arg}`; there are {}", targets.join(", ")),
        }
    }
    if chosen.is_empty() {
        chosen = targets.iter().map(String::as_str).collect();
    }
    Ok((chosen, seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Option<(Vec<String>, u32)> {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        let targets = list_targets().unwrap();
        let (chosen, seconds) = read_options(&args, &targets).ok()?;
        Some((chosen.into_iter().map(str::to_owned).collect(), seconds))
    }

    #[test]
    fn a_target_and_its_seconds_are_read() {
        assert_eq!(
            read(&["number", "--seconds", "5"]),
            Some((vec!["number".to_owned()], 5))
        );
        assert_eq!(
            read(&["--seconds", "5"]).unwrap().0,
            list_targets().unwrap()
        );
        assert_eq!(read(&["numbers"]), None);
        assert_eq!(read(&["number", "--seconds"]), None);
    }

    #[test]
    fn every_target_is_built_and_has_seeds_and_a_dictionary() {
        let fuzz = checkout::workspace_root().join("fuzz");
        let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
        for target in list_targets().unwrap() {
            assert!(
                manifest.contains(&format!("name = \"{target}\"")),
                "{target}"
            );
            assert!(fuzz.join("seeds").join(&target).is_dir(), "{target}");
            assert!(
                fuzz.join("dictionaries").join(&target).is_file(),
                "{target}"
            );
        }
    }
}

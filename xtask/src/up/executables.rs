//! The two executables that `up` starts: built by cargo, or built already.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::checkout::{self, report_progress};
use crate::process;
use crate::signals::Interrupts;

/// Where `vigie` and `sandbox` come from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Executables {
    #[default]
    Release,
    Debug,
    /// The executables of this folder, whoever built them.
    Ready(PathBuf),
}

impl Executables {
    /// Takes the executables of a folder, which must hold both.
    pub(super) fn ready(folder: &Path) -> Result<Self> {
        let folder =
            fs::canonicalize(folder).with_context(|| format!("no folder {}", folder.display()))?;
        for name in ["vigie", "sandbox"] {
            if !folder.join(name).is_file() {
                bail!(
                    "there is no `{name}` in {}: `cargo build -p vigie -p sandbox` makes both",
                    folder.display()
                );
            }
        }
        Ok(Self::Ready(folder))
    }

    /// Builds the executables unless they are ready, and returns their folder.
    pub(super) fn make(&self, interrupts: &Interrupts) -> Result<PathBuf> {
        let (profile, folder) = match self {
            Self::Release => ("release", "release"),
            Self::Debug => ("dev", "debug"),
            Self::Ready(folder) => return Ok(folder.clone()),
        };
        report_progress(&format!(
            "building in {folder} (the first time takes minutes)"
        ));
        let mut cargo = process::tool_command("cargo");
        cargo
            .args([
                "build",
                "--profile",
                profile,
                "-p",
                "vigie",
                "-p",
                "sandbox",
            ])
            .current_dir(checkout::workspace_root());
        if !process::run(&mut cargo, interrupts)?.success() {
            bail!("the build failed");
        }
        checkout::build_folder(folder)
    }
}

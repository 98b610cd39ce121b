//! Paths in the checkout, settings of the environment, and progress messages.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Returns the workspace's root: the folder above this crate.
pub(crate) fn workspace_root() -> PathBuf {
    let here = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().map_or(here.clone(), Path::to_path_buf)
}

/// Returns the folder of the executables of a profile, `release` or `debug`. It is a sibling of the
/// folder that contains this executable.
pub(crate) fn build_folder(profile: &str) -> Result<PathBuf> {
    let me = env::current_exe().context("finding the path of xtask")?;
    let target = me.ancestors().nth(2).context("finding the build folder")?;
    Ok(target.join(profile))
}

/// Returns a variable of the environment, unless it is empty.
pub(crate) fn read_setting(key: &str) -> Option<String> {
    env::var(key).ok().filter(|value| !value.is_empty())
}

/// Returns every file under `dir` with the extension, sorted. Skips build and hidden folders.
pub(crate) fn list_files(dir: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in
            fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?
        {
            let path = entry?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Reports progress on standard error, so that the output of a command stays clean.
pub(crate) fn report_progress(text: &str) {
    eprintln!("==> {text}");
}

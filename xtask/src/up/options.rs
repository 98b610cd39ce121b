//! The command line of `cargo xtask up`.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::HELP;
use super::executables::Executables;

/// How `up` was called.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) fresh: bool,
    pub(super) executables: Executables,
    /// Distinguishes this `up` from others of the checkout.
    pub(super) name: Option<String>,
}

impl Options {
    pub(super) fn read(args: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--fresh" => options.fresh = true,
                "--debug" => options.choose(Executables::Debug)?,
                "--programs" => {
                    let folder = args
                        .next()
                        .context("--programs needs the folder of `vigie` and `sandbox`")?;
                    options.choose(Executables::ready(Path::new(folder))?)?;
                }
                "--name" => options.name = Some(name(args.next().map_or("", String::as_str))?),
                other => bail!("`{other}` says nothing to `up`\n\n{HELP}"),
            }
        }
        Ok(options)
    }

    fn choose(&mut self, executables: Executables) -> Result<()> {
        if self.executables != Executables::default() {
            bail!("--debug and --programs don't go together, nor one of them twice\n\n{HELP}");
        }
        self.executables = executables;
        Ok(())
    }

    /// What to type to go on with this one's data.
    pub(super) fn command(&self) -> String {
        let name = self
            .name
            .as_ref()
            .map(|name| format!(" --name {name}"))
            .unwrap_or_default();
        format!("cargo xtask up{name}")
    }
}

/// A name becomes part of a folder's, which `--fresh` empties: never a path.
fn name(text: &str) -> Result<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if text.is_empty() || text.starts_with('-') || !text.bytes().all(plain) {
        bail!("--name needs a name of letters, digits and hyphens, not {text:?}");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Result<Options> {
        Options::read(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn options_come_in_any_order_and_are_none_by_default() {
        assert_eq!(read(&[]).unwrap(), Options::default());
        let expected = Options {
            fresh: true,
            executables: Executables::Debug,
            name: Some("shop-2".to_owned()),
        };
        assert_eq!(
            read(&["--name", "shop-2", "--debug", "--fresh"]).unwrap(),
            expected
        );
        assert_eq!(expected.command(), "cargo xtask up --name shop-2");
        assert_eq!(Options::default().command(), "cargo xtask up");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for args in [
            &["--frehs"][..],
            &["--name"],
            &["--programs"],
            &["--debug", "--debug"],
            &["fresh"],
        ] {
            assert!(read(args).is_err(), "{args:?}");
        }
    }

    #[test]
    fn a_name_is_never_a_path() {
        for text in ["", "..", "a/b", "/etc", "a b", "--fresh", "é"] {
            assert!(read(&["--name", text]).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_folder_without_the_executables_is_named_with_what_it_lacks() {
        let folder = env!("CARGO_MANIFEST_DIR");
        let message = read(&["--programs", folder]).unwrap_err().to_string();
        assert!(
            message.contains(folder) && message.contains("vigie"),
            "{message}"
        );
    }
}

//! The environment, read once at start. Problems are collected, so that one start reports all of
//! them. Each configuration struct lives with what it configures and has a `from_env(&mut Env)`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

use secrecy::SecretString;

/// The environment as it was at start, and the problems found so far.
#[derive(Debug, Default)]
pub struct Env {
    values: BTreeMap<String, String>,
    read: BTreeSet<&'static str>,
    problems: Vec<String>,
}

/// All problems of the configuration, one line each.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {} problem(s):\n  - {}", .0.len(), .0.join("\n  - "))]
pub struct ConfigError(pub Vec<String>);

impl Env {
    /// Reads the environment of the process.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    pub fn from_process() -> Self {
        Self::from_pairs(std::env::vars())
    }

    /// Builds an environment for tests.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            values: pairs.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Returns the value of `key`; an empty value counts as unset.
    pub fn read_optional(&mut self, key: &'static str) -> Option<String> {
        self.read.insert(key);
        self.values.get(key).filter(|v| !v.is_empty()).cloned()
    }

    /// Returns the value of `key`. If it is unset, records a problem and returns an empty string.
    pub fn read_required(&mut self, key: &'static str) -> String {
        self.read_optional(key).unwrap_or_else(|| {
            self.report_problem(format!("{key} is not set"));
            String::new()
        })
    }

    pub fn read_secret(&mut self, key: &'static str) -> SecretString {
        self.read_required(key).into()
    }

    /// Returns the parsed value of `key`, or `default` if it is unset or can't be parsed.
    pub fn parse_or<T>(&mut self, key: &'static str, default: T) -> T
    where
        T: FromStr<Err: Display>,
    {
        let Some(text) = self.read_optional(key) else {
            return default;
        };
        match text.parse() {
            Ok(value) => value,
            Err(cause) => {
                self.report_problem(format!("{key} = {text:?} can't be parsed: {cause}"));
                default
            }
        }
    }

    /// Records a problem, such as a contradiction between values.
    pub fn report_problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    /// Lists every key that was read, to compare with `.env.example`.
    pub fn list_keys_read(&self) -> impl Iterator<Item = &'static str> {
        self.read.iter().copied()
    }

    /// Returns all recorded problems as one error.
    pub fn reject_problems(self) -> Result<(), ConfigError> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(ConfigError(self.problems))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_problems_are_reported_together() {
        let mut env = Env::from_pairs([("PORT".into(), "eighty".into())]);
        env.read_required("DATABASE_URL");
        let port: u16 = env.parse_or("PORT", 80);
        assert_eq!(port, 80);
        let ConfigError(problems) = env.reject_problems().unwrap_err();
        assert_eq!(problems.len(), 2);
        assert!(problems[0].contains("DATABASE_URL"), "{problems:?}");
    }
}

//! Names of functions that cross a module: verb and noun, so that a call reads without its import.

use super::Source;

/// One word is enough where the module's name is the noun, by one convention everywhere.
const CONVENTIONAL_NAMES: [&str; 3] = ["main", "run", "router"];

/// Free functions alone: a method has its type beside it.
pub(super) fn check_exported_functions(source: Source<'_>) -> Vec<String> {
    if source.is_for_tests() {
        return Vec::new();
    }
    source
        .production_text()
        .lines()
        .filter(|line| line.starts_with("pub"))
        .filter_map(function_name)
        .filter(|name| !name.contains('_') && !CONVENTIONAL_NAMES.contains(name))
        .map(|name| format!("`fn {name}` crosses a module: name it by verb and noun"))
        .collect()
}

/// The name in `pub(crate) async fn name(..`.
fn function_name(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    let is_signature = before
        .split_whitespace()
        .all(|word| word.starts_with("pub") || matches!(word, "async" | "const"));
    let end = rest.find(['(', '<'])?;
    is_signature.then(|| &rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints_of(text: &str) -> usize {
        check_exported_functions(Source {
            path: "api/src/a.rs",
            text,
        })
        .len()
    }

    #[test]
    fn exported_functions_of_one_word_are_found() {
        assert_eq!(complaints_of("pub fn list(page: Page) {}"), 1);
        assert_eq!(complaints_of("pub(crate) async fn list<T>(page: T) {}"), 1);
        assert_eq!(complaints_of("pub(super) const fn code() -> i16 {}"), 1);
    }

    #[test]
    fn private_functions_methods_and_two_words_pass() {
        assert_eq!(complaints_of("fn list() {}\npub fn list_jobs() {}"), 0);
        assert_eq!(complaints_of("impl A {\n    pub fn list(&self) {}\n}"), 0);
    }
}

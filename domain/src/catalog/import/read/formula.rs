//! Formulas that hold nothing but a text. `="0017"` keeps a spreadsheet from reading the text of a
//! file as a number; it means `0017`.

/// The fields of a row without such formulas. Its buffers are reused row by row.
#[derive(Debug, Default)]
pub(super) struct PlainFields {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl PlainFields {
    /// Reads a row with a delimiter behind each field but the last. Returns whether one of its
    /// fields was such a formula; else the row itself holds the plain fields.
    #[inline]
    pub(super) fn read_row(&mut self, text: &[u8], ends: &[usize]) -> bool {
        text.contains(&b'=') && self.unwrap_fields(text, ends)
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    pub(super) fn ends(&self) -> &[usize] {
        &self.ends
    }

    fn unwrap_fields(&mut self, text: &[u8], ends: &[usize]) -> bool {
        self.text.clear();
        self.ends.clear();
        let (mut start, mut has_formula) = (0, false);
        for &end in ends {
            let field = &text[start..end];
            match find_literal(field) {
                Some(literal) => {
                    has_formula = true;
                    self.push_literal(literal);
                }
                None => self.text.extend_from_slice(field),
            }
            self.ends.push(self.text.len());
            start = end + 1;
        }
        has_formula
    }

    /// Appends the inside of a literal, where two quotes stand for one, without quotes around it.
    fn push_literal(&mut self, literal: &[u8]) {
        let mut literal = literal;
        while let Some(inner) = strip_around(literal, b"\"\"") {
            literal = inner;
        }
        let mut after_quote = false;
        for &byte in literal {
            after_quote = byte == b'"' && !after_quote;
            if !after_quote {
                self.text.push(byte);
            }
        }
    }
}

/// Returns the inside of the literal of a field that is such a formula. The guard of an error file,
/// or an apostrophe of the author, may stand before it.
fn find_literal(field: &[u8]) -> Option<&[u8]> {
    let mut formula = field.trim_ascii();
    while let [b'\'', rest @ ..] = formula {
        formula = rest;
    }
    let literal = strip_around(formula.strip_prefix(b"=")?.trim_ascii(), b"\"")?;
    let mut quotes = literal.split(|byte| *byte != b'"');
    quotes.all(|run| run.len() % 2 == 0).then_some(literal)
}

fn strip_around<'a>(text: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    text.strip_prefix(mark)?.strip_suffix(mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unwrap_row(fields: &[&str]) -> Vec<String> {
        let (mut text, mut ends) = (Vec::new(), Vec::new());
        for field in fields {
            text.extend_from_slice(field.as_bytes());
            ends.push(text.len());
            text.push(b';');
        }
        text.pop();
        let mut plain = PlainFields::default();
        let (text, ends, gap) = match plain.read_row(&text, &ends) {
            true => (plain.text(), plain.ends(), 0),
            false => (&text[..], &ends[..], 1),
        };
        let starts = std::iter::once(0).chain(ends.iter().map(|end| end + gap));
        let fields = starts.zip(ends).map(|(start, end)| &text[start..*end]);
        fields
            .map(|f| String::from_utf8(f.to_vec()).unwrap())
            .collect()
    }

    #[test]
    fn a_formula_that_holds_a_text_means_the_text() {
        for (field, expected) in [
            ("=\"0017\"", "0017"),
            (" = \"0017\" ", "0017"),
            ("=\"\"\"0017\"\"\"", "0017"),
            ("'=\"0017\"", "0017"),
            ("=\"tube 3\"\" noir\"", "tube 3\" noir"),
            ("=\"\"", ""),
            ("=\"é\"", "é"),
        ] {
            assert_eq!(unwrap_row(&["a", field, "b"]), ["a", expected, "b"]);
        }
    }

    #[test]
    fn another_field_stays_as_it_is() {
        for field in [
            "=A",
            "=1+1",
            "=\"a\"&\"b\"",
            "=\"a",
            "=\"",
            "a=\"b\"",
            "'A",
            "\"a\"",
            "=",
            "",
            "'",
        ] {
            assert_eq!(unwrap_row(&[field, "=\"x\""]), [field, "x"]);
            assert_eq!(unwrap_row(&[field]), [field]);
        }
    }
}

//! How plausible a character is between its neighbours, as a cost: 0 for what French, Portuguese,
//! Spanish and English names are full of, [`IMPLAUSIBLE`] and more for what no person writes.

/// From this cost on, a person would take the word for garbled.
pub(super) const IMPLAUSIBLE: u32 = 7;

const ANY: &str = "abcdefghijklmnopqrstuvwxyz";

/// Letters beyond ASCII with their cost, and the ASCII letters before and behind which they stand.
const LETTERS: [(char, u32, &str, &str); 33] = [
    ('é', 0, ANY, ANY),
    ('è', 1, ANY, "bcdfglmnpqrstvz"),
    ('à', 1, ANY, "s"),
    ('ê', 1, ANY, "bcdglmnprstvz"),
    ('ç', 1, ANY, "aou"),
    ('á', 1, ANY, ANY),
    ('í', 1, ANY, ANY),
    ('ó', 1, ANY, ANY),
    ('ú', 1, ANY, ANY),
    ('ã', 1, ANY, "eos"),
    ('ñ', 1, "aeiou", "aeiou"),
    ('ô', 1, ANY, "bcdgilmnprstv"),
    ('â', 1, ANY, "bcdfghlmnpqrstv"),
    ('î', 2, ANY, "bcdflmnpqrstvz"),
    ('û', 2, ANY, "bcdeflmnprstv"),
    ('õ', 2, ANY, "es"),
    ('ï', 2, "aou", ANY),
    ('ù', 2, "o", ""),
    ('œ', 2, ANY, "deflimnstu"),
    ('ë', 2, "aegiou", "lmnrst"),
    ('ü', 2, ANY, ANY),
    ('ä', 3, ANY, ANY),
    ('ö', 3, ANY, ANY),
    ('ò', 3, ANY, ANY),
    ('ì', 3, ANY, ANY),
    ('å', 4, ANY, ANY),
    ('ø', 4, ANY, ANY),
    ('æ', 4, ANY, ANY),
    ('ß', 4, ANY, ANY),
    ('ÿ', 5, ANY, ANY),
    ('ð', 6, ANY, ANY),
    ('þ', 6, ANY, ANY),
    ('ı', 6, ANY, ANY),
];
/// Of a letter of the Latin script that isn't listed.
const OTHER_LETTER: u32 = 4;
/// Capital letters with which words often start.
const INITIALS: &str = "ÉÀÁÓÚÍÔÇŒÎÂÊ";

/// A character with what stands around it; a blank at the edge of a cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The character before `before`.
    pub(super) second_before: char,
    pub(super) before: char,
    pub(super) character: char,
    pub(super) behind: char,
}

impl Place {
    /// Returns the cost of the character here.
    pub(super) fn cost(self) -> u32 {
        match self.character {
            c if c.is_ascii() => 0,
            '\u{80}'..='\u{9f}' | '\u{fffd}' | '\u{e000}'..='\u{f8ff}' => IMPLAUSIBLE + 3,
            _ => self.sign_cost().unwrap_or_else(|| self.letter_cost()),
        }
    }

    fn is_in_word(self) -> bool {
        self.before.is_alphabetic() && self.behind.is_alphabetic()
    }

    /// Returns the cost of a sign; `None` for a letter.
    fn sign_cost(self) -> Option<u32> {
        let (before, behind) = (self.before, self.behind);
        let opens = !before.is_alphanumeric() && !is_accent(before);
        let closes = !behind.is_alphanumeric();
        let beside_letter = before.is_alphabetic() || behind.is_alphabetic();
        let unusual = IMPLAUSIBLE + 2 * u32::from(self.is_in_word());
        let cost_if = |usual: bool, cost: u32| if usual { cost } else { unusual };
        Some(match self.character {
            '\u{a0}' | '\u{202f}' => self.blank_cost(),
            // Accents that follow their letter.
            '\u{300}'..='\u{36f}' if !opens => 1,
            '’' => self.apostrophe_cost(),
            '‘' | '“' => cost_if(opens && !closes, 1),
            '«' => cost_if(opens, 2),
            '»' => cost_if(closes, 2),
            '”' | '…' => cost_if(closes && !before.is_whitespace(), 1),
            '–' | '—' => 1 + 2 * u32::from(beside_letter) + 2 * u32::from(self.is_in_word()),
            '€' => cost_if(!beside_letter, 1),
            '£' => cost_if(!beside_letter, 2),
            // The sign of a diameter.
            'Ø' | 'ø' if !beside_letter => 2,
            '¥' | '¢' => cost_if(!beside_letter, 3),
            '°' if "CcFf".contains(behind) => 1,
            '°' | 'º' | 'ª' => cost_if(!opens && !behind.is_alphabetic(), 1),
            '²' | '³' => cost_if(!opens && closes, 1),
            '½' | '¼' | '¾' | '×' | '±' if beside_letter => unusual + 1,
            '½' | '¼' | '¾' | '×' | '±' => 1,
            '®' | '™' | '©' => cost_if(closes, 2),
            '•' | '·' => cost_if(!beside_letter, 2),
            '¿' | '¡' => cost_if(opens && behind.is_alphabetic(), 2),
            'µ' => cost_if(opens && behind.is_alphabetic(), 2),
            'ƒ' | 'ˆ' | 'ˇ' | 'ﬁ' | 'ﬂ' => IMPLAUSIBLE,
            c if c.is_alphabetic() => return None,
            _ if self.is_in_word() => IMPLAUSIBLE + 1,
            _ if beside_letter => IMPLAUSIBLE,
            _ => IMPLAUSIBLE - 1,
        })
    }

    /// Returns the cost of an apostrophe: behind one letter, as in `d’eau`, or before an `s`.
    fn apostrophe_cost(self) -> u32 {
        match () {
            () if !self.before.is_alphanumeric() => IMPLAUSIBLE,
            () if !self.is_in_word() => 1,
            () if !self.second_before.is_alphabetic() => 0,
            () if "sStTuU".contains(self.behind) || "uU".contains(self.before) => 1,
            () => 3,
        }
    }

    /// Returns the cost of a blank that joins what stands around it.
    fn blank_cost(self) -> u32 {
        let (before, behind) = (self.before, self.behind);
        match (before, behind) {
            _ if before.is_ascii_digit() && behind.is_ascii_digit() => 0,
            ('«', _) | (_, ':' | ';' | '!' | '?' | '%' | '€' | '»') => 0,
            _ if before.is_ascii_digit() || behind.is_ascii_digit() => 1,
            _ if self.is_in_word() => 2,
            _ => 3,
        }
    }

    fn letter_cost(self) -> u32 {
        if self.character > '\u{24f}' && !is_african(self.character) {
            return self.other_script_cost();
        }
        let lower = self.character.to_lowercase().next().unwrap_or_default();
        let known = LETTERS.iter().find(|known| known.0 == lower);
        let (base, before, behind) = known.map_or((OTHER_LETTER, ANY, ANY), |k| (k.1, k.2, k.3));
        let rarely = |neighbour: char, usual: &str| {
            let neighbour = neighbour.to_ascii_lowercase();
            2 * u32::from(neighbour.is_ascii_lowercase() && !usual.contains(neighbour))
        };
        let digits = 3 * u32::from(self.before.is_numeric() || self.behind.is_numeric());
        let neighbours = rarely(self.before, before) + rarely(self.behind, behind);
        let case = if self.character.is_uppercase() {
            self.capital_cost()
        } else {
            self.small_cost()
        };
        base + neighbours + digits + case
    }

    fn capital_cost(self) -> u32 {
        let is_initial = INITIALS.contains(self.character);
        let starts = !self.before.is_alphabetic();
        match () {
            () if self.before.is_lowercase() => IMPLAUSIBLE,
            () if starts && self.behind.is_lowercase() => 1 + 2 * u32::from(!is_initial),
            () if self.behind.is_lowercase() => 3,
            () if starts && !self.behind.is_alphabetic() => 1 + 2 * u32::from(!is_initial),
            () => 1,
        }
    }

    fn small_cost(self) -> u32 {
        let (before, behind) = (self.before, self.behind);
        let starts = !before.is_alphabetic();
        match () {
            () if starts && behind.is_uppercase() => 3,
            () if starts && !behind.is_alphabetic() => 3 * u32::from(self.character != 'à'),
            // As in `CAFé`.
            () if before.is_uppercase() && self.second_before.is_uppercase() => 3,
            () if before.is_uppercase() && behind.is_uppercase() => 3,
            () if behind.is_uppercase() => 2,
            // Neither à nor è nor a letter that some vowel must follow.
            () if !behind.is_alphabetic() => u32::from("èçîïñœ".contains(self.character)),
            () => 0,
        }
    }

    /// Returns the cost of a letter of another script, which stands among its like.
    fn other_script_cost(self) -> u32 {
        let is_like = |c: char| !c.is_ascii() && c.is_alphabetic();
        match () {
            () if self.before.is_ascii_alphabetic() || self.behind.is_ascii_alphabetic() => {
                IMPLAUSIBLE + 1
            }
            () if is_like(self.before) || is_like(self.behind) => 1,
            () => IMPLAUSIBLE - 1,
        }
    }
}

fn is_accent(character: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&character)
}

/// Whether a letter is one that African languages add to the Latin script.
fn is_african(letter: char) -> bool {
    "ɓƁɖƉɗƊɛƐɣƔɔƆʋƲŋŊẹẸọỌṣṢ".contains(letter)
}

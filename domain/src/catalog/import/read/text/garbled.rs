//! Text that was damaged before it came into the file, as far as its characters show it.

/// Whether a text looks as if some program had read it in a wrong encoding. Cheap for plain text.
pub(in crate::catalog::import) fn looks_garbled(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    let mut before = [' '; 2];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let behind = characters.peek().copied().unwrap_or(' ');
        if !character.is_ascii() && is_damage(before, character, behind) {
            return true;
        }
        before = [before[1], character];
    }
    false
}

fn is_damage(before: [char; 2], character: char, behind: char) -> bool {
    let is_beside_letter = before[1].is_alphabetic() || behind.is_alphabetic();
    match character {
        '\u{80}'..='\u{9f}' | '\u{fffd}' | '\u{f000}'..='\u{f8ff}' => true,
        // The first of the two or three characters that a letter of UTF-8 becomes.
        'Ã' => is_continuation(behind) && !may_follow_capital(before[1], behind),
        'Â' => matches!(behind, '\u{a0}'..='\u{bf}') && !may_follow_capital(before[1], behind),
        'â' => matches!(behind, '€' | '\u{80}' | '‚'),
        '√' | '¬' => !behind.is_ascii() && !behind.is_whitespace(),
        '‚' => matches!(behind, 'Ä' | 'Ç' | 'Ñ'),
        '\u{2500}'..='\u{259f}' => is_beside_letter,
        // `CafÚ`: capitals don't follow small letters.
        c if c.is_uppercase() => before[1].is_lowercase() && before[0].is_lowercase(),
        _ => false,
    }
}

/// Whether a character of Windows-1252 stands for a byte that continues a letter of UTF-8.
fn is_continuation(character: char) -> bool {
    matches!(character, '\u{80}'..='\u{bf}' | '\u{2000}'..='\u{2122}')
        || "ŒœŠšŸŽžƒˆ˜".contains(character)
}

/// Whether `behind` ends a word in capital letters, as in `“MAÇÔ`.
fn may_follow_capital(before: char, behind: char) -> bool {
    before.is_uppercase() && "\u{a0}»”’…–—".contains(behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbled_text_is_found() {
        for text in [
            "CafÃ© moulu",
            "5Â\u{a0}kg",
            "N° Ã\u{a0} suivre",
            "Lâ€™eau",
            "CRÃˆME",
            "Caf√© moulu",
            "Caf├® moulu",
            "CafÚ moulu",
            "Caf\u{fffd}",
            "Caf\u{8e}",
            "Ã‰picerie",
            "5 ‚Ç¨",
        ] {
            assert!(looks_garbled(text), "{text}");
        }
    }

    #[test]
    fn text_of_every_language_is_not_garbled() {
        for text in [
            "Café crème à 5\u{a0}€, 2 m², n° 7",
            "“MAÇÔ, PÃO, SÃO TOMÉ, MAÇÃ\u{a0}»",
            "L’Étoile – ŒUFS FRAIS… «Été»",
            "Señor, ¿qué?, Ñandú, 1ª",
            "McÉwan, l'Île, PâTE",
            "米 5kg, قهوة, Кофе, kɛnɛ",
            "Farine T45 ®, Coca™, ½ L, 30 °C, Ø 32",
            "GRÂCE, Âne, château",
            "┌──┐",
        ] {
            assert!(!looks_garbled(text), "{text}");
        }
    }
}

//! The opt-out and opt-in keywords of inbound messages.

/// What an inbound message requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InboundKeyword {
    /// Opt out of all messages.
    Stop,
    /// Opt in again.
    Start,
    /// No keyword: the message only opens the 24-hour window.
    None,
}

impl InboundKeyword {
    /// Returns the text that the SQL function `record_inbound` expects.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start => "start",
            Self::None => "none",
        }
    }
}

const STOP_KEYWORDS: &[&str] = &[
    "stop",
    "stopall",
    "stop all",
    "unsubscribe",
    "cancel",
    "end",
    "quit",
    "arret",
    "arrete",
    "arreter",
    "arretez",
    "desabonner",
    "desabonnement",
    "desinscrire",
    "desinscription",
    "resilier",
    "ne plus recevoir",
    "stop svp",
    "sair",
];
const START_KEYWORDS: &[&str] = &["start", "unstop", "reprendre", "reabonner", "commencer"];

/// Parses a keyword that is the whole message. A sentence that contains the word "stop" has none.
pub fn parse_keyword(text: &str) -> InboundKeyword {
    let text = normalise_text(text);
    if STOP_KEYWORDS.contains(&text.as_str()) {
        InboundKeyword::Stop
    } else if START_KEYWORDS.contains(&text.as_str()) {
        InboundKeyword::Start
    } else {
        InboundKeyword::None
    }
}

/// Returns the text in lower case, without accents and punctuation, separated by single blanks.
fn normalise_text(text: &str) -> String {
    let letters: String = text.to_lowercase().chars().map(strip_accent).collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn strip_accent(letter: char) -> char {
    match letter {
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'à' | 'â' => 'a',
        'î' | 'ï' => 'i',
        'ô' => 'o',
        'û' | 'ù' => 'u',
        'ç' => 'c',
        letter if letter.is_alphanumeric() => letter,
        _ => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_and_start_are_parsed_in_english_and_french() {
        for text in [
            "STOP",
            " stop. ",
            "Arrêt",
            "ARRÊTER !",
            "arrete",
            "Désabonner",
            "désinscription",
            "Stop SVP",
        ] {
            assert_eq!(parse_keyword(text), InboundKeyword::Stop, "{text}");
        }
        for text in ["START", "Reprendre !", "réabonner"] {
            assert_eq!(parse_keyword(text), InboundKeyword::Start, "{text}");
        }
    }

    #[test]
    fn a_sentence_that_contains_the_word_has_no_keyword() {
        for text in [
            "don't stop",
            "quand s'arrête la promo ?",
            "",
            "merci",
            "stop the order of rice",
        ] {
            assert_eq!(parse_keyword(text), InboundKeyword::None, "{text}");
        }
    }
}

//! What people write back: whether they want no more messages, or want them again.

/// What an inbound text asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    Stop,
    Start,
    /// Anything else: it opens the 24-hour window and no more.
    Talk,
}

impl Wish {
    /// The text that the database's function takes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Talk => "talk",
        }
    }
}

const STOP: &[&str] = &[
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
const START: &[&str] = &["start", "unstop", "reprendre", "reabonner", "commencer"];

/// Reads a wish off a whole message: a sentence that happens to hold the word "stop" is talk.
pub fn wish(text: &str) -> Wish {
    let words = plain(text);
    if STOP.contains(&words.as_str()) {
        Wish::Stop
    } else if START.contains(&words.as_str()) {
        Wish::Start
    } else {
        Wish::Talk
    }
}

/// Lower case, without accents and punctuation, single blanks.
fn plain(text: &str) -> String {
    let letters: String = text.to_lowercase().chars().map(without_accent).collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn without_accent(letter: char) -> char {
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
    fn stop_and_its_french_forms_are_understood() {
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
            assert_eq!(wish(text), Wish::Stop, "{text}");
        }
        for text in ["START", "Reprendre !", "réabonner"] {
            assert_eq!(wish(text), Wish::Start, "{text}");
        }
    }

    #[test]
    fn a_sentence_with_the_word_in_it_is_talk() {
        for text in [
            "don't stop",
            "quand s'arrête la promo ?",
            "",
            "merci",
            "stop the order of rice",
        ] {
            assert_eq!(wish(text), Wish::Talk, "{text}");
        }
    }
}

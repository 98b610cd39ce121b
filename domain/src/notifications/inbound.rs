//! The opt-out and opt-in requests of inbound messages.
//!
//! A message is a request if it holds a request's words and, besides, only words that say nothing
//! else: courtesy, pronouns, and the names of what is sent. Any other word makes it talk.

/// What an inbound message requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InboundKeyword {
    /// Opt out of all messages.
    Stop,
    /// Opt in again.
    Start,
    /// No request: the message only opens the 24-hour window.
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

/// Words that request the end, alone or among fillers.
const STOP_WORDS: &[&str] = &[
    "stop",
    "stopp",
    "stopper",
    "stoppez",
    "stopall",
    "unsubscribe",
    "optout",
    "quit",
    "arret",
    "arrets",
    "arrete",
    "arretes",
    "arreter",
    "arretez",
    "desabonne",
    "desabonner",
    "desabonnez",
    "desabonnement",
    "desinscrire",
    "desinscris",
    "desinscrit",
    "desinscrivez",
    "desinscription",
    "resilier",
    "resiliez",
    "resiliation",
    "sair",
    "parar",
    "cancelar",
];
/// Words that request the end together.
const STOP_PHRASES: &[&[&str]] = &[
    &["plus", "recevoir"],
    &["plus", "envoyer"],
    &["plus", "envoyez"],
    &["plus", "message"],
    &["plus", "messages"],
    &["opt", "out"],
    &["no", "more", "messages"],
];
/// Common words that request the end only as the whole message.
const WHOLE_STOP_MESSAGES: &[&str] = &["cancel", "end", "fin", "annuler"];

const START_WORDS: &[&str] = &[
    "start",
    "unstop",
    "reprendre",
    "reprenez",
    "reabonner",
    "reabonnez",
    "reabonne",
    "commencer",
    "subscribe",
    "optin",
];

/// Words that change nothing about a request.
const FILLERS: &[&str] = &[
    // Courtesy.
    "svp",
    "stp",
    "s",
    "il",
    "vous",
    "te",
    "plait",
    "merci",
    "beaucoup",
    "please",
    "pls",
    "plz",
    "thanks",
    "thank",
    "you",
    "bonjour",
    "bonsoir",
    "salut",
    "hello",
    "hi",
    "madame",
    "monsieur",
    // The person, and the request.
    "je",
    "j",
    "me",
    "m",
    "moi",
    "i",
    "my",
    "veux",
    "voudrais",
    "souhaite",
    "demande",
    "ne",
    "want",
    "would",
    "like",
    "to",
    "d",
    "de",
    "du",
    "des",
    "pour",
    "from",
    "of",
    "all",
    "maintenant",
    "now",
    // What is sent.
    "la",
    "le",
    "les",
    "l",
    "the",
    "this",
    "ce",
    "ces",
    "cette",
    "vos",
    "votre",
    "your",
    "tout",
    "toute",
    "tous",
    "toutes",
    "liste",
    "list",
    "message",
    "messages",
    "msg",
    "sms",
    "whatsapp",
    "notification",
    "notifications",
    "notif",
    "notifs",
    "alerte",
    "alertes",
    "alert",
    "alerts",
    "envoi",
    "envois",
    "envoyer",
    "recevoir",
    "receiving",
    "sending",
    "vigie",
    "a",
    "en",
    "et",
    "and",
];

/// Parses what a message requests.
pub fn parse_keyword(text: &str) -> InboundKeyword {
    let text = normalise_text(text);
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    if WHOLE_STOP_MESSAGES.contains(&text.as_str()) || is_request(&words, STOP_WORDS, STOP_PHRASES)
    {
        InboundKeyword::Stop
    } else if is_request(&words, START_WORDS, &[]) {
        InboundKeyword::Start
    } else {
        InboundKeyword::None
    }
}

/// Whether the words hold one of `keywords` or `phrases`, and nothing but fillers besides.
fn is_request(words: &[&str], keywords: &[&str], phrases: &[&[&str]]) -> bool {
    let phrase = phrases
        .iter()
        .find(|phrase| phrase.iter().all(|part| words.contains(part)));
    let phrase = phrase.copied().unwrap_or_default();
    let has_keyword = words.iter().any(|word| keywords.contains(word));
    (has_keyword || !phrase.is_empty())
        && words
            .iter()
            .all(|word| keywords.contains(word) || FILLERS.contains(word) || phrase.contains(word))
}

/// Returns the text in lower case, without accents and punctuation, separated by single blanks.
fn normalise_text(text: &str) -> String {
    let letters: String = text
        .chars()
        .flat_map(char::to_lowercase)
        .filter(|letter| !is_invisible(*letter))
        .map(strip_accent)
        .collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Combining accents (a keyboard may send `e` and an accent), joiners and variation selectors.
fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{300}'..='\u{36f}'
            | '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
    )
}

fn strip_accent(letter: char) -> char {
    match letter {
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'à' | 'â' | 'ä' | 'á' | 'ã' => 'a',
        'î' | 'ï' | 'í' => 'i',
        'ô' | 'ö' | 'ó' | 'õ' => 'o',
        'û' | 'ù' | 'ü' | 'ú' => 'u',
        'ç' => 'c',
        // Full-width letters, whose distance to ASCII is fixed.
        '\u{ff41}'..='\u{ff5a}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        letter if letter.is_alphanumeric() => letter,
        _ => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_parsed_in_english_and_french() {
        for text in [
            "STOP",
            " stop. ",
            "Stop!!! 🙏",
            "stop stop",
            "« STOP »",
            "ＳＴＯＰ",
            "Arrêt",
            "Arre\u{302}tez",
            "ARRÊTER !",
            "arrete",
            "Arret svp",
            "Arrêtez",
            "Arrêtez de m'envoyer des messages",
            "Désabonner",
            "Désabonnez-moi",
            "Je veux me désabonner, merci",
            "désinscription",
            "Stop SVP",
            "Stop s'il vous plaît",
            "Stop merci",
            "please stop",
            "unsubscribe me",
            "STOP\u{200b}",
            "stop all",
            "opt-out",
            "Ne plus recevoir",
            "Je ne veux plus recevoir de messages",
            "plus de messages svp",
            "CANCEL",
            "end",
            "STOP\0",
        ] {
            assert_eq!(parse_keyword(text), InboundKeyword::Stop, "{text}");
        }
        for text in [
            "START",
            "Reprendre !",
            "réabonner",
            "Start svp",
            "je veux reprendre",
        ] {
            assert_eq!(parse_keyword(text), InboundKeyword::Start, "{text}");
        }
    }

    #[test]
    fn a_message_that_says_something_else_has_no_request() {
        for text in [
            "don't stop",
            "ne pas arrêter",
            "n'arrêtez pas les messages",
            "quand s'arrête la promo ?",
            "",
            "?",
            "merci",
            "bonjour madame",
            "stop the order of rice",
            "non stop",
            "fin de mois",
            "je veux annuler la commande",
            "plus de riz",
            "vous avez reçu mes messages ?",
        ] {
            assert_eq!(parse_keyword(text), InboundKeyword::None, "{text}");
        }
    }

    #[test]
    fn an_opt_out_outranks_an_opt_in() {
        assert_eq!(parse_keyword("stop"), InboundKeyword::Stop);
        assert_eq!(parse_keyword("start stop"), InboundKeyword::None);
    }
}

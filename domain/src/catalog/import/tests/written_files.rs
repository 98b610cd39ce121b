//! Facts of sales, and the shapes in which programs write them to files.

use std::fmt::Write as _;

use chrono::{Datelike as _, Days, NaiveDate};
use proptest::prelude::*;
use proptest::sample::select;

/// One sale. The figures are what the file's author meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) document: String,
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) day: NaiveDate,
    /// Thousandths.
    pub(super) quantity: i64,
    /// Hundredths.
    pub(super) price: i64,
}

/// How a file is written.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    delimiter: char,
    pub(super) line_end: &'static str,
    encoding: &'static str,
    pub(super) comma: bool,
    grouping: &'static str,
    pub(super) date: &'static str,
    quote_all: bool,
    titles: usize,
    total: bool,
    subtotal_every: Option<usize>,
    blank_rows: bool,
    repeat_header: bool,
    spare_columns: bool,
    hint: bool,
    french: bool,
}

pub(super) fn any_fact() -> impl Strategy<Value = Fact> {
    let sku = "[A-Z]{2,5}-[0-9]{1,3}";
    let name = select(vec![
        "Riz brisé 5 kg",
        "Huile d'arachide; 1 L",
        "Savon \"de Marseille\"",
        "Café, moulu",
        "Sucre\nroux",
        "Lait",
        "Tuyau 3/4\" PVC",
        "Crème brûlée à l'œuf",
    ]);
    let day = (0_u64..700)
        .prop_map(|days| NaiveDate::from_ymd_opt(2024, 1, 1).unwrap() + Days::new(days));
    let quantity = prop_oneof![
        (1_i64..500).prop_map(|units| units * 1_000),
        1_i64..90_000,
        Just(14_550),
        Just(1_125),
    ];
    let price = prop_oneof![
        (1_i64..20_000).prop_map(|francs| francs * 100),
        1_i64..500_000
    ];
    (sku, name, day, quantity, price).prop_map(|(sku, name, day, quantity, price)| Fact {
        document: String::new(),
        sku,
        name: name.to_owned(),
        day,
        quantity,
        price,
    })
}

pub(super) fn any_layout() -> impl Strategy<Value = Layout> {
    let text = (
        select(vec![';', ',', '\t', '|']),
        select(vec!["\n", "\r\n", "\r"]),
        select(vec!["utf-8", "utf-8-mark", "utf-16le", "windows-1252"]),
        any::<bool>(),
        select(vec!["", " ", "\u{a0}"]),
        select(vec![
            "%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%d.%m.%Y", "%Y%m%d", "words",
        ]),
    );
    let shape = (
        any::<bool>(),
        0_usize..4,
        any::<bool>(),
        prop_oneof![Just(None), (2_usize..6).prop_map(Some)],
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    );
    (text, shape).prop_map(|(text, shape)| Layout {
        delimiter: text.0,
        line_end: text.1,
        encoding: text.2,
        comma: text.3,
        grouping: text.4,
        date: text.5,
        quote_all: shape.0,
        titles: shape.1,
        total: shape.2,
        subtotal_every: shape.3,
        blank_rows: shape.4,
        repeat_header: shape.5,
        spare_columns: shape.6,
        hint: shape.7,
        french: shape.8,
    })
}

impl Layout {
    /// Writes a number that has `decimals` decimal digits; trailing zeros go.
    fn number(&self, scaled: i64, decimals: u32) -> String {
        let unit = 10_i64.pow(decimals);
        let digits = (scaled / unit).to_string();
        let mut written = String::new();
        for (index, digit) in digits.char_indices() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                written += self.grouping;
            }
            written.push(digit);
        }
        let fraction = format!("{:0width$}", scaled % unit, width = decimals as usize);
        let fraction = fraction.trim_end_matches('0');
        if !fraction.is_empty() {
            written.push(if self.comma { ',' } else { '.' });
            written += fraction;
        }
        written
    }

    fn date(&self, day: NaiveDate) -> String {
        if self.date != "words" {
            return day.format(self.date).to_string();
        }
        let french = [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ];
        if self.french {
            let month = french[day.month0() as usize];
            format!("{} {month} {}", day.day(), day.year())
        } else {
            day.format("%b %-d, %Y").to_string()
        }
    }

    fn header(&self) -> Vec<&'static str> {
        let mut header = if self.french {
            vec![
                "Facture",
                "Date",
                "Référence",
                "Désignation",
                "Quantité",
                "Prix unitaire",
            ]
        } else {
            vec!["Invoice", "Date", "SKU", "Name", "Quantity", "Unit price"]
        };
        if self.spare_columns {
            header.push("Vendeur");
        }
        header
    }

    fn row(&self, cells: &[String]) -> String {
        let quoted = cells.iter().map(|cell| {
            let special = [self.delimiter, '"', '\n', '\r'];
            // A quote inside a field that isn't in quotes stands for itself.
            let needs = cell.contains([self.delimiter, '\n', '\r']) || cell.starts_with('"');
            if self.quote_all || needs || (cell.contains(special) && !cell.contains("3/4")) {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                cell.clone()
            }
        });
        quoted.collect::<Vec<_>>().join(&self.delimiter.to_string()) + self.line_end
    }

    fn fact_row(&self, fact: &Fact) -> String {
        let mut cells = vec![
            fact.document.clone(),
            self.date(fact.day),
            fact.sku.clone(),
            fact.name.replace('\n', self.line_end),
            self.number(fact.quantity, 3),
            self.number(fact.price, 2),
        ];
        if self.spare_columns {
            cells.push("Awa".to_owned());
        }
        self.row(&cells)
    }

    fn total_row(&self, label: &str, quantity: i64) -> String {
        let mut cells = vec![String::new(); self.header().len()];
        cells[0] = label.to_owned();
        cells[4] = self.number(quantity, 3);
        self.row(&cells)
    }

    /// Returns the file with the line on which each fact begins.
    pub(super) fn write(&self, facts: &[Fact]) -> (String, Vec<u64>) {
        let mut text = String::new();
        if self.hint {
            let _ = write!(text, "sep={}{}", self.delimiter, self.line_end);
        }
        for title in 0..self.titles {
            let _ = write!(text, "Export {title}{}", self.line_end);
        }
        let header: Vec<String> = self.header().iter().map(|&t| t.to_owned()).collect();
        text += &self.row(&header);
        let mut lines = Vec::new();
        let mut since = 0;
        for (index, fact) in facts.iter().enumerate() {
            if self.repeat_header && index > 0 && index.is_multiple_of(7) {
                text += &self.row(&header);
            }
            if self.blank_rows && index.is_multiple_of(4) {
                text += self.line_end;
            }
            lines.push(1 + text.matches(self.line_end).count() as u64);
            text += &self.fact_row(fact);
            since += fact.quantity;
            if self
                .subtotal_every
                .is_some_and(|every| (index + 1).is_multiple_of(every))
            {
                text += &self.total_row("Sous-total", since);
                since = 0;
            }
        }
        if self.total {
            let sum = facts.iter().map(|fact| fact.quantity).sum();
            text += &self.total_row("TOTAL", sum);
        }
        (text, lines)
    }

    pub(super) fn encode(&self, text: &str) -> Vec<u8> {
        match self.encoding {
            "utf-8" => text.as_bytes().to_vec(),
            "utf-8-mark" => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            "utf-16le" => {
                let units = text.encode_utf16().flat_map(u16::to_le_bytes);
                [vec![0xff, 0xfe], units.collect()].concat()
            }
            label => {
                let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
                encoding.encode(text).0.into_owned()
            }
        }
    }
}

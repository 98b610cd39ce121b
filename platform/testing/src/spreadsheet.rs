//! Spreadsheets built part by part, because no library writes a hostile one.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compress, Compression, Crc, FlushCompress};

const ROOT: &str = r#"<Relationships><Relationship Id="rId1"
    Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    Target="xl/workbook.xml"/></Relationships>"#;
const WORKBOOK: &str = r#"<workbook
    xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>
    <sheet name="Feuille" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const RELATIONS: &str = r#"<Relationships><Relationship Id="rId1"
    Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    Target="worksheets/sheet1.xml"/><Relationship Id="rId2"
    Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles"
    Target="styles.xml"/><Relationship Id="rId3"
    Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    Target="sharedStrings.xml"/></Relationships>"#;
/// The second format shows a date with its time, the third a date alone.
const STYLES: &str = r#"<styleSheet><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="22"/>
    <xf numFmtId="14"/></cellXfs></styleSheet>"#;
const TEXTS: &str = "<sst/>";

/// The path of the only sheet.
pub const SHEET_PART: &str = "xl/worksheets/sheet1.xml";
pub const TEXTS_PART: &str = "xl/sharedStrings.xml";
pub const STYLES_PART: &str = "xl/styles.xml";
pub const WORKBOOK_PART: &str = "xl/workbook.xml";
pub const RELATIONS_PART: &str = "xl/_rels/workbook.xml.rels";

/// A cell as a spreadsheet keeps it.
#[derive(Debug, Clone, Copy)]
pub enum SheetCell {
    Text(&'static str),
    Number(f64),
    /// Days since the end of 1899.
    Date(f64),
    Bool(bool),
    Error(&'static str),
    Empty,
}

/// Builds a spreadsheet of one sheet.
pub fn build_workbook(rows: &[&[SheetCell]]) -> Vec<u8> {
    let mut cells = String::new();
    for (index, row) in rows.iter().enumerate() {
        let number = index + 1;
        write!(cells, "<row r=\"{number}\">").expect("a text");
        for (column, cell) in ('A'..).zip(*row) {
            let place = format!("{column}{number}");
            cells += &match cell {
                SheetCell::Text(text) => {
                    format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
                }
                SheetCell::Number(value) => format!("<c r=\"{place}\"><v>{value}</v></c>"),
                SheetCell::Date(days) => format!("<c r=\"{place}\" s=\"1\"><v>{days}</v></c>"),
                SheetCell::Bool(value) => {
                    format!("<c r=\"{place}\" t=\"b\"><v>{}</v></c>", u8::from(*value))
                }
                SheetCell::Error(name) => format!("<c r=\"{place}\" t=\"e\"><v>{name}</v></c>"),
                SheetCell::Empty => String::new(),
            };
        }
        cells += "</row>";
    }
    Spreadsheet::of_rows(&cells).build_file()
}

/// Builds a sheet of `mebibytes` of blanks in a file of a thousandth of that; its directory claims
/// `claimed` bytes.
pub fn build_bomb(mebibytes: usize, claimed: u32) -> Vec<u8> {
    let mut book = Spreadsheet::of_rows("");
    book.set_repeated_part(SHEET_PART, "<worksheet><sheetData>", " ", mebibytes << 20);
    book.parts.last_mut().expect("the sheet").size = claimed;
    book.build_file()
}

/// The parts of a spreadsheet.
#[derive(Debug, Clone)]
pub struct Spreadsheet {
    parts: Vec<Part>,
}

impl Spreadsheet {
    /// Returns a spreadsheet whose only sheet has these `<row>` elements.
    pub fn of_rows(rows: &str) -> Self {
        let mut book = Self { parts: Vec::new() };
        let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
        book.set_part("_rels/.rels", ROOT);
        book.set_part(WORKBOOK_PART, WORKBOOK);
        book.set_part(RELATIONS_PART, RELATIONS);
        book.set_part(STYLES_PART, STYLES);
        book.set_part(TEXTS_PART, TEXTS);
        book.set_part(SHEET_PART, &sheet);
        book
    }

    /// Adds or replaces a part.
    pub fn set_part(&mut self, name: &str, content: impl AsRef<[u8]>) {
        let part = Part::new(name, content.as_ref());
        self.parts.retain(|part| part.name != name);
        self.parts.push(part);
    }

    /// Adds or replaces a part of `head` and then `block`, again and again, up to `length` bytes.
    /// The part's checksum is wrong, and neither file nor memory grow much with its length.
    pub fn set_repeated_part(&mut self, name: &str, head: &str, block: &str, length: usize) {
        let mebibyte = block.repeat((1 << 20) / block.len());
        let mut deflater = Compress::new(Compression::best(), false);
        let mut deflated = Vec::with_capacity(head.len() + (256 << 10));
        let mut deflate = |content: &str, into: &mut Vec<u8>| {
            let flushed = deflater.compress_vec(content.as_bytes(), into, FlushCompress::Full);
            flushed.expect("room for the content");
        };
        deflate(head, &mut deflated);
        let start = deflated.len();
        deflate(&mebibyte, &mut deflated);
        // After a full flush nothing refers to what was before, so that a block may come again and
        // again.
        let repeated = deflated.split_off(start);
        for _ in 0..length.div_ceil(mebibyte.len()) {
            deflated.extend_from_slice(&repeated);
        }
        self.parts.retain(|part| part.name != name);
        self.parts.push(Part {
            name: name.to_owned(),
            size: u32::try_from(length).expect("a length of 32 bits"),
            checksum: 0,
            deflated,
        });
    }

    /// Builds the zip file.
    pub fn build_file(&self) -> Vec<u8> {
        write_archive(&self.parts)
    }
}

#[derive(Debug, Clone)]
struct Part {
    name: String,
    /// As the directory says.
    size: u32,
    checksum: u32,
    deflated: Vec<u8>,
}

impl Part {
    fn new(name: &str, content: &[u8]) -> Self {
        let mut deflater = DeflateEncoder::new(Vec::new(), Compression::fast());
        deflater.write_all(content).expect("memory");
        let mut crc = Crc::new();
        crc.update(content);
        Self {
            name: name.to_owned(),
            size: length(content),
            checksum: crc.sum(),
            deflated: deflater.finish().expect("memory"),
        }
    }

    /// What stands before the part and, longer, in the directory: version, flags, method, time,
    /// checksum, sizes.
    fn description(&self) -> Vec<u8> {
        let mut text = vec![20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0];
        for number in [self.checksum, length(&self.deflated), self.size] {
            text.extend_from_slice(&number.to_le_bytes());
        }
        let name = u16::try_from(self.name.len()).expect("a short name");
        text.extend_from_slice(&name.to_le_bytes());
        text.extend_from_slice(&[0, 0]);
        text
    }
}

fn write_archive(parts: &[Part]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for part in parts {
        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&part.description());
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&length(&file).to_le_bytes());
        directory.extend_from_slice(part.name.as_bytes());
        file.extend_from_slice(b"PK\x03\x04");
        file.extend_from_slice(&part.description());
        file.extend_from_slice(part.name.as_bytes());
        file.extend_from_slice(&part.deflated);
    }
    // A directory of more parts wraps around, as that of a lying file does.
    let count = u16::try_from(parts.len() % 65_536)
        .expect("a remainder")
        .to_le_bytes();
    let begins = length(&file).to_le_bytes();
    let long = length(&directory).to_le_bytes();
    file.extend_from_slice(&directory);
    file.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    for bytes in [&count[..], &count, &long, &begins, &[0, 0]] {
        file.extend_from_slice(bytes);
    }
    file
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("a length of 32 bits")
}

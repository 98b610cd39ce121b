//! Spreadsheets built part by part, because no library writes a hostile one.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compress, Compression, Crc, FlushCompress};

const ROOT: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const WORKBOOK: &str = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Feuille" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const RELATIONS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
/// Its second format is a date with its time.
const STYLES: &str = r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>"#;
const SHEET: &str =
    r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#;

/// A cell as a spreadsheet keeps it.
#[derive(Clone, Copy)]
pub(crate) enum Cell {
    Text(&'static str),
    Number(f64),
    /// Days since the end of 1899.
    Date(f64),
    Empty,
}

pub(crate) fn workbook(rows: &[&[Cell]]) -> Vec<u8> {
    let mut sheet = SHEET.to_owned();
    for (index, row) in rows.iter().enumerate() {
        let number = index + 1;
        write!(sheet, "<row r=\"{number}\">").unwrap();
        for (column, cell) in ('A'..).zip(*row) {
            let _ = match cell {
                Cell::Text(text) => {
                    write!(
                        sheet,
                        "<c r=\"{column}{number}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"
                    )
                }
                Cell::Number(value) => {
                    write!(sheet, "<c r=\"{column}{number}\"><v>{value}</v></c>")
                }
                Cell::Date(days) => {
                    write!(sheet, "<c r=\"{column}{number}\" s=\"1\"><v>{days}</v></c>")
                }
                Cell::Empty => Ok(()),
            };
        }
        sheet.push_str("</row>");
    }
    sheet.push_str("</sheetData></worksheet>");
    archive(
        &[
            frame(),
            vec![Part::new("xl/worksheets/sheet1.xml", sheet.as_bytes())],
        ]
        .concat(),
    )
}

/// A sheet of `mebibytes` of blanks in a file of a thousandth of that; its directory claims
/// `claimed` bytes.
pub(crate) fn bomb(mebibytes: u32, claimed: u32) -> Vec<u8> {
    let mut deflater = Compress::new(Compression::best(), false);
    let mut deflated = Vec::with_capacity(64 * 1024);
    deflater
        .compress_vec(SHEET.as_bytes(), &mut deflated, FlushCompress::Full)
        .unwrap();
    let head = deflated.len();
    deflater
        .compress_vec(&vec![b' '; 1 << 20], &mut deflated, FlushCompress::Full)
        .unwrap();
    // After a full flush nothing refers to what was before, so that a block may come again and
    // again.
    let block = deflated.split_off(head);
    for _ in 0..mebibytes {
        deflated.extend_from_slice(&block);
    }
    let sheet = Part {
        name: "xl/worksheets/sheet1.xml",
        size: claimed,
        checksum: 0,
        deflated,
    };
    archive(&[frame(), vec![sheet]].concat())
}

fn frame() -> Vec<Part> {
    let parts = [
        ("_rels/.rels", ROOT),
        ("xl/workbook.xml", WORKBOOK),
        ("xl/_rels/workbook.xml.rels", RELATIONS),
        ("xl/styles.xml", STYLES),
    ];
    parts
        .into_iter()
        .map(|(name, content)| Part::new(name, content.as_bytes()))
        .collect()
}

#[derive(Clone)]
struct Part {
    name: &'static str,
    /// As the directory says.
    size: u32,
    checksum: u32,
    deflated: Vec<u8>,
}

impl Part {
    fn new(name: &'static str, content: &[u8]) -> Self {
        let mut deflater = DeflateEncoder::new(Vec::new(), Compression::fast());
        deflater.write_all(content).unwrap();
        let mut crc = Crc::new();
        crc.update(content);
        let size = u32::try_from(content.len()).unwrap();
        Self {
            name,
            size,
            checksum: crc.sum(),
            deflated: deflater.finish().unwrap(),
        }
    }

    /// What stands before the part and, longer, in the directory: version, flags, method, time,
    /// checksum, sizes.
    fn description(&self) -> Vec<u8> {
        let mut text = vec![20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0];
        for number in [self.checksum, length(&self.deflated), self.size] {
            text.extend_from_slice(&number.to_le_bytes());
        }
        let name = u16::try_from(self.name.len()).unwrap();
        text.extend_from_slice(&name.to_le_bytes());
        text.extend_from_slice(&[0, 0]);
        text
    }
}

fn archive(parts: &[Part]) -> Vec<u8> {
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
    let count = u16::try_from(parts.len()).unwrap().to_le_bytes();
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
    u32::try_from(bytes.len()).unwrap()
}

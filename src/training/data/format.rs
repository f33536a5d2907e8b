//! How a CSV file is written: what separates its fields, and what its decimals.

use std::io::{self, Cursor, Read};

use super::error::{DataError, Encoding};
use super::number::{Decimal, is_number};

/// What a caller knows of how a file is written. The rest is guessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CsvFormat {
    /// What stands between two fields.
    pub delimiter: Option<u8>,
    /// What stands before the decimals.
    pub decimal: Option<Decimal>,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decided {
    pub(super) delimiter: u8,
    pub(super) decimal: Decimal,
}

/// What may stand between two fields, the usual ones first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// So much of a file is looked at.
const SAMPLE: u64 = 64 << 10;

/// A file of which the first part was read already.
pub(super) type Begun<R> = io::Chain<Cursor<Vec<u8>>, R>;

/// Decides how `input` is written, and gives all of it back but a byte order mark.
pub(super) fn decide<R: Read>(mut input: R, given: CsvFormat) -> Result<(Decided, Begun<R>), DataError> {
    let mut sample = Vec::new();
    input.by_ref().take(SAMPLE).read_to_end(&mut sample)?;
    if sample.starts_with(b"\xff\xfe") || sample.starts_with(b"\xfe\xff") {
        return Err(DataError::Encoding(Encoding::Utf16));
    }
    // Excel and others begin a file with one.
    if sample.starts_with("\u{feff}".as_bytes()) {
        sample.drain(.."\u{feff}".len());
    }
    let delimiter = given.delimiter.unwrap_or_else(|| delimiter(&sample));
    let decimal = given.decimal.unwrap_or_else(|| decimal(&sample, delimiter));
    Ok((Decided { delimiter, decimal }, Cursor::new(sample).chain(input)))
}

/// What stands most often between the names of the header.
fn delimiter(sample: &[u8]) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut is_quoted = false;
    let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
    for &byte in sample.iter().skip_while(|byte| ends(byte)) {
        if ends(&byte) && !is_quoted {
            break;
        }
        is_quoted ^= byte == b'"';
        if let Some(position) = DELIMITERS.iter().position(|&delimiter| delimiter == byte && !is_quoted) {
            counts[position] += 1;
        }
    }
    let most = counts.iter().max().copied().unwrap_or(0);
    counts.iter().position(|&count| count == most).map_or(b',', |position| DELIMITERS[position])
}

/// The comma where more fields read as numbers with it than with a point. Where it separates the fields, such numbers
/// stand in quotes; as that is rare, no other one may have a point, and one that may have its comma between thousands
/// tells nothing.
fn decimal(sample: &[u8], delimiter: u8) -> Decimal {
    let is_rare = delimiter == b',';
    let (mut commas, mut points) = (0_usize, 0_usize);
    for field in fields(sample, delimiter) {
        let tells = !is_rare || !may_be_thousands(&field);
        commas += usize::from(field.contains(',') && tells && is_number(&field, Decimal::Comma));
        points += usize::from(field.contains('.') && is_number(&field, Decimal::Point));
    }
    if commas > points && (points == 0 || !is_rare) { Decimal::Comma } else { Decimal::Point }
}

/// The fields below the header, as the reader of the whole file takes them apart. The last one may be cut off.
fn fields(sample: &[u8], delimiter: u8) -> impl Iterator<Item = String> {
    let csv = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(sample);
    let records = csv.into_byte_records().map_while(Result::ok);
    records.flat_map(|record| {
        record.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect::<Vec<_>>()
    })
}

/// Whether three digits stand behind the comma, and at most three before it: `1,234` may be a thousand, or little more
/// than one.
fn may_be_thousands(field: &str) -> bool {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, rest) = field.trim_start_matches(['+', '-']).split_once(',').unwrap_or((field, ""));
    is_digits(whole) && is_digits(rest) && rest.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(text: &str) -> (char, Decimal) {
        let (Decided { delimiter, decimal }, mut rest) = decide(text.as_bytes(), CsvFormat::default()).unwrap();
        let mut whole = String::new();
        rest.read_to_string(&mut whole).unwrap();
        assert_eq!(whole, text.trim_start_matches('\u{feff}'));
        (delimiter.into(), decimal)
    }

    #[test]
    fn delimiter_and_decimals_are_guessed_from_what_stands_there() {
        for (text, expected) in [
            ("a,b\n1.5,2\n", (',', Decimal::Point)),
            ("\u{feff}a;b\n1,5;2\n", (';', Decimal::Comma)),
            ("a;b\n1.5;2\n", (';', Decimal::Point)),
            ("a;b\n1;2\n", (';', Decimal::Point)),
            ("a\tb\nx\t2,25\n", ('\t', Decimal::Comma)),
            ("a|b|c,d\n", ('|', Decimal::Point)),
            ("a;b\n\"36,5\";\"x\"\n", (';', Decimal::Comma)),
            ("a;b\r\"36,5\";x\r", (';', Decimal::Comma)),
            ("a;b\nx;\"two\nlines; 1.5 or 2,5\"\n36,5;y\n", (';', Decimal::Comma)),
            ("a,b\n\"36,5\",x\n", (',', Decimal::Comma)),
            ("a,b\n\"1,234\",x\n\"12,345\",y\n", (',', Decimal::Point)),
            ("a,b\n\"1,2\",2.5\n\"3,4\",7\n", (',', Decimal::Point)),
            ("\r\n\"a\n,b\";c\n1,5;2\n", (';', Decimal::Comma)),
            ("a;b\n1,234;2\n", (';', Decimal::Comma)),
            ("\"a;b;c\",d\n", (',', Decimal::Point)),
            ("a\n1\n", (',', Decimal::Point)),
            ("", (',', Decimal::Point)),
        ] {
            assert_eq!(decided(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_given_is_not_guessed() {
        let given = CsvFormat { delimiter: Some(b'|'), decimal: Some(Decimal::Comma) };
        let (decided, _) = decide("a;b;c\n1.5;2;3\n".as_bytes(), given).unwrap();
        assert_eq!(decided, Decided { delimiter: b'|', decimal: Decimal::Comma });
    }
}

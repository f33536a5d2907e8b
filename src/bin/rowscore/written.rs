//! How a CSV file is written, where the command line is told.

use clap::ValueEnum;
use rowscore::training::{CsvFormat, Decimal};

#[derive(clap::Args)]
pub(crate) struct Written {
    /// What separates the fields of the CSV file: a character, or `tab` [default: what the header has]
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: Option<u8>,
    /// What stands before the decimals of its numbers [default: a point; where `;` separates the fields, what the
    /// numbers have]
    #[arg(long, value_enum, value_name = "CHARACTER")]
    decimal: Option<Sign>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Sign {
    #[value(name = ".", alias = "point")]
    Point,
    #[value(name = ",", alias = "comma")]
    Comma,
}

impl Written {
    pub(crate) fn format(&self) -> CsvFormat {
        let decimal = self.decimal.map(|sign| match sign {
            Sign::Point => Decimal::Point,
            Sign::Comma => Decimal::Comma,
        });
        CsvFormat { delimiter: self.delimiter, decimal }
    }
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'"' | b'\n' | b'\r' | b'.') => {
            Ok(*byte)
        }
        _ => Err("accepted: a single character like `;`, or `tab`".into()),
    }
}

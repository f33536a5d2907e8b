//! The two ways an artifact is written: for people and diffs, and for the digest.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// `value` as JSON, in the given layout.
pub(super) fn to_vec(value: &impl Serialize, layout: impl Formatter) -> Vec<u8> {
    let mut bytes = Vec::new();
    value
        .serialize(&mut Serializer::with_formatter(&mut bytes, layout))
        .expect("an artifact has string keys only, and a Vec takes every write");
    bytes
}

/// No white space, and every f64 as the hexadecimal digits of its bits. So the digest does not depend
/// on how a version of serde_json prints a number.
pub(super) struct Canonical;

impl Formatter for Canonical {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        write!(writer, "{:016x}", value.to_bits())
    }
}

/// Each field and each element of a list gets its own line. Only a list of plain values stays in one
/// line, because a vector of numbers is one thing.
#[derive(Default)]
pub(super) struct Readable {
    /// The open objects and lists, outermost first.
    open: Vec<Open>,
}

#[derive(Clone, Copy, PartialEq)]
enum Open {
    Object,
    /// A list that has only plain values so far.
    Line,
    /// A list whose elements have lines of their own.
    Lines,
}

impl Readable {
    fn begin<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &str, kind: Open) -> io::Result<()> {
        if let Some(parent @ (Open::Line | Open::Lines)) = self.open.last_mut() {
            *parent = Open::Lines;
            self.new_line(writer)?;
        }
        self.open.push(kind);
        writer.write_all(bracket.as_bytes())
    }

    fn end<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &str) -> io::Result<()> {
        if self.open.pop() != Some(Open::Line) {
            self.new_line(writer)?;
        }
        writer.write_all(bracket.as_bytes())
    }

    fn new_line<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        write!(writer, "\n{:indent$}", "", indent = 2 * self.open.len())
    }
}

impl Formatter for Readable {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, "[", Open::Line)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, "]")
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, "{", Open::Object)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, "}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.new_line(writer)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Sample {
        name: &'static str,
        numbers: Vec<f64>,
        pairs: Vec<(usize, f64)>,
    }

    fn sample() -> Sample {
        Sample { name: "a", numbers: vec![0.1, 2.0], pairs: vec![(0, 0.5), (7, -0.0)] }
    }

    #[test]
    fn a_list_of_numbers_is_one_line_and_anything_else_a_line_an_element() {
        let text = String::from_utf8(to_vec(&sample(), Readable::default())).unwrap();
        let expected = r#"{
  "name": "a",
  "numbers": [0.1,2.0],
  "pairs": [
    [0,0.5],
    [7,-0.0]
  ]
}"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn the_canonical_form_has_the_bits_of_every_number() {
        let text = String::from_utf8(to_vec(&sample(), Canonical)).unwrap();
        let expected = r#"{"name":"a","numbers":[3fb999999999999a,4000000000000000],"pairs":[[0,3fe0000000000000],[7,8000000000000000]]}"#;
        assert_eq!(text, expected);
    }
}

//! The numbers of a file's lines, as an editor shows them, whatever ends a line: LF, CR LF or CR.

use std::collections::VecDeque;
use std::io::{self, Read};

/// Input that remembers on which line its bytes stand. The CSV reader counts only LF, and where a record begins, it
/// stands before the rest of the last line's end and before empty lines.
pub(super) struct Numbered<R> {
    input: R,
    read: u64,
    line: u64,
    before: u8,
    /// The position of the first byte of each line that has one, and the line's number.
    begun: VecDeque<(u64, u64)>,
}

impl<R> Numbered<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, read: 0, line: 1, before: b'\n', begun: VecDeque::new() }
    }

    /// The line of the first byte from `position` on that ends no line. Positions must not go backwards.
    pub(super) fn line(&mut self, position: u64) -> u64 {
        while self.begun.front().is_some_and(|(at, _)| *at < position) {
            self.begun.pop_front();
        }
        self.begun.front().map_or(self.line, |(_, line)| *line)
    }

    fn see(&mut self, byte: u8) {
        let ends = |byte: u8| matches!(byte, b'\n' | b'\r');
        if ends(byte) {
            // CR LF is one end.
            self.line += u64::from(self.before != b'\r' || byte != b'\n');
        } else if ends(self.before) {
            self.begun.push_back((self.read, self.line));
        }
        self.before = byte;
        self.read += 1;
    }
}

impl<R: Read> Read for Numbered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        buffer[..count].iter().for_each(|byte| self.see(*byte));
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_on_the_line_that_an_editor_shows() {
        for (text, expected) in [
            ("a\nb\n\nc", [1, 2, 4]),
            ("a\r\nb\r\n\r\nc", [1, 2, 4]),
            ("a\rb\r\rc", [1, 2, 4]),
            ("\n\na\n\r\nb\r\rc\n", [3, 5, 7]),
        ] {
            let mut numbered = Numbered::new(text.as_bytes());
            io::copy(&mut numbered, &mut io::sink()).unwrap();
            let lines = ["a", "b", "c"].map(|letter| numbered.line(text.find(letter).unwrap() as u64));
            assert_eq!(lines, expected, "{text:?}");
        }
    }

    #[test]
    fn ends_of_lines_are_passed_over() {
        let mut numbered = Numbered::new("a\r\n\r\nb\r\n".as_bytes());
        io::copy(&mut numbered, &mut io::sink()).unwrap();
        assert_eq!([1, 2, 3, 4, 5, 6].map(|position| numbered.line(position)), [3, 3, 3, 3, 3, 4]);
    }
}

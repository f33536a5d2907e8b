//! Lines on standard output, for as long as somebody reads them.

use std::fmt::Display;
use std::io::{self, BufWriter, StdoutLock, Write};

use rowscore::words;

/// Standard output, line by line.
pub(crate) struct Lines(BufWriter<StdoutLock<'static>>);

impl Lines {
    pub(crate) fn new() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }

    /// Writes a line, as [`words::plain`] has it. Where nobody reads any more, as after `head`, the program ends well.
    pub(crate) fn write(&mut self, line: impl Display) -> io::Result<()> {
        Self::heard(writeln!(self.0, "{}", words::plain(&line.to_string())))
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        Self::heard(self.0.flush())
    }

    fn heard(written: io::Result<()>) -> io::Result<()> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
            written => written,
        }
    }
}

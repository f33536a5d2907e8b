//! What the command line says: results on standard output, remarks on standard error. Here alone is decided who
//! reads a result: people read text on their terminal, programs read JSON. And here alone lies what happens where
//! nobody reads any more, as after `head`: that is no error.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::process;

use rowscore::words;
use serde::Serialize;

/// Who is to read the results.
#[derive(clap::Args)]
pub(crate) struct Choice {
    /// Print JSON, also on a terminal
    #[arg(long, global = true, conflicts_with = "text")]
    json: bool,
    /// Print text for people, also where the output goes to a file or to another program
    #[arg(long, global = true)]
    text: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    People,
    Programs,
}

/// Standard output.
pub(crate) struct Out {
    to: BufWriter<Stdout>,
    reader: Reader,
}

impl Out {
    pub(crate) fn new(choice: &Choice) -> Self {
        let (to, by_itself) = (io::stdout(), io::stdout().is_terminal() || choice.text);
        let reader = if by_itself && !choice.json { Reader::People } else { Reader::Programs };
        Self { to: BufWriter::new(to), reader }
    }

    /// Whether a person is to read the results.
    pub(crate) fn is_for_people(&self) -> bool {
        self.reader == Reader::People
    }

    /// A result that was asked for: a line of JSON for programs, or lines for people.
    pub(crate) fn show<L: IntoIterator<Item = String>>(
        &mut self,
        result: &impl Serialize,
        lines: impl FnOnce() -> L,
    ) -> io::Result<()> {
        let written = match self.reader {
            Reader::People => self.lines(lines()),
            Reader::Programs => self.object(result),
        };
        Self::heard(written, Unheard::IsTheEnd)
    }

    /// What was done. Where standard output is for programs, people are told on standard error.
    pub(crate) fn tell<L: IntoIterator<Item = String>>(&mut self, done: &impl Serialize, lines: L) -> io::Result<()> {
        let written = match self.reader {
            Reader::People => self.lines(lines),
            Reader::Programs => {
                let written = self.object(done);
                lines.into_iter().for_each(|line| remark(&line));
                written
            }
        };
        Self::heard(written.and_then(|()| self.to.flush()), Unheard::ChangesNothing)
    }

    /// A text in a format of its own.
    pub(crate) fn verbatim(&mut self, text: &str) -> io::Result<()> {
        Self::heard(self.to.write_all(text.as_bytes()), Unheard::IsTheEnd)
    }

    /// Lets whoever reads have what was shown so far.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        Self::heard(self.to.flush(), Unheard::ChangesNothing)
    }

    fn object(&mut self, object: &impl Serialize) -> io::Result<()> {
        self.line(&serde_json::to_string(object)?)
    }

    fn lines(&mut self, lines: impl IntoIterator<Item = String>) -> io::Result<()> {
        lines.into_iter().try_for_each(|line| self.line(&line))
    }

    /// What a terminal would take for a command is escaped, which leaves JSON what it was.
    fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.to, "{}", words::plain(line))
    }

    fn heard(written: io::Result<()>, unheard: Unheard) -> io::Result<()> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => match unheard {
                Unheard::IsTheEnd => process::exit(0),
                Unheard::ChangesNothing => Ok(()),
            },
            Err(error) => Err(io::Error::new(error.kind(), format!("writing the output: {error}"))),
            written => written,
        }
    }
}

/// What it means that nobody reads any more.
enum Unheard {
    /// There is nothing else to do.
    IsTheEnd,
    /// Something was done, and that is how the program ends.
    ChangesNothing,
}

/// A remark in a line of its own.
pub(crate) fn remark(line: &str) {
    // Whether somebody reads remarks changes nothing.
    let _ = writeln!(io::stderr(), "{}", words::plain(line));
}

/// A remark, put together as by `format!`.
macro_rules! say {
    ($($words:tt)*) => { $crate::out::remark(&format!($($words)*)) };
}
pub(crate) use say;

/// Standard error as the log writes to it: also where nobody reads it any more.
pub(crate) struct Log;

impl Write for Log {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().write_all(record);
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

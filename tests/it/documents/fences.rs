//! A document's fenced blocks, one after the other.

/// A document that is read from its beginning to its end.
pub(super) struct Document {
    rest: &'static str,
}

impl Document {
    pub(super) fn new(text: &'static str) -> Self {
        Self { rest: text }
    }

    /// The next block's text. It must be of this language, and begin like this.
    pub(super) fn next(&mut self, language: &str, begin: &str) -> &'static str {
        let Some((found, text)) = self.advance() else { panic!("no block is left, but `{begin}` should come") };
        let is_expected = found == language && text.trim_start().starts_with(begin);
        assert!(is_expected, "not the {language} block `{begin}`, but a block that this test does not know:\n{text}");
        text
    }

    /// Passes by a block that no test can run, for a reason.
    pub(super) fn skip(&mut self, language: &str, begin: &str, reason: &str) {
        assert!(!reason.is_empty());
        self.next(language, begin);
    }

    /// The rows of the table that comes next in the text, its head first.
    pub(super) fn table(&self) -> Vec<Vec<String>> {
        let lines = self.rest.lines().skip_while(|line| !line.starts_with('|'));
        let rows = lines.take_while(|line| line.starts_with('|')).filter(|line| !line.starts_with("|--"));
        rows.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
    }

    /// Every block was run or passed by.
    pub(super) fn end(mut self) {
        if let Some((_, text)) = self.advance() {
            panic!("a block that this test does not know:\n{text}");
        }
    }

    fn advance(&mut self) -> Option<(&'static str, &'static str)> {
        let (_, rest) = self.rest.split_once("\n```")?;
        let (language, rest) = rest.split_once('\n')?;
        let (text, rest) = rest.split_once("\n```\n")?;
        self.rest = rest;
        Some((language, text))
    }
}

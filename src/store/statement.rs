//! Statements as values: what is said, and how its answer is read, so that several can go in one round
//! trip.

use mysql_async::prelude::Queryable;
use mysql_async::{Params, Row};

use super::bound::bound;
use super::{Doing, StoreError};

/// The rows of each statement that was said, in order.
type Answers = std::vec::IntoIter<Vec<Row>>;

/// Makes of the answers to a statement, which it takes, what they come to.
type Read<T> = Box<dyn FnOnce(&mut Answers) -> Result<T, StoreError> + Send>;

/// One statement or several, and what their answers come to.
#[must_use = "a statement does nothing until it is asked"]
pub struct Statement<T> {
    /// Each with what it is for, for a person.
    said: Vec<(String, &'static str)>,
    read: Read<T>,
}

impl<T: Send + 'static> Statement<T> {
    /// `sql` with its parameters, of whose rows `read` makes the answer.
    pub(super) fn new(
        doing: &'static str,
        sql: &str,
        params: Params,
        read: impl FnOnce(Vec<Row>) -> Result<T, StoreError> + Send + 'static,
    ) -> Self {
        let read = |answers: &mut Answers| read(answers.next().unwrap_or_default());
        Self { said: vec![(bound(sql, params), doing)], read: Box::new(read) }
    }

    /// Both in one round trip, this one first. Where one fails, the server leaves out those behind it.
    pub fn and<U: Send + 'static>(mut self, other: Statement<U>) -> Statement<(T, U)> {
        let (first, second) = (self.read, other.read);
        self.said.extend(other.said);
        Statement { said: self.said, read: Box::new(|answers| Ok((first(answers)?, second(answers)?))) }
    }

    /// The same, with its answer turned into another.
    pub fn map<U: Send + 'static>(self, turn: impl FnOnce(T) -> U + Send + 'static) -> Statement<U> {
        Statement { said: self.said, read: Box::new(|answers| (self.read)(answers).map(turn)) }
    }

    /// Says it, and reads the answer.
    ///
    /// # Errors
    /// The database's, or an answer that the schema does not allow.
    pub async fn ask(self, conn: &mut impl Queryable) -> Result<T, StoreError> {
        let mut answers = Vec::with_capacity(self.said.len());
        if let [(_, first), ..] = self.said[..] {
            let text = self.said.iter().map(|(sql, _)| &sql[..]).collect::<Vec<_>>().join("; ");
            let mut results = conn.query_iter(text).await.doing(first)?;
            for &(_, doing) in &self.said {
                answers.push(results.collect().await.doing(doing)?);
            }
            results.drop_result().await.doing(first)?;
        }
        (self.read)(&mut answers.into_iter())
    }
}

impl Statement<()> {
    /// `sql` with its parameters, which answers nothing.
    pub(super) fn change(doing: &'static str, sql: &str, params: Params) -> Self {
        Self::new(doing, sql, params, |_| Ok(()))
    }

    /// None at all. Costs no round trip.
    pub fn nothing() -> Self {
        Self { said: Vec::new(), read: Box::new(|_| Ok(())) }
    }

    /// This one, then `next`, whose answer it is.
    pub fn then<U: Send + 'static>(self, next: Statement<U>) -> Statement<U> {
        self.and(next).map(|((), answer)| answer)
    }
}

/// The first of the rows, which there must be.
pub(super) fn the_row(rows: Vec<Row>) -> Result<Row, StoreError> {
    rows.into_iter().next().ok_or_else(|| StoreError::Unexpected("a statement without a row".into()))
}

/// Begins a transaction, which [`commit`] or [`rollback`] ends. Whoever fails in between without one of
/// them gives up the connection.
pub fn begin() -> Statement<()> {
    Statement::change("beginning a transaction", "START TRANSACTION", Params::Empty)
}

/// Commits the transaction. It may be committed even where only the answer is lost.
pub fn commit() -> Statement<()> {
    Statement::change("committing a transaction", "COMMIT", Params::Empty)
}

/// Takes back what the transaction did.
pub fn rollback() -> Statement<()> {
    Statement::change("taking back a transaction", "ROLLBACK", Params::Empty)
}

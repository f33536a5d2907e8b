//! Statements as values: what is said, and how its answer is read, so that several can go in one round
//! trip.

use mysql_async::prelude::Queryable;
use mysql_async::{Params, Row};

use super::bound::bound;
use super::turn::round_trip;
use super::{Doing, StoreError};

/// Statements, each with what it is for, for a person.
pub(super) type Said = Vec<(String, &'static str)>;

/// The rows of each statement that was said, in order.
type Answers = std::vec::IntoIter<Vec<Row>>;

/// Makes of the answers to a statement, which it takes, what they come to.
type Read<T> = Box<dyn FnOnce(&mut Answers) -> Result<T, StoreError> + Send>;

/// One statement or several, and what their answers come to.
#[must_use = "a statement does nothing until it is asked"]
pub struct Statement<T> {
    said: Said,
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

    /// `sql` with its parameters, of whose one row `read` makes the answer.
    pub(super) fn one(doing: &'static str, sql: &str, params: Params, read: impl ReadsRow<T>) -> Self {
        Self::new(doing, sql, params, move |rows| match rows.first() {
            Some(row) => read(row),
            None => Err(StoreError::Unexpected(format!("{doing}: the database answered no row"))),
        })
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

    /// Says it, and reads the answer. `None`: it would take longer than the statement allows itself.
    pub(crate) async fn ask_in_time(self, conn: &mut impl Queryable) -> Result<Option<T>, StoreError> {
        match self.ask(conn).await {
            Err(error) if error.took_too_long() => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// Says it, and reads the answer.
    ///
    /// # Errors
    /// The connection may be in the middle of a transaction, or of no more use: see [`StoreError::fault`].
    pub async fn ask(self, conn: &mut impl Queryable) -> Result<T, StoreError> {
        let (said, read) = self.apart();
        read(answers(&said, conn).await?)
    }

    /// What is said, and what reads the answers to it: only the latter depends on the answer's type, which keeps what is
    /// compiled small.
    pub(super) fn apart(self) -> (Said, impl FnOnce(Vec<Vec<Row>>) -> Result<T, StoreError>) {
        let Self { said, read } = self;
        (said, |answers| read(&mut answers.into_iter()))
    }
}

/// Says it in one round trip, or in none if there is nothing to say. Answers the rows of each statement.
pub(super) async fn answers(said: &Said, conn: &mut impl Queryable) -> Result<Vec<Vec<Row>>, StoreError> {
    let [(_, first), ..] = said[..] else { return Ok(Vec::new()) };
    let trip = async {
        let mut answers = Vec::with_capacity(said.len());
        let text = said.iter().map(|(sql, _)| &sql[..]).collect::<Vec<_>>().join("; ");
        let mut results = conn.query_iter(text).await.doing(first)?;
        for &(_, doing) in said {
            answers.push(results.collect().await.doing(doing)?);
        }
        results.drop_result().await.doing(first)?;
        Ok(answers)
    };
    round_trip(first, trip).await
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

impl<T: Send + 'static> Statement<Option<T>> {
    /// `sql` with its parameters, of whose first row, if there is one, `read` makes the answer.
    pub(super) fn first(doing: &'static str, sql: &str, params: Params, read: impl ReadsRow<T>) -> Self {
        Self::new(doing, sql, params, move |rows| rows.first().map(read).transpose())
    }
}

impl<T: Send + 'static> Statement<Vec<T>> {
    /// `sql` with its parameters, of whose rows `read` makes one answer each.
    pub(super) fn all(doing: &'static str, sql: &str, params: Params, read: impl ReadsRow<T>) -> Self {
        Self::new(doing, sql, params, move |rows| rows.iter().map(read).collect())
    }

    /// No answers. Costs no round trip.
    pub(super) fn none() -> Self {
        Statement::nothing().map(|()| Vec::new())
    }
}

/// What makes an answer of a row.
pub(super) trait ReadsRow<T>: Fn(&Row) -> Result<T, StoreError> + Send + 'static {}

impl<T, F: Fn(&Row) -> Result<T, StoreError> + Send + 'static> ReadsRow<T> for F {}

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

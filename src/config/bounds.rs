//! What tells that a database is in trouble, and from where on: `WAIT_IF` and `REPLICAS`.

use super::server::Place;
use super::setting::{Accepts, Setting};
use crate::run::named;

named! {
    /// What tells that the database is in trouble.
    pub enum Sign {
        /// Statements that are under way, rowscore's own among them.
        ThreadsRunning = "threads_running",
        /// Old versions of rows that InnoDB still keeps.
        HistoryLength = "history_length",
        /// How many seconds replicas are behind.
        ReplicaLag = "replica_lag",
        /// What the user's own query answers.
        Query = "query",
    }
}

/// A sign, and from where on it tells of trouble.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// What is looked at.
    pub sign: Sign,
    /// With more, runs wait.
    pub most: f64,
}

/// Bounds of signs, each at most once: `WAIT_IF`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bounds(pub Vec<Bound>);

impl Bounds {
    /// Whether a variable that belongs to some sign has one here.
    pub(super) fn have_a_use_for(&self, variable: &str) -> bool {
        let needed = match variable {
            "WAIT_QUERY" => Sign::Query,
            "REPLICAS" => Sign::ReplicaLag,
            _ => return true,
        };
        self.0.iter().any(|bound| bound.sign == needed)
    }
}

impl Setting for Bounds {
    const ACCEPTS: Accepts = Accepts::Text(
        "bounds with commas between them, like threads_running>50, history_length>1000000, replica_lag>10 or query>0, \
         each sign once",
    );

    fn read(text: &str) -> Option<Self> {
        let bound = |text: &str| {
            let (sign, most) = text.split_once('>')?;
            let most: f64 = most.trim().parse().ok()?;
            Some(Bound { sign: sign.trim().parse().ok()?, most: Some(most).filter(|most| most.is_finite())? })
        };
        let bounds = text.split(',').map(bound).collect::<Option<Vec<_>>>()?;
        let has_twice = |(place, bound): (usize, &Bound)| bounds[..place].iter().any(|other| other.sign == bound.sign);
        (!bounds.iter().enumerate().any(has_twice)).then_some(Self(bounds))
    }
}

/// Servers, at most eight: `REPLICAS`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Places(pub Vec<Place>);

/// Each is asked at every look.
const MOST_REPLICAS: usize = 8;

impl Setting for Places {
    const ACCEPTS: Accepts =
        Accepts::Text("one to eight HOST:PORT with commas between them, like replica-1:3306,replica-2:3306");

    fn read(text: &str) -> Option<Self> {
        let places = text.split(',').map(|place| Place::read(place.trim())).collect::<Option<Vec<_>>>()?;
        (places.len() <= MOST_REPLICAS).then_some(Self(places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_signs_with_numbers_each_once() {
        let Bounds(read) = Bounds::read("threads_running>50, replica_lag > 1.5,query>0").unwrap();
        let read: Vec<_> = read.iter().map(|bound| (bound.sign, bound.most)).collect();
        assert_eq!(read, [(Sign::ThreadsRunning, 50.0), (Sign::ReplicaLag, 1.5), (Sign::Query, 0.0)]);
        for text in
            ["", "threads_running", "threads>5", "query>NaN", "query>inf", "query>0,query>1", "query>0,", "query<0"]
        {
            assert_eq!(Bounds::read(text), None, "{text}");
        }
    }

    #[test]
    fn replicas_are_servers_with_ports() {
        assert_eq!(Places::read("a:3306, [::1]:3307").unwrap().0.len(), 2);
        for text in ["", "a", "a:3306,", "a:0"] {
            assert_eq!(Places::read(text), None, "{text}");
        }
    }
}

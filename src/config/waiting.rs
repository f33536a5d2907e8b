//! When a run waits: `WAIT_IF`, `WAIT_QUERY`, `REPLICAS` and `QUIET_HOURS`.

use super::bounds::{Bound, Sign};
use super::quiet::QuietHours;
use super::server::Place;
use super::source::Sql;
use super::variables;
use super::vars::Vars;

/// When a run waits. By default it never does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WaitConfig {
    /// `WAIT_IF`: while one of these is exceeded.
    pub bounds: Vec<Bound>,
    /// `WAIT_QUERY`: the user's own sign. Set where a bound is of [`Sign::Query`].
    pub query: Option<Sql>,
    /// `REPLICAS`: whose lag is looked at; none: those that an Aurora knows of.
    pub replicas: Vec<Place>,
    /// `QUIET_HOURS`: within them no page is begun.
    pub quiet: Option<QuietHours>,
}

impl WaitConfig {
    pub(super) fn read(vars: &mut Vars<'_>) -> Self {
        let bounds = vars.get(variables::WAIT_IF).map(|bounds| bounds.0).unwrap_or_default();
        let query = vars.get(variables::WAIT_QUERY);
        let replicas = vars.get(variables::REPLICAS).map(|places| places.0).unwrap_or_default();
        let quiet = vars.get(variables::QUIET_HOURS);
        let has = |sign| bounds.iter().any(|bound: &Bound| bound.sign == sign);
        // What is refused for itself is said once.
        if vars.problems.is_empty() {
            match (has(Sign::Query), query.is_some()) {
                (true, false) => vars.problem(
                    "WAIT_IF has a bound of query, and WAIT_QUERY is not set; give a SELECT of one number".into(),
                ),
                (false, true) => vars.problem(
                    "WAIT_QUERY is set, and WAIT_IF has no bound for it; give one, like WAIT_IF=query>0".into(),
                ),
                _ => {}
            }
            if !replicas.is_empty() && !has(Sign::ReplicaLag) {
                let why =
                    "REPLICAS is set, and WAIT_IF has no bound of replica_lag; give one, like WAIT_IF=replica_lag>10";
                vars.problem(why.into());
            }
        }
        Self { bounds, query, replicas, quiet }
    }

    /// Whether a run never waits.
    pub fn is_never(&self) -> bool {
        self.bounds.is_empty() && self.quiet.is_none()
    }
}

//! What was found, step by step, and the verdict.

use serde::Serialize;

use super::remedy::Found;
use crate::config::JobName;
use crate::run::named;

named! {
    /// What is tried, in this order.
    #[derive(PartialOrd, Ord)]
    pub enum Step {
        /// The way to the server, TLS, and the login.
        Login = "login",
        /// Its version and settings.
        Server = "server",
        /// rowscore's own tables, as this version needs them.
        Tables = "tables",
        /// The table that is scored, its columns, and the model.
        Fit = "fit",
        /// What the login may write.
        Grants = "grants",
        /// A page that is written, read back and rolled back: the canary.
        Page = "page",
        /// A message through the queue and back.
        Queue = "queue",
        /// What is wrong with runs, and what waits.
        Standing = "standing",
    }
}

named! {
    /// How a step went.
    pub enum State {
        /// As it should.
        Ok = "ok",
        /// As it should, with something to be looked at.
        Odd = "odd",
        /// It was not tried.
        Untried = "untried",
        /// Runs will fail there, or what is asked for beside them will not be done.
        Failed = "failed",
    }
}

named! {
    /// What it comes to.
    pub enum Verdict {
        /// No step failed.
        Well = "well",
        /// A step failed.
        Unwell = "unwell",
    }
}

/// What was found at a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The job whose step it is; `None`: of all, or of the only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<JobName>,
    /// The step.
    pub step: Step,
    /// How it went.
    pub state: State,
    /// What was seen, in a sentence.
    pub said: String,
    /// What to do about it, where something is to be done: most often the next command.
    pub remedy: Option<String>,
}

/// All findings, and what they come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checkup {
    /// What they come to.
    pub verdict: Verdict,
    /// The findings, in the order of the steps.
    pub steps: Vec<Finding>,
}

impl Finding {
    pub(super) fn ok(step: Step, said: impl Into<String>) -> Self {
        Self { job: None, step, state: State::Ok, said: said.into(), remedy: None }
    }

    pub(super) fn untried(step: Step, said: impl Into<String>) -> Self {
        Self { state: State::Untried, ..Self::ok(step, said) }
    }

    pub(super) fn odd(step: Step, said: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: State::Odd, remedy: Some(remedy.into()), ..Self::ok(step, said) }
    }

    pub(super) fn failed(step: Step, Found { said, remedy }: Found) -> Self {
        Self { state: State::Failed, remedy, ..Self::ok(step, said) }
    }
}

impl Checkup {
    /// What these come to. Steps of which nothing is said were not tried.
    pub(super) fn of(mut steps: Vec<Finding>) -> Self {
        let is_failed = steps.iter().any(|finding| finding.state == State::Failed);
        let left_out = Step::ALL.iter().filter(|step| steps.iter().all(|finding| finding.step != **step));
        steps.extend(left_out.map(|step| Finding::untried(*step, "not tried")).collect::<Vec<_>>());
        steps.sort_by_key(|finding| finding.step);
        Self { verdict: if is_failed { Verdict::Unwell } else { Verdict::Well }, steps }
    }

    /// That nothing can be tried yet, which is no failure.
    pub fn put_off(why: &str) -> Self {
        Self::of(vec![Finding::untried(Step::Login, why)])
    }

    /// The table for people, the verdict last.
    pub fn lines(&self) -> Vec<String> {
        let of = |finding: &Finding| {
            let Finding { job, step, state, said, remedy } = finding;
            let job = job.as_ref().map_or_else(String::new, |job| format!("{job}: "));
            let remedy = remedy.as_ref().map(|remedy| format!("{:17} -> {remedy}", ""));
            std::iter::once(format!("{step:<9}{state:<8} {job}{said}")).chain(remedy).collect::<Vec<_>>()
        };
        self.steps.iter().flat_map(of).chain([self.sentence()]).collect()
    }

    fn sentence(&self) -> String {
        let named = |state: State| {
            let of_state = self.steps.iter().filter(|finding| finding.state == state).map(|finding| finding.step);
            let mut steps: Vec<&str> = of_state.map(Step::name).collect();
            steps.dedup();
            (!steps.is_empty()).then(|| steps.join(", "))
        };
        if let Some(failed) = named(State::Failed) {
            return format!("Not well: {failed}. Do what stands there, and try again.");
        }
        let odd = named(State::Odd).map(|odd| format!("; look at: {odd}")).unwrap_or_default();
        let untried = named(State::Untried).map(|steps| format!("; not tried: {steps}")).unwrap_or_default();
        format!("All is well{odd}{untried}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(step: Step) -> Finding {
        Finding::failed(step, Found { said: "it broke".into(), remedy: Some("mend it".into()) })
    }

    #[test]
    fn one_failed_step_makes_the_whole_unwell_and_says_what_to_do() {
        let checkup = Checkup::of(vec![Finding::ok(Step::Login, "as `a@%`"), failed(Step::Server)]);
        assert_eq!(checkup.verdict, Verdict::Unwell);
        let lines = checkup.lines();
        assert_eq!(lines[0], "login    ok       as `a@%`");
        assert_eq!(lines[1..3], ["server   failed   it broke", "                  -> mend it"]);
        assert_eq!(lines[3], "tables   untried  not tried");
        assert_eq!(lines.last().unwrap(), "Not well: server. Do what stands there, and try again.");
    }

    #[test]
    fn what_was_not_tried_or_is_odd_is_named_and_fails_nothing() {
        let all = Step::ALL.iter().map(|step| match step {
            Step::Server => Finding::odd(*step, "read_only is ON", "set it OFF"),
            Step::Queue => Finding::untried(*step, "no queue"),
            step => Finding::ok(*step, "fine"),
        });
        let checkup = Checkup::of(all.collect());
        assert_eq!(checkup.verdict, Verdict::Well);
        assert_eq!(checkup.lines().last().unwrap(), "All is well; look at: server; not tried: queue.");
        assert_eq!(Checkup::put_off("it sleeps").verdict, Verdict::Well);
    }
}

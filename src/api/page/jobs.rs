//! The list of the jobs, where there are any, and the sentence above it where the page is about nothing else.

use maud::{Markup, html};

use super::headline::Headline;
use crate::api::jobs::JobLine;
use crate::api::several::{Several, Wrong};
use crate::standing::{Mood, Standing};

/// Things that are wrong and are shown above the list, at most: the worst.
const SHOWN: usize = 20;

/// How so many jobs stand together.
pub(super) fn headline(described: usize, several: &Several<Standing>) -> Headline {
    let mood = several.mood();
    let there_are = if described == 1 { "There is 1 job".to_owned() } else { format!("There are {described} jobs") };
    let such = several.jobs.iter().filter(|job| job.mood() == mood).count();
    let sentence = match (mood, such) {
        (Mood::Calm, _) | (_, 0) => format!("{there_are}."),
        (Mood::Busy, 1) => format!("{there_are}; 1 is at work."),
        (Mood::Busy, such) => format!("{there_are}; {such} are at work."),
        (Mood::Odd, 1) => format!("{there_are}; 1 wants a look."),
        (Mood::Odd, such) => format!("{there_are}; {such} want a look."),
        (Mood::Bad, such) => format!("{there_are}; something is to be done about {such}."),
    };
    let wrong = several.wrong();
    let said = |Wrong { mood, job, sentence, remedy, .. }: &Wrong| {
        let whose = job.as_ref().map_or_else(String::new, |job| format!("Job `{job}`: "));
        (*mood, format!("{whose}{sentence} {remedy}"))
    };
    let mut others: Vec<(Mood, String)> = wrong.iter().take(SHOWN).map(said).collect();
    if let Some(Wrong { mood, .. }) = wrong.get(SHOWN) {
        others.push((*mood, format!("And {} more: `/health` has them all.", wrong.len() - SHOWN)));
    }
    Headline { mood, sentence, details: Vec::new(), others }
}

/// The jobs, each with its state, and a way to its page.
pub(super) fn jobs(lines: &[JobLine]) -> Markup {
    html! {
        section id="jobs" aria-labelledby="jobs-title" {
            h2 id="jobs-title" { "Jobs" }
            p class="note" { "The same as JSON: " a href="/jobs" { "/jobs" } "." }
            table {
                thead { tr { th { "Job" } th { "Latest run" } th class="wide" { "Table" } } }
                tbody {
                    @for line in lines {
                        tr data-key=(line.job) {
                            td {
                                a href={ "/jobs/" (line.job) "/" } { (line.job) }
                                @if line.state != "active" { small { (line.state) } }
                            }
                            td {
                                @match (&line.wrong, &line.run) {
                                    (Some(wrong), _) => { small class="error" { (wrong) } }
                                    (None, Some(run)) => (run.brief()),
                                    (None, None) => "none yet",
                                }
                            }
                            td class="wide" { (line.table.as_deref().unwrap_or("–")) }
                        }
                    }
                }
            }
        }
    }
}

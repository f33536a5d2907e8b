//! The list of the jobs, where there are any.

use maud::{Markup, html};

use crate::api::jobs::JobLine;

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

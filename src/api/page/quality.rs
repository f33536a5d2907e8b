//! What predictions came to, model beside model and run by run.

use maud::{Markup, html};

use super::view::View;
use crate::config::ItemsTable;
use crate::quality::Figures;
use crate::store::qualities::{Qualities, Quality};
use crate::words;

/// Lines of runs that are shown, the latest.
const RUNS: usize = 12;

/// A figure: its name, whether a narrow page leaves it out, and where it is.
type Column = (&'static str, bool, fn(&Figures) -> Option<f64>);

const COLUMNS: [Column; 7] = [
    ("Accuracy", false, |figures| figures.accuracy),
    ("Log-loss", false, |figures| figures.log_loss),
    ("AUC", true, |figures| figures.auc),
    ("Brier", true, |figures| figures.brier),
    ("Calibration error", true, |figures| figures.calibration_error),
    ("MAE", false, |figures| figures.mae),
    ("RMSE", false, |figures| figures.rmse),
];

/// What predictions came to; nothing where no column holds the truth.
pub(super) fn quality(table: &ItemsTable, view: &View) -> Markup {
    let (Some(truth), found) = (&table.truth, &view.standing.facts.qualities) else { return html! {} };
    let figures: Vec<Figures> = found.iter().map(Quality::figures).collect();
    let columns: Vec<Column> =
        COLUMNS.into_iter().filter(|(_, _, of)| figures.iter().any(|figures| of(figures).is_some())).collect();
    html! {
        section id="quality" aria-labelledby="quality-title" {
            h2 id="quality-title" { "Quality" }
            @if found.is_empty() {
                p class="none" { "No truth has come yet in column " code { (truth.as_str()) } "." }
            } @else {
                p class="note" {
                    "What predictions came to, as far as column " code { (truth.as_str()) } " says; as of the last look. "
                    @if let Some(bound) = view.standing.facts.quality_bound { "Wanted: " code { (bound) } ". " }
                    "As JSON: " a href="/quality" { "/quality" } "."
                }
                table {
                    thead {
                        tr {
                            th { "Runs" } th { "Model" } th class="number" { "Judged" }
                            @for (name, is_wide, _) in &columns { th class=(number(*is_wide)) { (name) } }
                        }
                    }
                    tbody { (lines(view, found, &columns)) }
                }
            }
        }
    }
}

fn lines(view: &View, found: &Qualities, columns: &[Column]) -> Markup {
    html! {
        @for model in found.models() {
            @let (sums, figures) = found.of_model(model);
            tr data-key={ "all-" (model) } {
                th scope="row" { "all" }
                td {
                    code { (model) } " "
                    @if model == view.in_use.version.to_string() { span class="tag good" { "in use" } }
                }
                td class="number" { (words::count(sums.rows)) }
                (cells(&figures, columns))
            }
        }
        @for of in found.iter().take(RUNS) {
            tr data-key={ (of.run) "-" (of.model) } {
                th scope="row" { a href={ "/run/" (of.run) } { (of.run) } }
                td { code { (of.model) } }
                td class="number" {
                    (words::count(of.sums.rows))
                    @if of.strange > 0 { small { (words::count(of.strange)) " with another truth" } }
                }
                (cells(&of.figures(), columns))
            }
        }
    }
}

fn cells(figures: &Figures, columns: &[Column]) -> Markup {
    html! {
        @for (_, is_wide, of) in columns {
            td class=(number(*is_wide)) { (of(figures).map_or_else(|| "–".to_owned(), |figure| format!("{figure:.4}"))) }
        }
    }
}

fn number(is_wide: bool) -> &'static str {
    if is_wide { "number wide" } else { "number" }
}

//! The rows of `batch_quality`: what the predictions of a run came to, by the model that made them.

use std::ops::Deref;

use mysql_async::{Row, params};

use super::StoreError;
use super::row::{column, name};
use super::runs::utc;
use super::statement::Statement;
use crate::config::{ItemsTable, QualityBound};
use crate::quality::{Basis, Figures, Judged, Sums, of_measure};
use crate::run::RunId;
use crate::window::Time;

/// Judged predictions from which on a bound tells something.
const TELLING: u64 = 100;

/// What the predictions of runs of a job came to, by run and model, the latest run first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Qualities(Vec<Quality>);

/// What the predictions of a run came to, of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Quality {
    /// The run.
    pub run: RunId,
    /// The version of the model.
    pub model: String,
    /// What could be judged.
    pub basis: Basis,
    /// Predictions whose truth is no class, or no number.
    pub strange: u64,
    /// What was added up of the others.
    pub sums: Sums,
    /// The area under the curve, and of how many predictions it is.
    pub auc: (Option<f64>, u64),
    /// When the last one was judged.
    pub judged_at: Option<Time>,
}

impl Deref for Qualities {
    type Target = [Quality];

    fn deref(&self) -> &[Quality] {
        &self.0
    }
}

impl IntoIterator for Qualities {
    type Item = Quality;
    type IntoIter = std::vec::IntoIter<Quality>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Qualities {
    /// The versions of the models, in order.
    #[must_use]
    pub fn models(&self) -> Vec<&str> {
        let mut models: Vec<&str> = self.iter().map(|quality| quality.model.as_str()).collect();
        models.sort_unstable();
        models.dedup();
        models
    }

    /// What predictions of a model came to in those of these runs that have the basis of the latest one: what is known of
    /// numbers and of labels alone cannot be added up. The area under the curve is the mean over the runs, weighted by
    /// their rows.
    #[must_use]
    pub fn of_model(&self, model: &str) -> (Sums, Figures) {
        // Where nothing was judged there is no basis.
        let judged = || self.iter().filter(|quality| quality.model == model && quality.sums.rows > 0);
        let Some(basis) = judged().next().map(|latest| latest.basis) else { return Default::default() };
        let (mut sums, mut area, mut of) = (Sums::default(), 0.0, 0);
        for quality in judged().filter(|quality| quality.basis == basis) {
            sums.add(&quality.sums);
            if let Some(auc) = quality.figures().auc {
                area += auc * quality.sums.rows as f64;
                of += quality.sums.rows;
            }
        }
        let auc = (of > 0).then(|| area / of as f64);
        let figures = Figures::of(basis, &sums, auc);
        (sums, figures)
    }

    /// The figure of a model that a bound is about, if enough predictions are judged to tell.
    #[must_use]
    pub fn figure(&self, model: &str, bound: QualityBound) -> Option<f64> {
        let (sums, figures) = self.of_model(model);
        of_measure(&figures, bound.measure).filter(|_| sums.rows >= TELLING)
    }
}

impl Quality {
    /// Of a run, of which nothing was judged yet.
    pub(crate) fn new(run: RunId, model: String, basis: Basis) -> Self {
        Self { run, model, basis, strange: 0, sums: Sums::default(), auc: (None, 0), judged_at: None }
    }

    /// Adds what a prediction came to. Of two bases, all that they have in common is whether the class is right.
    pub(crate) fn add(&mut self, judged: &Judged) {
        let is_same = self.sums.rows == 0 || self.basis == judged.basis;
        self.basis = if is_same { judged.basis } else { Basis::Classes };
        self.sums.add(&judged.sums);
    }

    /// The figures.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let (auc, rows) = self.auc;
        Figures::of(self.basis, &self.sums, auc.filter(|_| rows == self.sums.rows))
    }

    /// Writes it, as a new row or over the one that it was read from.
    pub(super) fn put(&self, table: &ItemsTable) -> Result<Statement<()>, StoreError> {
        let sums = serde_json::to_string(&self.sums).map_err(|error| StoreError::Unexpected(error.to_string()))?;
        let sql = "INSERT INTO `batch_quality` \
                     (`run_id`, `model_version`, `items_table`, `job`, `basis`, `judged`, `strange`, `sums`, `judged_at`) \
                   VALUES (:run, :model, :table, :job, :basis, :judged, :strange, :sums, UTC_TIMESTAMP(3)) \
                   ON DUPLICATE KEY UPDATE `basis` = VALUES(`basis`), `judged` = VALUES(`judged`), \
                     `strange` = VALUES(`strange`), `sums` = VALUES(`sums`), `judged_at` = VALUES(`judged_at`)";
        let params = params! {
            "run" => self.run.0, "model" => self.model.as_str(), "table" => table.as_str(), "job" => table.job.as_str(),
            "basis" => self.basis.name(), "judged" => self.sums.rows, "strange" => self.strange, "sums" => sums,
        };
        Ok(Statement::change("noting what predictions came to", sql, params))
    }
}

/// What predictions of `least` and later runs of a job came to, the latest run first.
pub(crate) fn since(table: &ItemsTable, least: RunId) -> Statement<Qualities> {
    let sql = "SELECT `run_id`, `model_version`, `basis`, `strange`, `sums`, `auc`, `auc_of`, `judged_at` \
               FROM `batch_quality` FORCE INDEX (`quality_of_a_job`) \
               WHERE `items_table` = :table AND `job` = :job AND `run_id` >= :least ORDER BY `run_id` DESC, `model_version`";
    let params = params! { "table" => table.as_str(), "job" => table.job.as_str(), "least" => least.0 };
    Statement::all("reading what predictions came to", sql, params, quality).map(Qualities)
}

fn quality(row: &Row) -> Result<Quality, StoreError> {
    let sums: String = column(row, "sums")?;
    Ok(Quality {
        run: RunId(column(row, "run_id")?),
        model: column(row, "model_version")?,
        basis: name(row, "basis")?,
        strange: column(row, "strange")?,
        sums: serde_json::from_str(&sums).map_err(|error| StoreError::Unexpected(format!("batch_quality: {error}")))?,
        auc: (column(row, "auc")?, column(row, "auc_of")?),
        judged_at: Some(utc(column(row, "judged_at")?)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(run: u64, basis: Basis, sums: Sums) -> Quality {
        Quality { sums, ..Quality::new(RunId(run), "m".into(), basis) }
    }

    #[test]
    fn a_run_of_which_nothing_is_judged_says_nothing_of_the_others() {
        let values = Sums { rows: 200, absolute: 100.0, ..Sums::default() };
        let strange = Quality { strange: 50, ..of(1, Basis::Classes, Sums::default()) };
        let all = Qualities(vec![of(2, Basis::Values, values), strange.clone()]);
        assert_eq!(all.of_model("m").1.mae, Some(0.5));
        let bound = <QualityBound as crate::config::Setting>::read("mae<=0.1").unwrap();
        assert_eq!(all.figure("m", bound), Some(0.5));
        assert_eq!(Qualities(vec![strange]).of_model("m"), (Sums::default(), Figures::default()));
    }

    #[test]
    fn what_was_judged_on_another_basis_than_the_latest_is_not_added_to_it() {
        let classes = |rows, correct, log_loss| Sums { rows, correct, log_loss, ..Sums::default() };
        let all = Qualities(vec![
            of(3, Basis::Probabilities, classes(10, 5, 20.0)),
            of(2, Basis::Classes, classes(90, 90, 0.0)),
            of(1, Basis::Probabilities, classes(10, 10, 0.0)),
        ]);
        let (sums, figures) = all.of_model("m");
        assert_eq!((sums.rows, figures.accuracy, figures.log_loss), (20, Some(0.75), Some(1.0)));
        let mut mixed = of(1, Basis::Probabilities, classes(10, 5, 20.0));
        mixed.add(&Judged { basis: Basis::Classes, sums: classes(10, 10, 0.0), outputs: Vec::new() });
        assert_eq!(mixed.figures(), Figures { accuracy: Some(0.75), ..Figures::default() });
    }
}

//! The whole of what is fitted to rows: what comes before the machine, the machine, what becomes of its values.

use super::data::{Dataset, Target, Task};
use super::error::TrainError;
use super::kernel_machines;
use super::linear_machines;
use super::pairs;
use super::preparation;
use super::scaling::Scaled;
use crate::model::{
    ClassIndex, Column, Convergence, Decider, Layer, LinearMachine, Method, Output, Pipeline, Predictor, TrainOptions,
    columns,
};

/// What was fitted.
pub(super) struct Fitted {
    pub(super) predictor: Predictor,
    /// The worst of all solutions.
    pub(super) convergence: Convergence,
}

/// Means of a fit.
pub(super) struct Means<'a> {
    /// So much memory may kernel values take.
    pub(super) cache_bytes: usize,
    /// Called after each machine.
    pub(super) tick: &'a mut dyn FnMut(),
}

impl Fitted {
    /// Trains on some rows of `data`. `rows` has their numbers, ascending; every class is among them.
    pub(super) fn train(
        data: &Dataset,
        rows: &[usize],
        options: &TrainOptions,
        means: &mut Means<'_>,
    ) -> Result<Self, TrainError> {
        let raw: Vec<&[f64]> = rows.iter().map(|&row| &data.rows[row][..]).collect();
        let layers = preparation::fit(&data.features, &raw);
        let scaled = Scaled::of(columns(&layers, &raw)).map_err(|column| {
            let feature = feature_of(&layers, column);
            TrainError::FeatureTooLarge { feature: data.features[feature].name.clone() }
        })?;
        let (machine, output, convergence) = match &data.target {
            Target::Classes { names, labels } => {
                let labels: Vec<ClassIndex> = rows.iter().map(|&row| labels[row]).collect();
                of_classes(&scaled, &labels, names.len(), options, means)?
            }
            Target::Values(values) => {
                let values: Vec<f64> = rows.iter().map(|&row| values[row]).collect();
                of_values(&scaled, &values, options, means)?
            }
            Target::Nothing => of_nothing(&scaled, options, means)?,
        };
        let predictor = match machine {
            // The first format, which holds it as well.
            Decider::Pairs(svm) if layers.is_empty() => Predictor::Svm(svm),
            machine => Predictor::Pipelines(vec![Pipeline { layers, machine, output }]),
        };
        Ok(Self { predictor, convergence })
    }
}

type Machine = (Decider, Output, Convergence);

fn of_classes(
    scaled: &Scaled,
    labels: &[ClassIndex],
    classes: usize,
    options: &TrainOptions,
    means: &mut Means<'_>,
) -> Result<Machine, TrainError> {
    let linear = |(machine, output, convergence): (LinearMachine, Output, Convergence)| {
        (Decider::Linear(machine), output, convergence)
    };
    let trained = match options.method {
        Method::Logistic => linear(linear_machines::logistic(scaled, labels, classes, options)),
        Method::LinearSvc => linear(linear_machines::linear_svc(scaled, labels, classes, options)),
        Method::Svc => {
            let (svm, convergence) = pairs::train(scaled, labels, classes, options, means.tick)?;
            return Ok((Decider::Pairs(svm), Output::Coupled, convergence));
        }
        method => return Err(TrainError::unfit(Task::Classification, method)),
    };
    (means.tick)();
    Ok(trained)
}

fn of_values(
    scaled: &Scaled,
    values: &[f64],
    options: &TrainOptions,
    means: &mut Means<'_>,
) -> Result<Machine, TrainError> {
    let least = |alpha| (Decider::Linear(linear_machines::least(scaled, values, alpha)), Convergence::BEST);
    let (machine, convergence) = match options.method {
        Method::Linear => least(0.0),
        Method::Ridge { alpha } => least(alpha),
        Method::Svr { epsilon } => {
            let (machine, convergence) =
                kernel_machines::regression(scaled, values, epsilon, options, means.cache_bytes)?;
            (Decider::Kernel(machine), convergence)
        }
        method => return Err(TrainError::unfit(Task::Regression, method)),
    };
    (means.tick)();
    Ok((machine, Output::Value, convergence))
}

fn of_nothing(scaled: &Scaled, options: &TrainOptions, means: &mut Means<'_>) -> Result<Machine, TrainError> {
    let Method::OneClass { nu } = options.method else {
        return Err(TrainError::unfit(Task::OneClass, options.method));
    };
    let (machine, convergence) = kernel_machines::one_class(scaled, nu, options, means.cache_bytes)?;
    (means.tick)();
    Ok((Decider::Kernel(machine), Output::Score, convergence))
}

/// The feature that a column is made of.
fn feature_of(layers: &[Layer], column: usize) -> usize {
    match layers.first().map(|layer| &layer[column]) {
        Some(Column::Chain(chain)) => chain.from,
        Some(Column::Sum(_)) | None => column,
    }
}

//! What is checked in the pipelines of a model file.

use super::checks::{Verified, at_least, at_most, finite, length};
use super::layer::{Chain, Column, Layer, Op, Sum};
use super::pipeline::{Calibrator, Decider, Output, Pipeline, PredictionKind};
use super::refusal::ArtifactError;

/// In the layers of all pipelines together: a scorer keeps 128 bytes for each.
pub(super) const MOST_COLUMNS: usize = 200_000;

/// The labels of a score.
const SIDES: [&str; 2] = ["inlier", "outlier"];

pub(super) fn all(pipelines: &[Pipeline], features: usize, classes: &[String]) -> Verified {
    at_least("pipelines", pipelines.len(), 1)?;
    let expected = pipelines[0].output.kind();
    verify_classes(expected, classes)?;
    let columns = |pipeline: &Pipeline| pipeline.layers.iter().map(Vec::len).sum::<usize>();
    at_most("columns of all layers", pipelines.iter().map(columns).sum(), MOST_COLUMNS)?;
    for (position, pipeline) in pipelines.iter().enumerate() {
        let found = pipeline.output.kind();
        if found != expected {
            return Err(ArtifactError::Kinds { found, expected });
        }
        pipeline.verify(features, classes.len()).map_err(|fault| fault.at(format!("pipeline {position}")))?;
    }
    Ok(())
}

fn verify_classes(kind: PredictionKind, classes: &[String]) -> Verified {
    let (is_right, expected) = match kind {
        PredictionKind::Probabilities | PredictionKind::Margins => (classes.len() >= 2, "at least two"),
        PredictionKind::Value => (classes.is_empty(), "none"),
        PredictionKind::Score => (classes == SIDES, "\"inlier\" and \"outlier\""),
    };
    if is_right { Ok(()) } else { Err(ArtifactError::Classes { kind, found: classes.to_vec(), expected }) }
}

impl Pipeline {
    fn verify(&self, features: usize, classes: usize) -> Verified {
        let mut width = features;
        for (position, layer) in self.layers.iter().enumerate() {
            verify_layer(layer, width).map_err(|fault| fault.at(format!("layer {position}")))?;
            width = layer.len();
        }
        match &self.machine {
            Decider::Pairs(svm) => svm.verify(width, classes)?,
            Decider::Kernel(machine) => machine.verify(width)?,
            Decider::Linear(machine) => machine.verify(width)?,
        }
        self.output.verify(&self.machine, classes)
    }
}

fn verify_layer(layer: &Layer, width: usize) -> Verified {
    at_least("columns", layer.len(), 1)?;
    for (position, column) in layer.iter().enumerate() {
        column.verify(width).map_err(|fault| fault.at(format!("column {position}")))?;
    }
    Ok(())
}

impl Column {
    fn verify(&self, width: usize) -> Verified {
        let exists = |&found: &usize| if found < width { Ok(()) } else { Err(ArtifactError::Column { found, width }) };
        match self {
            Self::Chain(Chain { from, ops }) => {
                exists(from)?;
                ops.iter().try_for_each(Op::verify)
            }
            Self::Sum(Sum { terms, constant }) => {
                at_least("terms", terms.len(), 1)?;
                finite(|| "constant".into(), &[*constant])?;
                terms.iter().try_for_each(|(from, weight)| {
                    exists(from)?;
                    finite(|| "terms".into(), &[*weight])
                })
            }
        }
    }
}

impl Op {
    fn verify(&self) -> Verified {
        match self {
            Self::Fill(value) => finite(|| "fill".into(), &[*value]),
            Self::IsAmong(values) => finite(|| "is_among".into(), values),
            Self::LookUp(entries) => finite(|| "look_up".into(), entries),
            Self::Scale { center, scale } => {
                finite(|| "scale".into(), &[*center, *scale])?;
                in_range("scale", *scale, *scale != 0.0, || "another number".into())
            }
            Self::Clip { min, max } => {
                finite(|| "clip".into(), &[*min, *max])?;
                in_range("min of a clip", *min, min <= max, || format!("at most its max, {max}"))
            }
            Self::IsMissing | Self::Apply(_) | Self::Part(_) => Ok(()),
        }
    }
}

fn in_range(what: &'static str, found: f64, is_right: bool, expected: impl FnOnce() -> String) -> Verified {
    if is_right { Ok(()) } else { Err(ArtifactError::Range { what, found, expected: expected() }) }
}

impl Output {
    fn verify(&self, machine: &Decider, classes: usize) -> Verified {
        let decisions = match machine {
            Decider::Pairs(_) => None,
            Decider::Kernel(_) => Some(1),
            Decider::Linear(machine) => Some(machine.weights.len()),
        };
        // Of two classes one decision value says everything.
        let per_class = if classes == 2 { 1 } else { classes };
        let (name, takes_pairs, takes) = match self {
            Self::Coupled => ("coupled", true, None),
            Self::Logistic => ("logistic", false, (classes == 2).then_some(1)),
            Self::Softmax => ("softmax", false, Some(classes)),
            Self::OneVsRest => ("one_vs_rest", false, Some(classes)),
            Self::Calibrated(_) => ("calibrated", true, Some(per_class)),
            Self::Margins => ("margins", true, Some(per_class)),
            Self::Value => ("value", false, Some(1)),
            Self::Score => ("score", false, Some(1)),
        };
        let is_right = if decisions.is_none() { takes_pairs } else { takes == decisions };
        if !is_right {
            let found = decisions.map_or("class pairs".into(), |count| format!("{count} decision values"));
            let expected = match (takes_pairs, takes) {
                (true, None) => "class pairs".into(),
                (true, Some(count)) => format!("class pairs or {count} decision values"),
                (false, Some(count)) => format!("{count} decision values"),
                (false, None) => "two classes".into(),
            };
            return Err(ArtifactError::Output { output: name, found, expected });
        }
        let Self::Calibrated(calibrators) = self else { return Ok(()) };
        length("calibrators", calibrators.len(), per_class)?;
        calibrators.iter().try_for_each(Calibrator::verify)
    }
}

impl Calibrator {
    fn verify(&self) -> Verified {
        match self {
            Self::Sigmoid(sigmoid) => finite(|| "calibrator".into(), &[sigmoid.a, sigmoid.b]),
            Self::Isotonic { x, y } => {
                at_least("calibrator", x.len(), 1)?;
                length("calibrator", y.len(), x.len())?;
                finite(|| "calibrator".into(), x)?;
                let falls = x.windows(2).find(|pair| pair[0] >= pair[1]);
                let expected = |before: f64| move || format!("above the point before it, {before}");
                falls.map_or(Ok(()), |pair| in_range("point of a calibrator", pair[1], false, expected(pair[0])))?;
                let odd = y.iter().find(|y| !(0.0..=1.0).contains(*y));
                let expected = || "between 0 and 1".into();
                odd.map_or(Ok(()), |&odd| in_range("probability of a calibrator", odd, false, expected))
            }
        }
    }
}

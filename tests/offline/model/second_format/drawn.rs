//! Models and rows drawn at random.

use rand_mt::Mt;
use rowscore::model::{
    Calibrator, Category, Chain, Column, Content, Decider, Feature, FeatureKind, Function, Kernel, KernelMachine,
    Layer, LinearMachine, Op, Output, Pair, Part, Pipeline, Rule, Scaler, Sigmoid, Sum, Svm, TwoClasses,
};

use super::super::uniform;
use super::content_of;

const FUNCTIONS: [Function; 13] = [
    Function::Log,
    Function::Log1p,
    Function::Log2,
    Function::Log10,
    Function::Exp,
    Function::Expm1,
    Function::Sqrt,
    Function::Cbrt,
    Function::Square,
    Function::Abs,
    Function::Sign,
    Function::Sin,
    Function::Cos,
];

const PARTS: [Part; 9] = [
    Part::Year,
    Part::Month,
    Part::Day,
    Part::Weekday,
    Part::DayOfYear,
    Part::Hour,
    Part::Minute,
    Part::Days,
    Part::Seconds,
];

fn below(rng: &mut Mt, count: usize) -> usize {
    rng.next_u32() as usize % count
}

fn one_in(rng: &mut Mt, count: usize) -> bool {
    below(rng, count) == 0
}

fn number(rng: &mut Mt) -> f64 {
    uniform(rng, -2.0, 2.0)
}

fn numbers(rng: &mut Mt, count: usize) -> Vec<f64> {
    (0..count).map(|_| number(rng)).collect()
}

fn rule(rng: &mut Mt) -> Rule {
    if one_in(rng, 2) { Rule::Taken } else { Rule::Refused }
}

fn feature(rng: &mut Mt, position: usize) -> Feature {
    let kind = match below(rng, 5) {
        0 | 1 => FeatureKind::Number,
        2 => FeatureKind::Moment,
        _ => {
            let count = 1 + below(rng, 5);
            let category = |code: usize| match code % 3 {
                0 => Category::Number(code as f64 / 2.0),
                _ => Category::Text(format!("category {code}")),
            };
            FeatureKind::Category { categories: (0..count).map(category).collect(), unseen: rule(rng) }
        }
    };
    Feature { name: format!("feature {position}"), kind, missing: rule(rng) }
}

/// A row as the encoder makes it.
pub(super) fn raw_row(rng: &mut Mt, features: &[Feature]) -> Vec<f64> {
    let mut value = |feature: &Feature| {
        if feature.missing == Rule::Taken && one_in(rng, 5) {
            return f64::NAN;
        }
        match &feature.kind {
            FeatureKind::Number => 3.0 * number(rng),
            FeatureKind::Moment => (uniform(rng, -1e9, 2e9) * 4.0).round() / 4.0,
            FeatureKind::Category { categories, unseen } => {
                below(rng, categories.len() + usize::from(*unseen == Rule::Taken)) as f64
            }
        }
    };
    features.iter().map(&mut value).collect()
}

/// Ops for a number within some tens; codes and moments become one first.
fn ops(rng: &mut Mt, feature: Option<&Feature>) -> Vec<Op> {
    let mut ops = match feature.map(|feature| &feature.kind) {
        Some(FeatureKind::Category { categories, .. }) => match below(rng, 4) {
            0 => vec![Op::LookUp(numbers(rng, categories.len()))],
            1 => Vec::new(),
            _ => vec![Op::IsAmong((0..below(rng, 4)).map(|_| below(rng, 6) as f64).collect())],
        },
        Some(FeatureKind::Moment) => {
            vec![Op::Part(PARTS[below(rng, PARTS.len())]), Op::Scale { center: 1000.0, scale: 1e9 }]
        }
        Some(FeatureKind::Number) | None => Vec::new(),
    };
    if one_in(rng, 12) {
        ops.push(Op::IsMissing);
    }
    // Else most rows would have a gap left.
    if !one_in(rng, 25) {
        ops.push(Op::Fill(number(rng)));
    }
    for _ in 0..below(rng, 3) {
        match below(rng, 4) {
            0 => ops.push(Op::Scale { center: number(rng), scale: if one_in(rng, 2) { -0.5 } else { 1.7 } }),
            1 => ops.push(Op::Clip { min: -1.0 - number(rng).abs(), max: number(rng).abs() }),
            _ => {
                let function = FUNCTIONS[below(rng, FUNCTIONS.len())];
                // A few rows only shall have no logarithm.
                let takes_all = !matches!(function, Function::Log | Function::Log2 | Function::Log10 | Function::Log1p);
                let min = if takes_all && function != Function::Sqrt { -3.0 } else { 0.1 };
                let max = 3.0;
                let clip = Op::Clip { min, max };
                ops.extend((!one_in(rng, 30) || takes_all).then_some(clip));
                ops.push(Op::Apply(function));
            }
        }
    }
    ops
}

fn layers(rng: &mut Mt, features: &[Feature]) -> Vec<Layer> {
    let mut layers: Vec<Layer> = Vec::new();
    let mut width = features.len();
    // The seconds of a moment would drown everything else.
    let least = usize::from(features.iter().any(|feature| feature.kind == FeatureKind::Moment));
    for depth in 0..below(rng, 4).max(least) {
        let columns = 1 + below(rng, 8);
        let mut column = |_| {
            if depth > 0 && one_in(rng, 3) {
                let terms = (0..1 + below(rng, 4)).map(|_| (below(rng, width), number(rng))).collect();
                return Column::Sum(Sum { terms, constant: number(rng) });
            }
            let from = below(rng, width);
            Column::Chain(Chain { from, ops: ops(rng, (depth == 0).then(|| &features[from])) })
        };
        layers.push((0..columns).map(&mut column).collect());
        width = columns;
    }
    layers
}

fn scaler(rng: &mut Mt, columns: usize) -> Scaler {
    let scale = (0..columns).map(|_| uniform(rng, 0.5, 3.0)).collect();
    Scaler { mean: numbers(rng, columns), scale }
}

fn kernel(rng: &mut Mt) -> Kernel {
    match below(rng, 4) {
        0 => Kernel::Linear,
        1 => Kernel::Rbf { gamma: uniform(rng, 0.01, 0.5) },
        2 => Kernel::Polynomial { degree: 1 + rng.next_u32() % 3, gamma: 0.05, coef0: 0.5 },
        _ => Kernel::Sigmoid { gamma: 0.02, coef0: -0.1 },
    }
}

fn pairs(rng: &mut Mt, columns: usize, classes: usize) -> Svm {
    let vectors = 1 + below(rng, 40);
    let pairs = (0..classes).flat_map(|first| (first + 1..classes).map(move |second| (first, second)));
    let mut pair = |(positive, negative)| Pair {
        positive,
        negative,
        intercept: number(rng),
        sigmoid: Sigmoid { a: uniform(rng, -2.0, -0.5), b: number(rng) },
        coefficients: (0..vectors)
            .filter(|vector| (vector + positive) % 3 != 1)
            .map(|vector| (vector, number(rng)))
            .collect(),
    };
    let pairs = pairs.map(&mut pair).collect();
    let two_classes = if one_in(rng, 2) { TwoClasses::Sigmoid } else { TwoClasses::Coupled };
    let support_vectors = (0..vectors).map(|_| numbers(rng, columns)).collect();
    Svm { scaler: scaler(rng, columns), kernel: kernel(rng), support_vectors, pairs, two_classes }
}

fn kernel_machine(rng: &mut Mt, columns: usize) -> Decider {
    let vectors = below(rng, 40);
    Decider::Kernel(KernelMachine {
        scaler: scaler(rng, columns),
        kernel: kernel(rng),
        support_vectors: (0..vectors).map(|_| numbers(rng, columns)).collect(),
        coefficients: numbers(rng, vectors),
        intercept: number(rng),
    })
}

fn linear(rng: &mut Mt, columns: usize, decisions: usize) -> Decider {
    let weights = (0..decisions).map(|_| numbers(rng, columns)).collect();
    Decider::Linear(LinearMachine { scaler: scaler(rng, columns), weights, intercepts: numbers(rng, decisions) })
}

fn calibrator(rng: &mut Mt) -> Calibrator {
    if one_in(rng, 2) {
        return Calibrator::Sigmoid(Sigmoid { a: uniform(rng, -3.0, 0.5), b: number(rng) });
    }
    let count = 1 + below(rng, 6);
    let mut at = -2.0;
    let mut point = || {
        at += uniform(rng, 0.1, 1.0);
        (at, uniform(rng, 0.0, 1.0))
    };
    let (x, y) = (0..count).map(|_| point()).unzip();
    Calibrator::Isotonic { x, y }
}

/// Of one kind and number of classes; whatever goes with them.
fn pipeline(rng: &mut Mt, features: &[Feature], task: usize, classes: usize) -> Pipeline {
    let layers = layers(rng, features);
    let columns = layers.last().map_or(features.len(), Vec::len);
    let per_class = if classes == 2 { 1 } else { classes };
    let several = |rng: &mut Mt| match below(rng, 2) {
        0 => Decider::Pairs(pairs(rng, columns, classes)),
        _ => linear(rng, columns, per_class),
    };
    let one = |rng: &mut Mt| if one_in(rng, 2) { kernel_machine(rng, columns) } else { linear(rng, columns, 1) };
    let (machine, output) = match task {
        0 => (one(rng), Output::Value),
        1 => (one(rng), Output::Score),
        2 => (several(rng), Output::Margins),
        _ => match below(rng, 5) {
            0 => (Decider::Pairs(pairs(rng, columns, classes)), Output::Coupled),
            1 => (linear(rng, columns, classes), Output::Softmax),
            2 => (linear(rng, columns, classes), Output::OneVsRest),
            3 if classes == 2 => (one(rng), Output::Logistic),
            _ => (several(rng), Output::Calibrated((0..per_class).map(|_| calibrator(rng)).collect())),
        },
    };
    Pipeline { layers, machine, output }
}

/// A model with everything that a model may have.
pub(super) fn draw(rng: &mut Mt) -> Content {
    let features: Vec<Feature> = (0..1 + below(rng, 6)).map(|position| feature(rng, position)).collect();
    let (task, members) = (below(rng, 6), if one_in(rng, 3) { 2 + below(rng, 3) } else { 1 });
    let classes = if task == 0 { 0 } else { 2 + below(rng, 4) };
    let pipelines = (0..members).map(|_| pipeline(rng, &features, task, classes)).collect();
    content_of(features, classes, pipelines)
}

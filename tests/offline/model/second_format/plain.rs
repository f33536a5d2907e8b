//! A pipeline evaluated as plainly as can be: one row, one number after the other, with the functions of the
//! standard library.

use libsvm_rs::probability::multiclass_probability;
use rowscore::model::{
    Calibrator, Chain, Column, Content, Decider, Function, Kernel, Layer, Op, Output, Part, Pipeline, Scaler, Sum, Svm,
    TwoClasses,
};

use super::pipelines_of;

/// How far two evaluations may be apart: where there is an `exp`, as far as two libraries' are.
pub(super) fn tolerance(pipelines: &[Pipeline]) -> f64 {
    let is_curved = |column: &Column| match column {
        Column::Chain(chain) => chain.ops.iter().any(|op| matches!(op, Op::Apply(_))),
        Column::Sum(_) => false,
    };
    let has_exp = |pipeline: &Pipeline| {
        let kernel = match &pipeline.machine {
            Decider::Pairs(svm) => Some(svm.kernel),
            Decider::Kernel(machine) => Some(machine.kernel),
            Decider::Linear(_) => None,
        };
        let is_plain = matches!(pipeline.output, Output::Margins | Output::Value | Output::Score);
        !is_plain
            || matches!(kernel, Some(Kernel::Rbf { .. } | Kernel::Sigmoid { .. }))
            || pipeline.layers.iter().flatten().any(is_curved)
    };
    if pipelines.iter().any(has_exp) { 1e-10 } else { 1e-12 }
}

/// The outputs of a raw row; none where something is not finite.
pub(super) fn outputs(content: &Content, row: &[f64]) -> Option<Vec<f64>> {
    let pipelines = pipelines_of(content);
    let each: Vec<Vec<f64>> =
        pipelines.iter().map(|pipeline| of_pipeline(pipeline, content.classes.len(), row)).collect::<Option<_>>()?;
    let mean = |position: usize| each.iter().map(|outputs| outputs[position]).sum::<f64>() / each.len() as f64;
    Some((0..each[0].len()).map(mean).collect())
}

fn of_pipeline(pipeline: &Pipeline, classes: usize, row: &[f64]) -> Option<Vec<f64>> {
    let columns = pipeline.layers.iter().fold(row.to_vec(), |before, layer| of_layer(layer, &before));
    let decisions = decisions(&pipeline.machine, &columns)?;
    let outputs = of_decisions(pipeline, classes, &decisions);
    outputs.iter().all(|output| output.is_finite()).then_some(outputs)
}

fn of_layer(layer: &Layer, before: &[f64]) -> Vec<f64> {
    let column = |column: &Column| match column {
        Column::Chain(Chain { from, ops }) => ops.iter().fold(before[*from], |x, op| apply(op, x)),
        Column::Sum(Sum { terms, constant }) => {
            terms.iter().fold(*constant, |sum, (from, weight)| sum + weight * before[*from])
        }
    };
    layer.iter().map(column).collect()
}

fn apply(op: &Op, x: f64) -> f64 {
    match op {
        Op::Fill(value) if x.is_nan() => *value,
        Op::IsMissing => f64::from(u8::from(x.is_nan())),
        Op::IsAmong(values) => f64::from(u8::from(values.contains(&x))),
        Op::LookUp(entries) => (0..entries.len()).find(|&code| code as f64 == x).map_or(f64::NAN, |code| entries[code]),
        Op::Fill(_) => x,
        Op::Scale { center, scale } => (x - center) / scale,
        // It keeps a NaN.
        Op::Clip { min, max } => x.clamp(*min, *max),
        Op::Apply(function) => function_of(*function, x),
        Op::Part(part) => part_of(*part, x),
    }
}

#[expect(clippy::disallowed_methods, reason = "another library's than the model's")]
fn function_of(function: Function, x: f64) -> f64 {
    match function {
        Function::Log => x.ln(),
        Function::Log1p => x.ln_1p(),
        Function::Log2 => x.log2(),
        Function::Log10 => x.log10(),
        Function::Exp => x.exp(),
        Function::Expm1 => x.exp_m1(),
        Function::Sqrt => x.sqrt(),
        Function::Cbrt => x.cbrt(),
        Function::Square => x * x,
        Function::Abs => x.abs(),
        Function::Sign if x == 0.0 || x.is_nan() => x,
        Function::Sign => x.signum(),
        Function::Sin => x.sin(),
        Function::Cos => x.cos(),
    }
}

/// By counting days, with the civil calendar's algorithm of H. Hinnant.
fn part_of(part: Part, x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let days = (x / 86_400.0).floor();
    let second = x - days * 86_400.0;
    let shifted = days as i64 + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let from_january = if month <= 2 { day_of_year - 306 } else { day_of_year + 59 + i64::from(is_leap) };
    match part {
        Part::Year => year as f64,
        Part::Month => month as f64,
        Part::Day => day as f64,
        Part::Weekday => (days as i64 + 3).rem_euclid(7) as f64,
        Part::DayOfYear => (from_january + 1) as f64,
        Part::Hour => (second / 3600.0).floor(),
        Part::Minute => (second % 3600.0 / 60.0).floor(),
        Part::Days => days,
        Part::Seconds => x,
    }
}

#[expect(clippy::disallowed_methods, reason = "another library's than the model's")]
fn kernel_value(kernel: &Kernel, x: &[f64], y: &[f64]) -> f64 {
    let product: f64 = x.iter().zip(y).map(|(x, y)| x * y).sum();
    match *kernel {
        Kernel::Linear => product,
        Kernel::Rbf { gamma } => (-gamma * x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum::<f64>()).exp(),
        Kernel::Polynomial { degree, gamma, coef0 } => (gamma * product + coef0).powf(f64::from(degree)),
        Kernel::Sigmoid { gamma, coef0 } => (gamma * product + coef0).tanh(),
    }
}

fn scaled(scaler: &Scaler, columns: &[f64]) -> Option<Vec<f64>> {
    let parameters = scaler.mean.iter().zip(&scaler.scale);
    let scaled: Vec<f64> = columns.iter().zip(parameters).map(|(x, (mean, scale))| (x - mean) / scale).collect();
    scaled.iter().all(|x| x.is_finite()).then_some(scaled)
}

fn decisions(machine: &Decider, columns: &[f64]) -> Option<Vec<f64>> {
    let decisions = match machine {
        Decider::Pairs(Svm { scaler, kernel, support_vectors, pairs, .. }) => {
            let scaled = scaled(scaler, columns)?;
            let value = |vector: usize| kernel_value(kernel, &scaled, &support_vectors[vector]);
            let terms = |coefficients: &[(usize, f64)]| -> f64 {
                coefficients.iter().map(|&(vector, coefficient)| coefficient * value(vector)).sum()
            };
            pairs.iter().map(|pair| pair.intercept + terms(&pair.coefficients)).collect()
        }
        Decider::Kernel(machine) => {
            let scaled = scaled(&machine.scaler, columns)?;
            let vectors = machine.support_vectors.iter().zip(&machine.coefficients);
            let terms =
                vectors.map(|(vector, coefficient)| coefficient * kernel_value(&machine.kernel, &scaled, vector));
            vec![machine.intercept + terms.sum::<f64>()]
        }
        Decider::Linear(machine) => {
            let scaled = scaled(&machine.scaler, columns)?;
            let product = |weights: &[f64]| weights.iter().zip(&scaled).map(|(weight, x)| weight * x).sum::<f64>();
            machine.weights.iter().zip(&machine.intercepts).map(|(weights, b)| b + product(weights)).collect::<Vec<_>>()
        }
    };
    decisions.iter().all(|f| f.is_finite()).then_some(decisions)
}

#[expect(clippy::disallowed_methods, reason = "another library's than the model's")]
fn logistic(f: f64) -> f64 {
    1.0 / (1.0 + (-f).exp())
}

fn shares(numbers: &[f64]) -> Vec<f64> {
    let sum: f64 = numbers.iter().sum();
    numbers.iter().map(|number| if sum == 0.0 { 1.0 / numbers.len() as f64 } else { number / sum }).collect()
}

#[expect(clippy::disallowed_methods, reason = "another library's than the model's")]
fn of_decisions(pipeline: &Pipeline, classes: usize, decisions: &[f64]) -> Vec<f64> {
    let by_class = match &pipeline.machine {
        Decider::Pairs(svm) => by_class(svm, classes, decisions),
        Decider::Kernel(_) | Decider::Linear(_) => decisions.to_vec(),
    };
    match &pipeline.output {
        Output::Coupled => {
            let Decider::Pairs(svm) = &pipeline.machine else { panic!("not of pairs") };
            coupled(svm, classes, decisions)
        }
        Output::Logistic => vec![logistic(-decisions[0]), logistic(decisions[0])],
        Output::Softmax => {
            let largest = decisions.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            shares(&decisions.iter().map(|f| (f - largest).exp()).collect::<Vec<_>>())
        }
        Output::OneVsRest => shares(&decisions.iter().map(|f| logistic(*f)).collect::<Vec<_>>()),
        Output::Calibrated(calibrators) => {
            let each: Vec<f64> =
                by_class.iter().zip(calibrators).map(|(f, calibrator)| calibrated(calibrator, *f)).collect();
            if classes == 2 { vec![1.0 - each[0], each[0]] } else { shares(&each) }
        }
        Output::Margins if classes == 2 => vec![-by_class[0], by_class[0]],
        Output::Margins => by_class,
        Output::Value | Output::Score => decisions.to_vec(),
    }
}

/// scikit-learn's `_ovr_decision_function`, and for two classes its sign.
fn by_class(svm: &Svm, classes: usize, decisions: &[f64]) -> Vec<f64> {
    if classes == 2 {
        return vec![-decisions[0]];
    }
    let of = |class: usize| {
        let (mut votes, mut sum) = (0.0, 0.0);
        for (pair, f) in svm.pairs.iter().zip(decisions) {
            let winner = if *f < 0.0 { pair.negative } else { pair.positive };
            votes += f64::from(u8::from(winner == class));
            sum += if class == pair.positive { *f } else { 0.0 };
            sum -= if class == pair.negative { *f } else { 0.0 };
        }
        votes + sum / (3.0 * (sum.abs() + 1.0))
    };
    (0..classes).map(of).collect()
}

fn coupled(svm: &Svm, classes: usize, decisions: &[f64]) -> Vec<f64> {
    let mut pairwise = vec![vec![0.0; classes]; classes];
    for (pair, f) in svm.pairs.iter().zip(decisions) {
        let probability = logistic(-(pair.sigmoid.a * f + pair.sigmoid.b)).clamp(1e-7, 1.0 - 1e-7);
        pairwise[pair.positive][pair.negative] = probability;
        pairwise[pair.negative][pair.positive] = 1.0 - probability;
    }
    if classes == 2 && svm.two_classes == TwoClasses::Sigmoid {
        return vec![pairwise[0][1], pairwise[1][0]];
    }
    let mut probabilities = vec![0.0; classes];
    multiclass_probability(classes, &pairwise, &mut probabilities);
    probabilities
}

fn calibrated(calibrator: &Calibrator, f: f64) -> f64 {
    match calibrator {
        Calibrator::Sigmoid(sigmoid) => logistic(-(sigmoid.a * f + sigmoid.b)),
        Calibrator::Isotonic { x, y } => {
            let f = f.clamp(x[0], x[x.len() - 1]);
            let Some(next) = (1..x.len()).find(|&next| f <= x[next]) else { return y[0] };
            let slope = (y[next] - y[next - 1]) / (x[next] - x[next - 1]);
            y[next - 1] + slope * (f - x[next - 1])
        }
    }
}

//! From decision values to outputs.

use super::artifact::{Calibrator, Decider, Output, Pair, Svm, TwoClasses};
use super::coupling::Coupling;
use super::exp::exp;
use super::lanes::{LANES, Lanes};
use super::platt::Sigmoid;

/// `1 / (1 + exp(-f))`
const LOGISTIC: Sigmoid = Sigmoid { a: -1.0, b: 0.0 };

/// What becomes of a machine's decision values.
#[derive(Debug)]
pub(super) struct Ending {
    classes: usize,
    /// None where there is not a decision value for each class pair.
    pairs: Vec<Binary>,
    two_classes: TwoClasses,
    output: Output,
}

/// A pair without its coefficients.
#[derive(Debug)]
struct Binary {
    positive: usize,
    negative: usize,
    sigmoid: Sigmoid,
}

impl Ending {
    pub(super) fn new(decider: &Decider, output: &Output, classes: usize) -> Self {
        match decider {
            Decider::Pairs(svm) => Self { output: output.clone(), ..Self::coupled(svm, classes) },
            Decider::Kernel(_) | Decider::Linear(_) => {
                Self { classes, pairs: Vec::new(), two_classes: TwoClasses::default(), output: output.clone() }
            }
        }
    }

    pub(super) fn coupled(svm: &Svm, classes: usize) -> Self {
        let binary = |pair: &Pair| Binary { positive: pair.positive, negative: pair.negative, sigmoid: pair.sigmoid };
        Self {
            classes,
            pairs: svm.pairs.iter().map(binary).collect(),
            two_classes: svm.two_classes,
            output: Output::Coupled,
        }
    }
}

/// The outputs of a batch of rows.
#[derive(Clone, Debug)]
pub(super) struct Ended<'m> {
    ending: &'m Ending,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Coupled(Coupling<LANES>),
    Other {
        /// One per class; of two classes the second's.
        margins: Vec<Lanes<LANES>>,
        outputs: Vec<Lanes<LANES>>,
    },
}

impl<'m> Ended<'m> {
    pub(super) fn new(ending: &'m Ending) -> Self {
        let &Ending { classes, two_classes, .. } = ending;
        let kind = match ending.output {
            Output::Coupled => Kind::Coupled(Coupling::new(classes, two_classes)),
            Output::Value | Output::Score => Kind::Other { margins: Vec::new(), outputs: vec![Lanes::ZERO] },
            _ => Kind::Other {
                margins: vec![Lanes::ZERO; if classes == 2 { 1 } else { classes }],
                outputs: vec![Lanes::ZERO; classes],
            },
        };
        Self { ending, kind }
    }

    pub(super) fn outputs(&self) -> &[Lanes<LANES>] {
        match &self.kind {
            Kind::Coupled(coupling) => coupling.probabilities(),
            Kind::Other { outputs, .. } => outputs,
        }
    }

    /// Computes the outputs from decision values that must be finite.
    #[inline(always)]
    pub(super) fn run(&mut self, decisions: &[Lanes<LANES>]) {
        let Ending { pairs, output, .. } = self.ending;
        match &mut self.kind {
            Kind::Coupled(coupling) => {
                for (pair, decision) in pairs.iter().zip(decisions) {
                    coupling.set(pair.positive, pair.negative, |lane| pair.sigmoid.probability(decision[lane]));
                }
                coupling.solve();
            }
            Kind::Other { margins, outputs } => {
                let decisions = if pairs.is_empty() || margins.is_empty() {
                    decisions
                } else {
                    by_class(pairs, decisions, outputs, margins);
                    margins
                };
                end(output, decisions, outputs);
            }
        }
    }
}

#[inline(always)]
fn end<const N: usize>(output: &Output, decisions: &[Lanes<N>], outputs: &mut [Lanes<N>]) {
    match output {
        Output::Logistic => {
            let second: Lanes<N> = Lanes::of(|lane| LOGISTIC.probabilities(decisions[0][lane]).0);
            let first = Lanes::of(|lane| LOGISTIC.probabilities(decisions[0][lane]).1);
            outputs.copy_from_slice(&[first, second]);
        }
        Output::Softmax => softmax(decisions, outputs),
        Output::OneVsRest => {
            for (output, decision) in outputs.iter_mut().zip(decisions) {
                *output = Lanes::of(|lane| LOGISTIC.probability(decision[lane]));
            }
            divide_by_sum(outputs);
        }
        Output::Calibrated(calibrators) => calibrate(calibrators, decisions, outputs),
        Output::Margins => match decisions {
            [decision] => outputs.copy_from_slice(&[Lanes::of(|lane| -decision[lane]), *decision]),
            decisions => outputs.copy_from_slice(decisions),
        },
        Output::Coupled | Output::Value | Output::Score => outputs.copy_from_slice(decisions),
    }
}

#[inline(always)]
fn softmax<const N: usize>(decisions: &[Lanes<N>], outputs: &mut [Lanes<N>]) {
    let mut largest = decisions[0];
    for decision in decisions {
        largest = Lanes::of(|lane| if decision[lane] > largest[lane] { decision[lane] } else { largest[lane] });
    }
    for (output, decision) in outputs.iter_mut().zip(decisions) {
        *output = Lanes::of(|lane| exp(decision[lane] - largest[lane]));
    }
    divide_by_sum(outputs);
}

#[inline(always)]
fn divide_by_sum<const N: usize>(outputs: &mut [Lanes<N>]) {
    let mut sum = Lanes::<N>::ZERO;
    for output in outputs.iter() {
        sum = Lanes::of(|lane| sum[lane] + output[lane]);
    }
    let equal = 1.0 / outputs.len() as f64;
    for output in outputs {
        *output = Lanes::of(|lane| if sum[lane] == 0.0 { equal } else { output[lane] / sum[lane] });
    }
}

#[inline(always)]
fn calibrate<const N: usize>(calibrators: &[Calibrator], decisions: &[Lanes<N>], outputs: &mut [Lanes<N>]) {
    if let ([calibrator], [first, second]) = (calibrators, &mut *outputs) {
        *second = probability(calibrator, &decisions[0]);
        *first = Lanes::of(|lane| 1.0 - second[lane]);
        return;
    }
    for ((output, decision), calibrator) in outputs.iter_mut().zip(decisions).zip(calibrators) {
        *output = probability(calibrator, decision);
    }
    divide_by_sum(outputs);
}

#[inline(always)]
fn probability<const N: usize>(calibrator: &Calibrator, decision: &Lanes<N>) -> Lanes<N> {
    match calibrator {
        Calibrator::Sigmoid(sigmoid) => Lanes::of(|lane| sigmoid.probability(decision[lane])),
        Calibrator::Isotonic { x, y } => Lanes::of(|lane| between(x, y, decision[lane])),
    }
}

/// On the straight line between the two points around `f`, or level outside of them.
fn between(x: &[f64], y: &[f64], f: f64) -> f64 {
    let above = x.partition_point(|&point| point <= f);
    match (above.checked_sub(1), x.get(above)) {
        (Some(below), Some(next)) => {
            let share = (f - x[below]) / (next - x[below]);
            (y[below] + share * (y[above] - y[below])).clamp(0.0, 1.0)
        }
        (Some(last), None) => y[last],
        (None, _) => y[0],
    }
}

/// One margin per class of those of the pairs, as scikit-learn's `_ovr_decision_function` has it: the pairs that a
/// class wins, and less than a third for how clearly. Of two classes the only pair's, above 0 for the second.
/// There is a vote for each class.
#[inline(always)]
fn by_class<const N: usize>(
    pairs: &[Binary],
    decisions: &[Lanes<N>],
    votes: &mut [Lanes<N>],
    margins: &mut [Lanes<N>],
) {
    if let [margin] = margins {
        *margin = Lanes::of(|lane| -decisions[0][lane]);
        return;
    }
    votes.fill(Lanes::ZERO);
    margins.fill(Lanes::ZERO);
    for (&Binary { positive, negative, .. }, f) in pairs.iter().zip(decisions) {
        margins[positive] = Lanes::of(|lane| margins[positive][lane] + f[lane]);
        margins[negative] = Lanes::of(|lane| margins[negative][lane] - f[lane]);
        votes[positive] = Lanes::of(|lane| votes[positive][lane] + if f[lane] < 0.0 { 0.0 } else { 1.0 });
        votes[negative] = Lanes::of(|lane| votes[negative][lane] + if f[lane] < 0.0 { 1.0 } else { 0.0 });
    }
    for (margin, votes) in margins.iter_mut().zip(votes) {
        *margin = Lanes::of(|lane| votes[lane] + margin[lane] / (3.0 * (margin[lane].abs() + 1.0)));
    }
}

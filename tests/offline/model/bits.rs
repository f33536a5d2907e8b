//! Every way to score a row gives the same bits: any instruction set, any number of rows, any place among them.

use libsvm_rs::probability::multiclass_probability;
use rand_mt::Mt;
use rowscore::model::{Artifact, InstructionSet, Kernel, Model, Pair, Scaler, ScoreError, Sigmoid, Svm, TwoClasses};

use super::scoring::content_of;
use super::uniform;

/// So many rows are scored side by side.
const LANES: usize = 16;

fn model_of(svm: &Svm, classes: usize) -> Model {
    Model::new(Artifact::seal(content_of(svm.clone(), classes))).unwrap()
}

fn numbers(rng: &mut Mt, count: usize, reach: f64) -> Vec<f64> {
    (0..count).map(|_| uniform(rng, -reach, reach)).collect()
}

/// Random support vectors, of which every pair uses about two in three.
fn random_svm(rng: &mut Mt, kernel: Kernel, classes: usize, features: usize, vectors: usize) -> Svm {
    let pairs = (0..classes).flat_map(|first| (first + 1..classes).map(move |second| (first, second)));
    let pairs = pairs.map(|(positive, negative)| Pair {
        positive,
        negative,
        intercept: uniform(rng, -1.0, 1.0),
        sigmoid: Sigmoid { a: -2.0 + uniform(rng, -1.0, 1.0), b: uniform(rng, -0.5, 0.5) },
        coefficients: (0..vectors)
            .filter(|index| (index + positive) % 3 != 1)
            .map(|index| (index, uniform(rng, -1.0, 1.0)))
            .collect(),
    });
    let pairs = pairs.collect();
    let scale = (0..features).map(|_| 1.5 + uniform(rng, -1.0, 1.0)).collect();
    let support_vectors = (0..vectors).map(|_| numbers(rng, features, 2.0)).collect();
    Svm {
        scaler: Scaler { mean: numbers(rng, features, 1.0), scale },
        kernel,
        support_vectors,
        pairs,
        two_classes: TwoClasses::Coupled,
    }
}

/// Written down as plainly as it can be: one row, one number after the other.
fn one_row(svm: &Svm, classes: usize, row: &[f64]) -> Vec<f64> {
    let parameters = svm.scaler.mean.iter().zip(&svm.scaler.scale);
    let scaled: Vec<f64> = row.iter().zip(parameters).map(|(value, (mean, scale))| (value - mean) / scale).collect();
    let mut pairwise = vec![vec![0.0; classes]; classes];
    for pair in &svm.pairs {
        let decision = pair.coefficients.iter().fold(pair.intercept, |sum, &(index, coefficient)| {
            sum + coefficient * svm.kernel.evaluate(&scaled, &svm.support_vectors[index])
        });
        let probability = pair.sigmoid.probability(decision).clamp(1e-7, 1.0 - 1e-7);
        pairwise[pair.positive][pair.negative] = probability;
        pairwise[pair.negative][pair.positive] = 1.0 - probability;
    }
    let mut probabilities = vec![0.0; classes];
    multiclass_probability(classes, &pairwise, &mut probabilities);
    probabilities
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

fn kernels() -> [Kernel; 4] {
    [
        Kernel::Linear,
        Kernel::Rbf { gamma: 0.1 },
        Kernel::Polynomial { degree: 3, gamma: 0.05, coef0: 1.0 },
        Kernel::Sigmoid { gamma: 0.05, coef0: -0.2 },
    ]
}

#[test]
fn every_instruction_set_gives_the_bits_of_one_row_alone() {
    let mut rng = Mt::new(31);
    for (kernel, classes) in kernels().into_iter().flat_map(|kernel| (2..=10).map(move |classes| (kernel, classes))) {
        // Counts that fill no tile.
        let (features, vectors) = (classes % 4 + 1, 3 * classes + 8);
        let svm = random_svm(&mut rng, kernel, classes, features, vectors);
        let model = model_of(&svm, classes);
        let rows = numbers(&mut rng, (LANES + 5) * features, 4.0);
        let expected: Vec<f64> = rows.chunks_exact(features).flat_map(|row| one_row(&svm, classes, row)).collect();
        for instructions in InstructionSet::available() {
            let mut found = vec![0.0; expected.len()];
            assert_eq!(model.scorer_with(instructions).score_rows(&rows, &mut found), Ok(Vec::new()));
            assert_eq!(bits(&found), bits(&expected), "{instructions}, {kernel:?}, {classes} classes");
        }
    }
}

#[test]
fn the_number_and_the_order_of_the_rows_change_no_bit() {
    let mut rng = Mt::new(32);
    let svm = random_svm(&mut rng, Kernel::Rbf { gamma: 0.2 }, 4, 3, 70);
    let model = model_of(&svm, 4);
    let rows: Vec<Vec<f64>> = (0..2 * LANES + 3).map(|_| numbers(&mut rng, 3, 3.0)).collect();
    let expected: Vec<Vec<f64>> = rows.iter().map(|row| one_row(&svm, 4, row)).collect();
    for instructions in InstructionSet::available() {
        let mut scorer = model.scorer_with(instructions);
        for count in 0..=rows.len() {
            for start in [0, (rows.len() - count) / 2, rows.len() - count] {
                let mut found = vec![0.0; count * 4];
                let page = rows[start..start + count].concat();
                assert_eq!(scorer.score_rows(&page, &mut found), Ok(Vec::new()));
                assert_eq!(bits(&found), bits(&expected[start..start + count].concat()), "{instructions}");
            }
        }
    }
}

#[test]
fn a_row_without_an_answer_leaves_the_others_theirs() {
    let mut rng = Mt::new(33);
    let cubic = Kernel::Polynomial { degree: 3, gamma: 1.0, coef0: 0.0 };
    let svm = random_svm(&mut rng, cubic, 3, 2, 10);
    let model = model_of(&svm, 3);
    let mut rows: Vec<Vec<f64>> = (0..2 * LANES + 2).map(|_| numbers(&mut rng, 2, 3.0)).collect();
    let odd = [(1, f64::NAN), (2, f64::NEG_INFINITY), (LANES + 3, 1e200), (2 * LANES + 1, 1e200)];
    for (row, value) in odd {
        rows[row][1] = value;
    }
    for instructions in InstructionSet::available() {
        let mut found = vec![0.0; rows.len() * 3];
        let unscored = model.scorer_with(instructions).score_rows(&rows.concat(), &mut found).unwrap();
        assert_eq!(unscored.iter().map(|unscored| unscored.row).collect::<Vec<_>>(), odd.map(|(row, _)| row));
        assert!(matches!(unscored[1].error, ScoreError::Value { feature: 1, value: f64::NEG_INFINITY }));
        assert_eq!(unscored[3].error, ScoreError::Decision { position: 0 });
        for (position, row) in rows.iter().enumerate() {
            if !odd.iter().any(|&(odd, _)| odd == position) {
                assert_eq!(bits(&found[3 * position..][..3]), bits(&one_row(&svm, 3, row)));
            }
        }
    }
}

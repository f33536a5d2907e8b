//! From data to a model.

use std::fs;

use rowscore::model::{About, Gamma, Kernel, Model, Outcome, Purpose, Svm, TrainOptions};
use rowscore::training::{Card, DataError, Dataset, TrainError, Trained, train, train_and_evaluate};

use super::{assert_distribution, dataset, in_crate, iris, iris_model, three_clouds};

#[test]
fn every_kernel_trains_a_model_that_tells_the_classes_apart() {
    let data = dataset(&three_clouds());
    let gamma = Gamma::Scale;
    let kernels = [
        Kernel::Linear,
        Kernel::Rbf { gamma },
        Kernel::Polynomial { degree: 3, gamma, coef0: 1.0 },
        Kernel::Sigmoid { gamma: Gamma::Value(0.1), coef0: 0.0 },
    ];
    for kernel in kernels {
        let options = TrainOptions { kernel, ..TrainOptions::default() };
        let artifact = train(&data, &options, |_| ()).unwrap();
        let training = artifact.content.training().unwrap();
        assert_eq!(training.convergence.outcome, Outcome::Converged, "{kernel:?}");
        assert!(training.convergence.kkt_gap <= options.tolerance);
        assert!(training.held_out.probabilities().unwrap().accuracy > 0.8, "{kernel:?}: {:?}", training.held_out);
        Model::new(artifact).unwrap().check_golden_rows().unwrap();
    }
}

#[test]
fn a_constant_column_is_scaled_by_one_and_changes_nothing() {
    let artifact = train(&dataset(&three_clouds()), &TrainOptions::default(), |_| ()).unwrap();
    assert_eq!(artifact.content.predictor.svm().unwrap().scaler.scale[1], 1.0);
    assert_eq!(artifact.content.distribution[1].shares, [1.0]);
}

#[test]
fn two_classes_and_more_features_than_rows_are_fine() {
    let data = dataset("a,b,c,d,e,kind\n1,2,3,4,5,x\n1,2,3,4,6,x\n2,2,1,0,5,y\n2,1,1,0,5,y\n");
    let model = Model::new(train(&data, &TrainOptions::default(), |_| ()).unwrap()).unwrap();
    let mut p = [0.0; 2];
    model.scorer().score(&[1.0, 2.0, 3.0, 4.0, 5.0], &mut p).unwrap();
    assert_distribution(&p, &[]);
}

#[test]
fn equal_rows_become_one_support_vector() {
    let mut csv = String::from("x,kind\n");
    for _ in 0..10 {
        csv += "1,a\n2,b\n";
    }
    let artifact = train(&dataset(&csv), &TrainOptions::default(), |_| ()).unwrap();
    assert_eq!(artifact.content.predictor.svm().unwrap().support_vectors.len(), 2);
    let mut p = [0.0; 2];
    let model = Model::new(artifact).unwrap();
    model.scorer().score(&[1.0], &mut p).unwrap();
    assert!(p[0] > 0.5);
}

#[test]
fn a_solver_that_was_stopped_early_says_so_with_the_gap() {
    let options = TrainOptions { max_steps: 1, ..TrainOptions::default() };
    let convergence = train(&iris(), &options, |_| ()).unwrap().content.training().unwrap().convergence;
    assert_eq!(convergence.outcome, Outcome::StepsExhausted);
    assert_eq!(convergence.steps, 1);
    assert!(convergence.kkt_gap > options.tolerance);
}

#[test]
fn progress_counts_up_to_the_total() {
    let mut seen = Vec::new();
    train(&iris(), &TrainOptions::default(), |progress| seen.push(progress)).unwrap();
    assert!(seen.iter().map(|p| p.done).eq(1..=seen[0].total));
}

#[test]
fn another_seed_draws_other_folds() {
    let options = TrainOptions { seed: 1, ..TrainOptions::default() };
    let artifact = train(&iris(), &options, |_| ()).unwrap();
    let model = iris_model();
    assert_ne!(artifact.version, model.version());
    let sigmoids = |svm: &Svm| svm.pairs.iter().map(|pair| pair.sigmoid.a).collect::<Vec<_>>();
    assert_ne!(
        sigmoids(artifact.content.predictor.svm().unwrap()),
        sigmoids(model.artifact().content.predictor.svm().unwrap())
    );
}

#[test]
fn what_cannot_be_trained_is_an_error() {
    let fails = |csv: &str| train(&dataset(csv), &TrainOptions::default(), |_| ()).unwrap_err();
    assert!(matches!(
        fails("x,kind\n1,a\n2,a\n3,b\n"),
        TrainError::RareClass { class, rows: 1 } if class == "b"
    ));
    assert!(matches!(
        fails("x,kind\n1e308,a\n-1e308,a\n1e308,b\n1e308,b\n"),
        TrainError::FeatureTooLarge { feature } if feature == "x"
    ));
    let options = TrainOptions { c: 1e30, ..TrainOptions::default() };
    assert!(matches!(train(&iris(), &options, |_| ()), Err(TrainError::KernelTooLarge { .. })));
}

#[test]
fn csv_errors_name_line_and_column() {
    let csv = format!("sepal_length,species\n5.1,setosa\nfive,setosa\n{}", "4.9,virginica\n".repeat(20));
    let error = Dataset::from_csv(csv.as_bytes(), "species").unwrap_err();
    assert!(matches!(&error, DataError::Field { line: 3, column, .. } if column == "sepal_length"));
    let message = "line 3, column `sepal_length`: `five` is not a finite number, as nearly all others are; ";
    assert!(error.to_string().starts_with(message), "{error}");
}

// ---- The card ----

#[test]
fn the_committed_card_is_what_training_gives_byte_for_byte() {
    let trained = train_and_evaluate(&iris(), &TrainOptions::default(), |_| ()).unwrap();
    let about = About { name: Some("iris".into()), purpose: Purpose::Sample };
    let trained = Trained { artifact: trained.artifact.about(about), ..trained };
    let card = Card::new(&trained, trained.artifact.content.training().unwrap());
    let read = |path: &str| fs::read_to_string(in_crate("model").join(path)).unwrap();
    assert_eq!(read("iris.card.md"), card.text("iris.card"));
    for (name, plot) in &card.plots {
        assert_eq!(&read(&format!("iris.card/{name}")), plot, "{name}");
        assert!(card.text("x").contains(&format!("(x/{name})")));
    }
}

#[test]
fn a_card_warns_of_rare_classes_and_constant_features() {
    let csv = three_clouds().replace("class 2", "class <2>|");
    let trained = train_and_evaluate(&dataset(&csv), &TrainOptions::default(), |_| ()).unwrap();
    let card = Card::new(&trained, trained.artifact.content.training().unwrap());
    let text = card.text("x");
    assert!(text.contains("- Class class \\<2>\\| has 20 rows: its figures are rough."), "{text}");
    assert!(text.contains("- Feature same is constant in the training data"), "{text}");
    assert!(card.plots.iter().all(|(_, plot)| !plot.contains("<2>")));
}

//! The model file.

use std::error::Error;
use std::fs;

use rand_mt::Mt;
use rowscore::model::{
    About, Artifact, ArtifactError, Content, GoldenAnswer, Kernel, Model, Origin, Predictor, Purpose, Svm,
    TrainOptions, Training, TwoClasses, embedded,
};
use rowscore::training::{Dataset, train};

use super::{dataset, in_crate, iris, iris_model, three_clouds};

fn svm_of(content: &mut Content) -> &mut Svm {
    match &mut content.predictor {
        Predictor::Svm(svm) => svm,
        Predictor::Pipelines(_) => panic!("of another format"),
    }
}

#[test]
fn the_embedded_model_reproduces_its_golden_rows() {
    let model = embedded().unwrap();
    assert!(model.artifact().content.golden.len() >= 10);
    model.check_golden_rows().unwrap();
}

#[test]
fn the_committed_artifact_is_what_training_gives_byte_for_byte() {
    let about = About { name: Some("iris".into()), purpose: Purpose::Sample };
    let artifact = train(&iris(), &TrainOptions::default(), |_| ()).unwrap().about(about);
    let committed = fs::read_to_string(in_crate("model/iris.json")).unwrap();
    let trained = String::from_utf8(artifact.to_json()).unwrap();
    for (line, (committed, trained)) in committed.lines().zip(trained.lines()).enumerate() {
        assert_eq!(committed, trained, "line {}", line + 1);
    }
    assert_eq!(committed, trained);
}

#[test]
fn an_artifact_reads_back_exactly() {
    let artifact = train(&dataset(&three_clouds()), &TrainOptions::default(), |_| ()).unwrap();
    assert_eq!(Artifact::from_json(&artifact.to_json()).unwrap(), artifact);
}

/// Trained by the version before this solver, with two classes.
#[test]
fn an_older_artifact_keeps_its_version_and_every_bit_of_its_answers() {
    let bytes = fs::read(in_crate("tests/offline/model/older.json")).unwrap();
    let model = Model::from_json(&bytes).unwrap();
    model.check_golden_rows().unwrap();
    let artifact = model.artifact();
    assert_eq!(artifact.content.predictor.svm().unwrap().two_classes, TwoClasses::Coupled);
    assert_eq!(artifact.to_json(), bytes);

    // The sigmoid's own answers are others.
    let mut content = artifact.content.clone();
    svm_of(&mut content).two_classes = TwoClasses::Sigmoid;
    let sealed = Artifact::seal(content);
    assert_ne!(sealed.version, artifact.version);
    assert!(Model::new(sealed).unwrap().check_golden_rows().is_err());
}

#[test]
fn two_classes_have_the_probabilities_of_their_sigmoid() {
    let csv = fs::read_to_string(in_crate("model/iris.csv")).unwrap();
    let csv: String = csv.lines().filter(|line| !line.contains("setosa")).map(|line| format!("{line}\n")).collect();
    let data = Dataset::from_csv(csv.as_bytes(), "species").unwrap();
    let model = Model::new(train(&data, &TrainOptions::default(), |_| ()).unwrap()).unwrap();
    let sigmoid = model.artifact().content.predictor.svm().unwrap().pairs[0].sigmoid;
    for row in data.rows() {
        let (mut decision, mut found) = ([0.0], [0.0; 2]);
        model.scorer().decision_values(row, &mut decision).unwrap();
        model.scorer().score(row, &mut found).unwrap();
        let p = sigmoid.probability(decision[0]).clamp(1e-7, 1.0 - 1e-7);
        assert_eq!(found, [p, 1.0 - p]);
    }
}

#[test]
fn a_golden_row_with_one_other_bit_is_noticed() {
    let mut content = iris_model().artifact().content.clone();
    let GoldenAnswer::Probabilities(answer) = &mut content.golden[3].answer else { panic!("of another kind") };
    let p = &mut answer[1];
    *p = f64::from_bits(p.to_bits() + 1);
    let model = Model::new(Artifact::seal(content)).unwrap();
    let message = model.check_golden_rows().unwrap_err().to_string();
    assert!(message.starts_with("golden row 3 scores"), "{message}");
}

#[test]
fn a_changed_byte_is_refused_or_changes_nothing() {
    let bytes = fs::read(in_crate("model/iris.json")).unwrap();
    let artifact = Artifact::from_json(&bytes).unwrap();
    let mut rng = Mt::new(15);
    let mut refused = 0;
    for _ in 0..1000 {
        let mut damaged = bytes.clone();
        let position = rng.next_u32() as usize % damaged.len();
        damaged[position] = (rng.next_u32() % 256) as u8;
        match Artifact::from_json(&damaged) {
            Err(_) => refused += 1,
            // White space, or a digit beyond an f64's precision.
            Ok(read) => assert_eq!(read, artifact),
        }
    }
    assert!(refused > 800, "{refused}");
}

#[test]
fn a_truncated_or_foreign_file_is_refused() {
    let bytes = fs::read(in_crate("model/iris.json")).unwrap();
    for json in [&bytes[..bytes.len() / 2], b"", b"{}", b"null", b"{\"format\":\"1\"}"] {
        assert!(matches!(Artifact::from_json(json), Err(ArtifactError::Json(_))));
    }
    let next = br#"{"format":4,"something":"else"}"#;
    assert!(matches!(Artifact::from_json(next), Err(ArtifactError::Format { found: 4 })));
}

#[test]
fn an_unknown_field_is_refused() {
    let text = fs::read_to_string(in_crate("model/iris.json")).unwrap();
    let text = text.replace("\"label\":", "\"note\": 1, \"label\":");
    let error = Artifact::from_json(text.as_bytes()).unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("unknown field `note`"), "{cause}");
}

#[test]
fn what_a_model_says_of_itself_is_read_back_and_makes_another_version_with_the_same_bits() {
    let artifact = iris_model().artifact().clone();
    let plain = artifact.clone().about(About::default());
    assert_eq!((artifact.format, plain.format), (3, 1));
    assert_ne!(artifact.version, plain.version);
    assert!(!String::from_utf8(plain.to_json()).unwrap().contains("about"));
    let (named, silent) = (iris_model(), Model::from_json(&plain.to_json()).unwrap());
    assert_eq!((named.name(), named.purpose()), ("iris", Purpose::Sample));
    assert_eq!((silent.name(), silent.purpose()), ("species", Purpose::Use));
    silent.check_golden_rows().unwrap();
    assert_eq!(plain.content.golden, artifact.content.golden);
    // An earlier format has nothing to say.
    let early = Artifact { format: 2, ..artifact.clone() };
    assert!(matches!(Artifact::from_json(&early.to_json()), Err(ArtifactError::Format { found: 2 })));
    for name in ["", " iris", "iris\n", &"i".repeat(201)] {
        let about = About { name: Some(name.into()), ..About::default() };
        let refusal = Artifact::from_json(&artifact.clone().about(about).to_json()).unwrap_err().to_string();
        assert!(refusal.contains("accepted: 1 to 200 characters"), "{refusal}");
    }
}

#[test]
fn content_of_another_version_is_refused() {
    let mut artifact = iris_model().artifact().clone();
    svm_of(&mut artifact.content).pairs[0].intercept += 1e-15;
    assert!(matches!(Artifact::from_json(&artifact.to_json()), Err(ArtifactError::Version { .. })));
}

#[test]
fn parts_that_do_not_fit_are_refused_each_with_its_error() {
    type Damage = fn(&mut Content);
    fn training(content: &mut Content) -> &mut Training {
        let Origin::Trained(training) = &mut content.origin else { panic!() };
        training
    }
    let damages: [(Damage, &str); 24] = [
        (|c| c.features.clear(), "features has 0 entries"),
        (|c| c.classes.truncate(1), "classes has 1 entries"),
        (|c| c.features[1] = c.features[0].clone(), "features has a duplicate at position 1"),
        (|c| c.classes[2] = c.classes[0].clone(), "classes has a duplicate at position 2"),
        (|c| c.classes.push("new".into()), "pairs has 3 entries instead of 6"),
        (|c| svm_of(c).scaler.mean.push(0.0), "scaler means has 5 entries instead of 4"),
        (|c| svm_of(c).scaler.scale.truncate(3), "scaler scales has 3 entries instead of 4"),
        (|c| svm_of(c).scaler.scale[2] = 0.0, "scale of feature 2 is 0"),
        (|c| svm_of(c).scaler.mean[0] = f64::NAN, "scaler has a number that is not finite"),
        (|c| svm_of(c).kernel = Kernel::Rbf { gamma: -1.0 }, "kernel has a parameter out of range"),
        (|c| svm_of(c).support_vectors.clear(), "support vectors has 0 entries"),
        (|c| svm_of(c).support_vectors[7].truncate(2), "support vector 7 has 2 entries instead of 4"),
        (|c| svm_of(c).support_vectors[7][0] = f64::INFINITY, "support vector 7 has a number that is not finite"),
        (|c| svm_of(c).pairs.truncate(2), "pairs has 2 entries instead of 3"),
        (|c| svm_of(c).pairs[1].negative = 1, "pair 1 is of classes (0, 1)"),
        (|c| svm_of(c).pairs.swap(0, 2), "pair 0 is of classes (1, 2)"),
        (|c| svm_of(c).pairs[1].intercept = f64::NAN, "pair 1 has a number that is not finite"),
        (|c| svm_of(c).pairs[1].sigmoid.a = f64::NAN, "pair 1 has a number that is not finite"),
        (|c| svm_of(c).pairs[2].coefficients[0].1 = f64::NAN, "pair 2 has a number that is not finite"),
        (|c| svm_of(c).pairs[0].coefficients[0].0 = 1_000_000, "pair 0 has a coefficient for support vector 1000000"),
        (
            |c| svm_of(c).pairs[0].coefficients[1].0 = svm_of(c).pairs[0].coefficients[0].0,
            "out of range or out of order",
        ),
        (|c| training(c).rows_per_class.truncate(1), "rows per class has 1 entries instead of 3"),
        (|c| c.distribution[1].shares.truncate(1), "distribution of sepal_width has 1 entries"),
        (|c| c.golden[0].values.truncate(1), "golden row 0 has 1 entries instead of 4"),
    ];
    for (damage, expected) in damages {
        let mut content = iris_model().artifact().content.clone();
        damage(&mut content);
        // With a version that is right, so that only the check of the part itself can notice.
        let message = Model::new(Artifact::seal(content)).unwrap_err().to_string();
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

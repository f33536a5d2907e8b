//! Models of pipelines: against a plain evaluation, against damage, and the same bits however they are scored.

mod drawn;
mod explained;
mod plain;
mod refused;
mod written;

use rand_mt::Mt;
use rowscore::model::{
    About, Artifact, Content, Digest, Feature, GoldenAnswer, GoldenRow, Import, ImportSource, InstructionSet, Model,
    Origin, Pipeline, PredictionKind, Predictor, Unscored,
};

use drawn::{draw, raw_row};

/// A model of these parts, with one golden row that no model would give.
fn content_of(features: Vec<Feature>, classes: usize, pipelines: Vec<Pipeline>) -> Content {
    let kind = pipelines[0].output.kind();
    let classes: Vec<String> = match kind {
        PredictionKind::Score => vec!["inlier".into(), "outlier".into()],
        _ => (0..classes).map(|class| format!("class {class}")).collect(),
    };
    let numbers = vec![0.0; kind.width(classes.len())];
    let answer = match kind {
        PredictionKind::Probabilities => GoldenAnswer::Probabilities(numbers),
        _ => GoldenAnswer::Outputs(numbers),
    };
    let values = features.iter().map(|feature| feature.cell(0.0).unwrap()).collect();
    let source = ImportSource::ScikitLearn;
    Content {
        about: About::default(),
        label: "label".into(),
        features,
        classes,
        predictor: Predictor::Pipelines(pipelines),
        origin: Origin::Imported(Import { source, file_sha256: Digest::of(b""), reference: None }),
        distribution: Vec::new(),
        golden: vec![GoldenRow { values, answer }],
    }
}

fn model_of(content: &Content) -> Model {
    Model::new(Artifact::seal(content.clone())).unwrap_or_else(|error| panic!("{error}"))
}

fn pipelines_of(content: &Content) -> &[Pipeline] {
    let Predictor::Pipelines(pipelines) = &content.predictor else { panic!("of the first format") };
    pipelines
}

/// The outputs of rows, and those that have none.
fn score(model: &Model, instructions: InstructionSet, rows: &[Vec<f64>]) -> (Vec<Vec<f64>>, Vec<Unscored>) {
    let width = model.outputs().width();
    let mut outputs = vec![0.0; rows.len() * width];
    let unscored = model.scorer_with(instructions).score_rows(&rows.concat(), &mut outputs).unwrap();
    (outputs.chunks_exact(width).map(<[f64]>::to_vec).collect(), unscored)
}

#[test]
fn any_pipeline_gives_what_a_plain_evaluation_of_it_gives() {
    let mut rng = Mt::new(181);
    let (mut scored, mut unscored) = (0, 0);
    for number in 0..400 {
        let content = draw(&mut rng);
        let model = model_of(&content);
        let tolerance = plain::tolerance(pipelines_of(&content));
        let rows: Vec<Vec<f64>> = (0..20).map(|_| raw_row(&mut rng, &content.features)).collect();
        let (found, without) = score(&model, InstructionSet::widest(), &rows);
        for (position, (row, found)) in rows.iter().zip(&found).enumerate() {
            let expected = plain::outputs(&content, row);
            let reason = without.iter().find(|unscored| unscored.row == position);
            assert_eq!(expected.is_none(), reason.is_some(), "{number}: {row:?} {expected:?} {reason:?}\n{content:?}");
            let Some(expected) = expected else {
                unscored += 1;
                continue;
            };
            scored += 1;
            for (found, expected) in found.iter().zip(&expected) {
                let off = (found - expected).abs() / expected.abs().max(1.0);
                assert!(off <= tolerance, "{number}: {row:?}: {found} instead of {expected}\n{content:?}");
            }
        }
    }
    println!("{scored} rows scored, {unscored} without an answer");
    assert!(scored > 4000 && unscored > 400);
}

#[test]
fn every_instruction_set_and_every_place_gives_the_bits_of_one_row_alone() {
    let mut rng = Mt::new(182);
    let bits = |rows: &[Vec<f64>]| rows.iter().flatten().map(|number| number.to_bits()).collect::<Vec<_>>();
    for _ in 0..60 {
        let content = draw(&mut rng);
        let model = model_of(&content);
        let mut rows: Vec<Vec<f64>> = (0..37).map(|_| raw_row(&mut rng, &content.features)).collect();
        let (_, without) = score(&model, InstructionSet::widest(), &rows);
        for unscored in without.iter().rev() {
            let odd = rows.remove(unscored.row);
            // What has no answer has none alone, for the same reason. Compare as text: a NaN is not itself.
            let (_, alone) = score(&model, InstructionSet::widest(), &[odd]);
            assert_eq!(format!("{:?}", alone[0].error), format!("{:?}", unscored.error));
        }
        let alone = |row: &Vec<f64>| score(&model, InstructionSet::widest(), std::slice::from_ref(row)).0.remove(0);
        let expected: Vec<Vec<f64>> = rows.iter().map(alone).collect();
        for instructions in InstructionSet::available() {
            for start in [0, 1, 7, rows.len() / 2] {
                let start = start.min(rows.len());
                let (found, without) = score(&model, instructions, &rows[start..]);
                assert_eq!((bits(&found), without), (bits(&expected[start..]), Vec::new()), "{instructions}");
            }
        }
    }
}

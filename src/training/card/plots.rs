//! The plots of a model card.

use super::svg::{Anchor, Svg};
use crate::training::evaluation::ClassDetails;

const GRID: &str = "#d0d7de";
const BLUE: &str = "#0969da";
const ORANGE: &str = "#bc4c00";
const GREEN: &str = "#1a7f37";

/// Room for axis labels.
const LEFT: f64 = 120.0;
const TOP: f64 = 60.0;

/// So many characters of a name have room beside a plot.
const NAME: usize = 16;

fn short(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    name.chars().take(NAME - 1).chain(['…']).collect()
}

/// Rows by true and predicted class. The darker a field, the larger its share of the true class.
pub(super) fn confusion(evaluation: &ClassDetails) -> String {
    let classes = &evaluation.classes;
    let cell = (480.0 / classes.len() as f64).clamp(36.0, 110.0);
    let side = cell * classes.len() as f64;
    let mut svg =
        Svg::new(LEFT + side + 30.0, TOP + side + 30.0, "Confusion matrix: true class by row, predicted by column");
    for (row, (class, counts)) in classes.iter().zip(&evaluation.confusion).enumerate() {
        let y = TOP + row as f64 * cell;
        svg.text([LEFT - 8.0, y + cell / 2.0 + 4.0], Anchor::End, &short(&class.class));
        let step = (cell / 7.0) as usize;
        let head: String = class.class.chars().take(step.max(3)).collect();
        svg.text([LEFT + (row as f64 + 0.5) * cell, TOP - 8.0], Anchor::Middle, &head);
        for (column, &count) in counts.iter().enumerate() {
            let x = LEFT + column as f64 * cell;
            let share = if class.rows == 0 { 0.0 } else { count as f64 / class.rows as f64 };
            svg.rectangle([x, y, cell - 1.0, cell - 1.0], &shade(share));
            let ink = if share > 0.5 { "#ffffff" } else { "#24292f" };
            svg.text_in([x + cell / 2.0, y + cell / 2.0 + 4.0], Anchor::Middle, ink, &count.to_string());
        }
    }
    svg.finish()
}

/// From nearly white to blue.
fn shade(share: f64) -> String {
    let mix = |from: f64, to: f64| (from + (to - from) * share).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(246.0, 9.0), mix(248.0, 105.0), mix(250.0, 218.0))
}

/// How often the predicted class is right, by its probability. Ideally all circles are on the diagonal.
/// The area of a circle is the bin's share of the rows.
pub(super) fn reliability(evaluation: &ClassDetails) -> String {
    const SIDE: f64 = 360.0;
    let mut svg =
        Svg::new(LEFT + SIDE + 40.0, TOP + SIDE + 50.0, "Reliability: share that is right, by predicted probability");
    let at = |x: f64, y: f64| [LEFT + x * SIDE, TOP + (1.0 - y) * SIDE];
    for tick in 0..=5 {
        let value = f64::from(tick) / 5.0;
        svg.line(at(value, 0.0), at(value, 1.0), GRID);
        svg.line(at(0.0, value), at(1.0, value), GRID);
        let ([x, y], [left, middle]) = (at(value, 0.0), at(0.0, value));
        svg.text([x, y + 18.0], Anchor::Middle, &format!("{value:.1}"));
        svg.text([left - 8.0, middle + 4.0], Anchor::End, &format!("{value:.1}"));
    }
    svg.line(at(0.0, 0.0), at(1.0, 1.0), ORANGE);
    let rows: usize = evaluation.classes.iter().map(|class| class.rows).sum();
    for bin in &evaluation.reliability {
        let share = bin.rows as f64 / rows as f64;
        svg.circle(at(bin.confidence, bin.accuracy), 3.0 + 17.0 * share.sqrt(), BLUE);
    }
    let [x, y] = at(0.5, 0.0);
    svg.text([x, y + 38.0], Anchor::Middle, "probability of the predicted class");
    svg.finish()
}

/// Precision, recall and F1 of each class.
pub(super) fn class_metrics(evaluation: &ClassDetails) -> String {
    const WIDTH: f64 = 400.0;
    let group = 54.0;
    let height = group * evaluation.classes.len() as f64;
    let mut svg = Svg::new(LEFT + WIDTH + 70.0, TOP + height + 20.0, "Precision, recall and F1 by class");
    for (position, (name, colour)) in [("precision", BLUE), ("recall", ORANGE), ("F1", GREEN)].iter().enumerate() {
        svg.text_in([LEFT + 90.0 * position as f64, TOP - 14.0], Anchor::Start, colour, name);
    }
    for (position, class) in evaluation.classes.iter().enumerate() {
        let y = TOP + position as f64 * group;
        svg.text([LEFT - 8.0, y + 26.0], Anchor::End, &short(&class.class));
        for (bar, (value, colour)) in
            [(class.precision, BLUE), (class.recall, ORANGE), (class.f1, GREEN)].into_iter().enumerate()
        {
            let y = y + 14.0 * bar as f64;
            svg.rectangle([LEFT, y, WIDTH * value, 12.0], colour);
            svg.text([LEFT + WIDTH * value + 6.0, y + 10.0], Anchor::Start, &format!("{value:.3}"));
        }
    }
    svg.finish()
}

/// Rows of each class.
pub(super) fn class_sizes(evaluation: &ClassDetails) -> String {
    const WIDTH: f64 = 400.0;
    let height = 24.0 * evaluation.classes.len() as f64;
    let mut svg = Svg::new(LEFT + WIDTH + 70.0, TOP + height, "Training rows by class");
    let most = evaluation.classes.iter().map(|class| class.rows).max().unwrap_or(0).max(1);
    for (position, class) in evaluation.classes.iter().enumerate() {
        let y = TOP - 20.0 + 24.0 * position as f64;
        let width = WIDTH * class.rows as f64 / most as f64;
        svg.text([LEFT - 8.0, y + 14.0], Anchor::End, &short(&class.class));
        svg.rectangle([LEFT, y, width, 18.0], BLUE);
        svg.text([LEFT + width + 6.0, y + 14.0], Anchor::Start, &class.rows.to_string());
    }
    svg.finish()
}

//! Bars, as SVG that needs no style of its own: the page's policy forbids style attributes.

use maud::{Markup, html};

/// Colours that the style sheet has for classes; more classes begin again.
const COLOURS: usize = 8;

/// The style sheet's name of a class's colour.
pub(super) fn colour(class: usize) -> String {
    format!("c{}", class % COLOURS)
}

/// A bar over its whole width, divided by `shares` that sum to 1 about.
pub(super) fn divided(shares: &[f64], label: &str) -> Markup {
    html! {
        svg class="divided" viewBox="0 0 100 1" preserveAspectRatio="none" role="img" aria-label=(label) {
            @for (class, (from, length)) in stacked(shares).into_iter().enumerate() {
                rect class=(colour(class)) x=(short(from)) y="0" width=(short(length)) height="1" {}
            }
        }
    }
}

/// A column over its whole height, divided from the bottom up.
pub(super) fn column(shares: &[f64], label: &str) -> Markup {
    html! {
        svg class="column" viewBox="0 0 1 100" preserveAspectRatio="none" role="img" aria-label=(label) {
            title { (label) }
            @for (class, (from, length)) in stacked(shares).into_iter().enumerate() {
                rect class=(colour(class)) x="0" y=(short(100.0 - from - length)) width="1" height=(short(length)) {}
            }
        }
    }
}

/// A column as high as `share` of its room.
pub(super) fn bar(share: f64, class: &str, label: &str) -> Markup {
    let height = 100.0 * share.clamp(0.0, 1.0);
    html! {
        svg class="column" viewBox="0 0 1 100" preserveAspectRatio="none" role="img" aria-label=(label) {
            title { (label) }
            rect class=(class) x="0" y=(short(100.0 - height)) width="1" height=(short(height)) {}
        }
    }
}

/// Where each share begins, and how long it is, in percent.
fn stacked(shares: &[f64]) -> Vec<(f64, f64)> {
    shares
        .iter()
        .scan(0.0, |end, share| {
            let (from, length) = (*end, 100.0 * share.clamp(0.0, 1.0));
            *end += length;
            Some((from, length))
        })
        .collect()
}

/// How far `share` of the way is.
pub(super) fn progress(share: f64, label: &str) -> Markup {
    html! {
        svg class="progress" viewBox="0 0 100 1" preserveAspectRatio="none" role="img" aria-label=(label) {
            rect class="rest" x="0" y="0" width="100" height="1" {}
            rect class="done" x="0" y="0" width=(short(100.0 * share.clamp(0.0, 1.0))) height="1" {}
        }
    }
}

/// Shares of a sum, 0 of none.
pub(super) fn shares(counts: &[u64]) -> Vec<f64> {
    let sum: u64 = counts.iter().sum();
    counts.iter().map(|&count| if sum == 0 { 0.0 } else { count as f64 / sum as f64 }).collect()
}

fn short(number: f64) -> String {
    format!("{number:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_divided_bar_is_full() {
        let svg = divided(&[0.25, 0.5, 0.25], "a bar").into_string();
        for part in
            [r#"x="0.00" y="0" width="25.00""#, r#"x="25.00" y="0" width="50.00""#, r#"x="75.00" y="0" width="25.00""#]
        {
            assert!(svg.contains(part), "{svg}");
        }
    }

    #[test]
    fn nothing_is_divided_into_nothing() {
        assert_eq!(shares(&[0, 0]), [0.0, 0.0]);
        assert_eq!(shares(&[1, 3]), [0.25, 0.75]);
    }
}

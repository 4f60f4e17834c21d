//! The plots of a report.

use super::drawing::{Anchor, Drawing};
use akin_evaluation::MeanEstimate;

/// The sizes of a plot of intervals, in pixels.
const WIDTH: f64 = 460.0;
const VALUES: f64 = 172.0;
const ROW: f64 = 24.0;

/// The room for the labels of rows, in pixels: the least, the most, and for a letter.
const LABELS: (f64, f64) = (72.0, 190.0);
const LETTER: f64 = 7.0;

/// The size of a plot of curves, in pixels.
const CURVES: (f64, f64) = (940.0, 230.0);

/// The side of a square plot, in pixels.
const SIDE: f64 = 300.0;

/// The room for the texts of an axis, in pixels.
const MARGIN: f64 = 34.0;

/// A mean with its interval: a row of a plot.
#[derive(Debug)]
pub(super) struct Interval {
    pub(super) label: String,
    /// The index of its color.
    pub(super) color: usize,
    pub(super) estimate: MeanEstimate,
    /// Text beside the value.
    pub(super) note: String,
}

/// The values of a run.
#[derive(Debug)]
pub(super) struct Curve {
    pub(super) label: String,
    /// The index of its color.
    pub(super) color: usize,
    /// The value of each query, with its words.
    pub(super) values: Vec<(f64, String)>,
}

/// A query in two runs.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    pub(super) words: &'a str,
    pub(super) before: f64,
    pub(super) after: f64,
}

/// The range of an axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    low: f64,
    step: f64,
    is_signed: bool,
}

impl Axis {
    /// From 0 to 1.
    pub(super) const SHARE: Self = Self { low: 0.0, step: 0.25, is_signed: false };

    /// The number of steps between its marks.
    const STEPS: i32 = 4;

    /// Returns an axis with 0 in the middle that holds all `rows`.
    pub(super) fn around_zero(rows: &[Interval]) -> Self {
        let ends = rows.iter().flat_map(|row| [row.estimate.low.abs(), row.estimate.high.abs()]);
        let end = ends.fold(0.0, f64::max);
        let steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25];
        let step = steps.into_iter().find(|step| end <= 2.0 * step).unwrap_or(0.5);
        Self { low: -2.0 * step, step, is_signed: true }
    }

    /// Returns the position of `value`, 0 to 1.
    fn place(self, value: f64) -> f64 {
        ((value - self.low) / (f64::from(Self::STEPS) * self.step)).clamp(0.0, 1.0)
    }

    /// Iterates over its marks, with their texts. The middle of a signed axis is 0.
    fn marks(self) -> impl Iterator<Item = (f64, String)> {
        (0..=Self::STEPS).map(move |mark| {
            let value = self.low + f64::from(mark) * self.step;
            let is_signed = self.is_signed && mark != Self::STEPS / 2;
            (value, if is_signed { format!("{value:+.2}") } else { value.to_string() })
        })
    }
}

/// Draws a row for each mean, with its interval.
pub(super) fn intervals(title: &str, rows: &[Interval], axis: Axis) -> String {
    let labels = rows.iter().map(|row| row.label.chars().fold(12.0, |room, _| room + LETTER));
    let left = labels.fold(LABELS.0, f64::max).min(LABELS.1);
    let at = |value: f64| left + (WIDTH - left - VALUES) * axis.place(value);
    let bottom = rows.iter().fold(8.0, |bottom, _| bottom + ROW);
    let mut drawing = Drawing::new(title, (WIDTH, bottom + 22.0));
    for (value, text) in axis.marks() {
        let class = if axis.is_signed && value.abs() < 1e-9 { "zero" } else { "axis" };
        drawing.line(class, (at(value), 2.0), (at(value), bottom));
        drawing.text("dim", Anchor::Middle, (at(value), bottom + 15.0), &text);
    }
    let mut middle = 4.0 + ROW / 2.0;
    for Interval { label, color, estimate: MeanEstimate { mean, low, high, .. }, note } in rows {
        let baseline = middle + 4.5;
        drawing.text("", Anchor::Start, (0.0, baseline), label);
        drawing.line(&format!("thick s{color}"), (at(*low), middle), (at(*high), middle));
        let value = if axis.is_signed { format!("{mean:+.3}") } else { format!("{mean:.3}") };
        drawing.dot(&format!("f{color}"), (at(*mean), middle), &format!("{label}: {value}"));
        drawing.text("", Anchor::Start, (WIDTH - VALUES + 14.0, baseline), &value);
        drawing.text("dim", Anchor::End, (WIDTH, baseline), note);
        middle += ROW;
    }
    drawing.finish()
}

/// Draws the values of each run from the worst to the best.
pub(super) fn curves(title: &str, curves: &[Curve]) -> String {
    let (width, height) = CURVES;
    let down = |value: f64| 8.0 + (height - 34.0) * (1.0 - Axis::SHARE.place(value));
    let mut drawing = Drawing::new(title, CURVES);
    for (value, text) in Axis::SHARE.marks() {
        drawing.line("axis", (MARGIN, down(value)), (width, down(value)));
        drawing.text("dim", Anchor::End, (MARGIN - 6.0, down(value) + 4.0), &text);
    }
    let caption = "queries, from the worst to the best of each run";
    drawing.text("dim", Anchor::End, (width, height - 6.0), caption);
    for Curve { label, color, values } in curves {
        let mut values: Vec<_> = values.iter().collect();
        values.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let steps = values.iter().skip(1).fold(0.0_f64, |steps, _| steps + 1.0).max(1.0);
        let across = |place: i32| MARGIN + 8.0 + (width - MARGIN - 16.0) * f64::from(place) / steps;
        let places =
            values.iter().zip(0..).map(|((value, _), place)| (across(place), down(*value)));
        drawing.path(&format!("curve s{color}"), places);
        for ((value, words), place) in values.into_iter().zip(0..) {
            let text = format!("{label}: {words}, {value:.3}");
            drawing.dot(&format!("f{color}"), (across(place), down(*value)), &text);
        }
    }
    drawing.finish()
}

/// Draws each query at its values in two runs, which have these names.
pub(super) fn pairs(title: &str, [before, after]: [&str; 2], pairs: &[Pair<'_>]) -> String {
    let plot = SIDE - MARGIN - 8.0;
    let across = |value: f64| MARGIN + plot * Axis::SHARE.place(value);
    let down = |value: f64| 8.0 + plot * (1.0 - Axis::SHARE.place(value));
    let mut drawing = Drawing::new(title, (SIDE, SIDE + 16.0));
    for (value, text) in Axis::SHARE.marks() {
        drawing.line("axis", (across(value), down(0.0)), (across(value), down(1.0)));
        drawing.line("axis", (across(0.0), down(value)), (across(1.0), down(value)));
        drawing.text("dim", Anchor::Middle, (across(value), down(0.0) + 15.0), &text);
        drawing.text("dim", Anchor::End, (MARGIN - 5.0, down(value) + 4.0), &text);
    }
    drawing.line("zero dashed", (across(0.0), down(0.0)), (across(1.0), down(1.0)));
    for Pair { words, before, after } in pairs {
        let class = match after - before {
            change if change > 1e-9 => "up",
            change if change < -1e-9 => "down",
            _ => "same",
        };
        let text = format!("{words}: {before:.3} to {after:.3}");
        drawing.dot(class, (across(*before), down(*after)), &text);
    }
    let caption = format!("across: {before}; up: {after}");
    drawing.text("dim", Anchor::End, (SIDE, SIDE + 10.0), &caption);
    drawing.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(low: f64, high: f64) -> Interval {
        let estimate = MeanEstimate { mean: f64::midpoint(low, high), low, high, queries: 3 };
        Interval { label: "a & b".to_owned(), color: 1, estimate, note: "<n>".to_owned() }
    }

    #[test]
    fn an_axis_around_0_holds_every_interval() {
        for end in [0.0, 0.004, 0.03, 0.4, 1.0] {
            let axis = Axis::around_zero(&[interval(-end, end / 2.0)]);
            assert!(2.0 * axis.step >= end, "{end}: {axis:?}");
            assert!((axis.place(0.0) - 0.5).abs() < 1e-9);
        }
        assert!((Axis::SHARE.place(2.0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn texts_are_escaped_and_no_coordinate_is_invalid() {
        let words = "<script>".to_owned();
        let curve = |values| Curve { label: "hybrid".to_owned(), color: 0, values };
        let drawn = [
            intervals("\"title\"", &[interval(0.2, 0.8)], Axis::SHARE),
            intervals("none", &[], Axis::around_zero(&[])),
            curves("by query", &[curve(vec![(0.5, words.clone())]), curve(Vec::new())]),
            pairs("pairs", ["a", "b"], &[Pair { words: &words, before: 0.1, after: 0.9 }]),
        ];
        for svg in drawn {
            assert!(svg.starts_with("<svg role=\"img\"") && svg.ends_with("</svg>"), "{svg}");
            assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{svg}");
            assert!(!svg.contains("<script>") && !svg.contains("<n>") && !svg.contains("a & b"));
        }
    }
}

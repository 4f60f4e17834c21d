//! Inline SVG. Its colors are classes of the page's style.

use super::escape;
use std::fmt::{self, Write};

/// A drawing of fixed size, which scales with the page.
#[derive(Debug)]
pub(super) struct Drawing(String);

/// A point, in pixels from the upper left corner.
pub(super) type Point = (f64, f64);

/// The side of a text at which its point is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Drawing {
    /// Begins a drawing. Screen readers call it by its title.
    pub(super) fn new(title: &str, (width, height): Point) -> Self {
        let mut drawing = Self(String::new());
        drawing.put(format_args!(
            "<svg role=\"img\" aria-label=\"{}\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\">",
            escape(title)
        ));
        drawing
    }

    /// Draws a line.
    pub(super) fn line(&mut self, class: &str, (x1, y1): Point, (x2, y2): Point) {
        self.put(format_args!(
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        ));
    }

    /// Draws lines through all points.
    pub(super) fn path(&mut self, class: &str, points: impl Iterator<Item = Point>) {
        let points: Vec<_> = points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let points = points.join(" ");
        self.put(format_args!("<polyline class=\"{class}\" points=\"{points}\"/>"));
    }

    /// Draws a dot. Its title is shown under the pointer.
    pub(super) fn dot(&mut self, class: &str, (x, y): Point, title: &str) {
        self.put(format_args!(
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\"><title>{}</title></circle>",
            escape(title)
        ));
    }

    /// Writes a text.
    pub(super) fn text(&mut self, class: &str, anchor: Anchor, (x, y): Point, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.put(format_args!(
            "<text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
            escape(text)
        ));
    }

    /// Returns the drawing as an element of a page.
    pub(super) fn finish(self) -> String {
        self.0 + "</svg>"
    }

    fn put(&mut self, element: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.0.write_fmt(element);
    }
}

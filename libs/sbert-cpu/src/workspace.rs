//! The buffers of a thread.

use crate::kernels::{PANEL, Row};
use crate::layout::{Header, padded};
use crate::simd::V;

/// The buffers of one thread.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// The concatenated tokens of the chunk's texts.
    pub(crate) ids: Vec<u32>,
    pub(crate) lengths: Vec<usize>,
    /// The tokens' rows in the position table.
    pub(crate) places: Vec<usize>,
    /// The token vectors.
    pub(crate) x: Vec<f32>,
    pub(crate) rows: Vec<Row>,
    /// Queries, keys and values; then the inner activations of the feed-forward part.
    pub(crate) wide: Vec<f32>,
    /// The attention output.
    pub(crate) context: Vec<f32>,
    pub(crate) scores: Vec<V>,
    /// The row being quantized.
    pub(crate) row: Vec<V>,
    /// Rows in the groups that an arithmetic multiplies, as words of 4 bytes.
    pub(crate) groups: Vec<u32>,
}

impl Workspace {
    pub(crate) fn fill(&mut self, header: &Header, texts: &[Vec<u32>]) {
        self.ids.clear();
        self.lengths.clear();
        for text in texts {
            self.ids.extend(text);
            self.lengths.push(text.len());
        }
        places(header, texts, &mut self.places);
        let tokens = self.ids.len();
        let (hidden, inner) = (padded(header.hidden), padded(header.inner));
        let heads = header.heads * header.head_panels() * PANEL;
        self.x.resize(tokens * hidden, 0.0);
        self.rows.resize(tokens, Row::default());
        self.wide.resize(tokens * inner.max(3 * heads), 0.0);
        self.context.resize(tokens * heads, 0.0);
    }
}

/// Computes each token's row of positions. Texts begin at the first; the padding token, if any, has the last
/// and is not counted.
fn places(header: &Header, texts: &[Vec<u32>], places: &mut Vec<usize>) {
    places.clear();
    for text in texts {
        let mut next = 0;
        for token in text {
            if Some(*token) == header.padding {
                places.push(header.max_tokens);
            } else {
                places.push(next);
                next += 1;
            }
        }
    }
}

use super::activation::exp;
use super::{Bias, PANEL, tiles, with_height};
use crate::simd::{LANES, Simd, V};
use std::ops::Range;

/// The heads of an attention, each padded to whole panels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heads {
    /// The number of heads.
    pub(crate) count: usize,
    /// The number of panels of 32 numbers in each.
    pub(crate) panels: usize,
}

/// Queries, keys and values of a text, head by head.
#[derive(Clone, Copy)]
struct Head<'a, const P: usize> {
    /// The tokens' 32 numbers in each panel.
    queries: [&'a [[V; 2]]; P],
    keys: [&'a [[V; 2]]; P],
    values: [&'a [[V; 2]]; P],
    /// The bias of the scores.
    bias: Option<Bias<'a>>,
}

/// The maximum number of panels of a head: 128 numbers. Heads are padded to 1, 2 or 4 panels.
pub(crate) const MAX_PANELS: usize = 4;

/// Computes the heads `own` of the multi-head attention of one text and writes their columns of the output
/// rows. `qkv` holds panels of `stride` tokens by 32: all queries, then all keys, then all values; the text's
/// tokens are `from..from + length`. Queries are already scaled by 1 / sqrt(head size).
///
/// Scores have the queries in the lanes, 16 or 32 at a time, so that the softmax needs no sums or maxima
/// across lanes, and no mask. `scores` is a buffer. `bias` returns the bias of a head's scores, if any.
#[inline(always)]
pub(crate) fn attention<'a, S: Simd>(
    s: S,
    heads: Heads,
    own: Range<usize>,
    bias: impl Fn(usize) -> Option<Bias<'a>>,
    qkv: &[f32],
    stride: usize,
    from: usize,
    length: usize,
    out: &mut [f32],
    scores: &mut Vec<V>,
) {
    macro_rules! of_panels {
        ($panels:literal) => {
            of_heads::<S, $panels>(
                s,
                heads.count,
                own,
                bias,
                qkv,
                stride,
                from,
                length,
                out,
                scores,
            )
        };
    }
    match heads.panels {
        1 => of_panels!(1),
        2 => of_panels!(2),
        _ => of_panels!(4),
    }
}

#[inline(always)]
fn of_heads<'a, S: Simd, const P: usize>(
    s: S,
    heads: usize,
    own: Range<usize>,
    bias: impl Fn(usize) -> Option<Bias<'a>>,
    qkv: &[f32],
    stride: usize,
    from: usize,
    length: usize,
    out: &mut [f32],
    scores: &mut Vec<V>,
) {
    scores.resize(2 * length, [0.0; LANES]);
    let panel = |number: usize| {
        let begin = (number * stride + from) * PANEL;
        qkv[begin..][..length * PANEL].as_chunks::<LANES>().0.as_chunks::<2>().0
    };
    for head in own {
        let part = |part: usize| std::array::from_fn(|p| panel((part * heads + head) * P + p));
        let (queries, keys, values) = (part(0), part(1), part(2));
        let head_of_text: Head<'_, P> = Head { queries, keys, values, bias: bias(head) };
        let out = &mut out[head * P * PANEL..];
        let width = heads * P * PANEL;
        let mut at = 0;
        while at < length {
            if length - at > LANES {
                head_of_text.attend::<S, 2>(s, at, scores, out, width);
                at += 2 * LANES;
            } else {
                head_of_text.attend::<S, 1>(s, at, scores, out, width);
                at += LANES;
            }
        }
    }
}

impl<const P: usize> Head<'_, P> {
    /// Computes softmax(q k) v for the queries from `at` on, as many as W vectors hold.
    #[inline(always)]
    fn attend<S: Simd, const W: usize>(
        &self,
        s: S,
        at: usize,
        scores: &mut [V],
        out: &mut [f32],
        width: usize,
    ) {
        let scores = scores[..W * self.keys[0].len()].as_chunks_mut::<W>().0;
        let top = self.all_scores::<S, W>(s, at, scores);
        let sums = exponentials::<S, W>(s, scores, &top);
        let (scores, sums) = (scores.as_flattened().as_flattened(), sums.as_flattened());
        self.mix_values::<S, W>(s, at, scores, sums, out, width);
    }

    /// Computes the scores of all keys, and returns the greatest of each query.
    #[inline(always)]
    fn all_scores<S: Simd, const W: usize>(
        &self,
        s: S,
        at: usize,
        scores: &mut [[V; W]],
    ) -> [S::F; W] {
        let length = self.keys[0].len();
        let queries = self.transposed::<S, W>(s, at);
        let mut top = [s.splat(f32::MIN); W];
        for (first, height) in tiles(length, S::ATTENTION_ROWS) {
            macro_rules! of_height {
                ($height:literal) => {
                    self.scores::<S, W, $height>(
                        s,
                        &queries,
                        at,
                        first,
                        &mut scores[first..],
                        &mut top,
                    )
                };
            }
            with_height!(S::ATTENTION_ROWS, height, of_height);
        }
        top
    }

    /// Writes the means of the values, weighted by `scores` divided by their `sums`.
    #[inline(always)]
    fn mix_values<S: Simd, const W: usize>(
        &self,
        s: S,
        at: usize,
        scores: &[f32],
        sums: &[f32],
        out: &mut [f32],
        width: usize,
    ) {
        let count = (self.keys[0].len() - at).min(W * LANES);
        for (first, height) in tiles(count, S::ATTENTION_ROWS) {
            for panel in 0..P {
                let out = &mut out[(at + first) * width + panel * PANEL..];
                let values = self.values[panel];
                macro_rules! of_height {
                    ($height:literal) => {
                        mix::<S, $height>(
                            s,
                            &scores[first..],
                            W * LANES,
                            values,
                            &sums[first..],
                            out,
                            width,
                        )
                    };
                }
                with_height!(S::ATTENTION_ROWS, height, of_height);
            }
        }
    }

    /// Returns the queries transposed, by coordinate.
    #[inline(always)]
    fn transposed<S: Simd, const W: usize>(&self, s: S, at: usize) -> [[[V; W]; PANEL]; P] {
        let mut transposed = [[[[0.0; LANES]; W]; PANEL]; P];
        for (queries, transposed) in self.queries.iter().zip(&mut transposed) {
            #[expect(clippy::needless_range_loop, reason = "`w` also counts the lanes")]
            for w in 0..W {
                for half in 0..2 {
                    let rows = std::array::from_fn(|lane| {
                        let query = queries.get(at + w * LANES + lane);
                        query.map_or(s.splat(0.0), |query| s.load(&query[half]))
                    });
                    for (lane, column) in s.transpose(rows).into_iter().enumerate() {
                        s.store(&mut transposed[half * LANES + lane][w], column);
                    }
                }
            }
        }
        transposed
    }

    /// Computes the scores of the queries from `at` on and R keys from `first` on.
    #[inline(always)]
    fn scores<S: Simd, const W: usize, const R: usize>(
        &self,
        s: S,
        queries: &[[[V; W]; PANEL]; P],
        at: usize,
        first: usize,
        scores: &mut [[V; W]],
        top: &mut [S::F; W],
    ) {
        let mut sums = [[s.splat(0.0); W]; R];
        if let Some(bias) = self.bias {
            for (r, sums) in sums.iter_mut().enumerate() {
                for (w, sum) in sums.iter_mut().enumerate() {
                    *sum = s.load(bias.of(at + w * LANES, first + r));
                }
            }
        }
        for (keys, queries) in self.keys.iter().zip(queries) {
            let keys: &[[V; 2]] = &keys[first..][..R];
            let keys = keys.as_flattened().as_flattened().as_chunks::<PANEL>().0;
            for (d, query) in queries.iter().enumerate() {
                let query: [S::F; W] = std::array::from_fn(|w| s.load(&query[w]));
                for r in 0..R {
                    let key = s.splat(keys[r][d]);
                    for w in 0..W {
                        sums[r][w] = s.fma(key, query[w], sums[r][w]);
                    }
                }
            }
        }
        for (sums, scores) in sums.iter().zip(&mut scores[..R]) {
            for w in 0..W {
                s.store(&mut scores[w], sums[w]);
                top[w] = s.max(top[w], sums[w]);
            }
        }
    }
}

/// Replaces the scores of each query by the exponentials of their differences to its greatest score, `top`.
/// Returns the sums of the exponentials.
#[inline(always)]
fn exponentials<S: Simd, const W: usize>(s: S, scores: &mut [[V; W]], top: &[S::F; W]) -> [V; W] {
    let mut sums = [s.splat(0.0); W];
    for row in scores {
        for w in 0..W {
            let e = exp(s, s.sub(s.load(&row[w]), top[w]));
            sums[w] = s.add(sums[w], e);
            s.store(&mut row[w], e);
        }
    }
    std::array::from_fn(|w| s.lanes(sums[w]))
}

/// `out[r]` = the sum of `score[j][r] value[j]` over all tokens j, by `sum[r]`; one panel's numbers.
#[inline(always)]
fn mix<S: Simd, const R: usize>(
    s: S,
    scores: &[f32],
    stride: usize,
    values: &[[V; 2]],
    sums: &[f32],
    out: &mut [f32],
    width: usize,
) {
    let mut mixed = [[s.splat(0.0); 2]; R];
    for (token, value) in values.iter().enumerate() {
        let value = [s.load(&value[0]), s.load(&value[1])];
        let scores = &scores[token * stride..][..R];
        for r in 0..R {
            let score = s.splat(scores[r]);
            mixed[r] = [s.fma(score, value[0], mixed[r][0]), s.fma(score, value[1], mixed[r][1])];
        }
    }
    for r in 0..R {
        let inverse = s.splat(1.0 / sums[r]);
        let out = out[r * width..][..PANEL].as_chunks_mut::<LANES>().0;
        for half in 0..2 {
            s.store(&mut out[half], s.mul(mixed[r][half], inverse));
        }
    }
}

//! The forward pass, for each instruction set and arithmetic.
#![allow(
    unsafe_code,
    reason = "functions with target features may be called only on CPUs that have them"
)]

use crate::kernels::{
    self, ActivationFunction, Arithmetic, Bf16, Bias, F32, Heads, Int8, LinearView, NormView,
    PANEL, Row, Target,
};
use crate::layout::{Header, LayerLayout, Layout, LinearLayout, NormLayout, padded, vectors};
use crate::packed::PackedEncoder;
use crate::simd::{LANES, Portable, Simd, V};
use crate::team::Member;
use crate::weights::Precision;
use crate::workspace::Workspace;
use instruction_set::InstructionSet;
use sbert_model::Activation;
use std::ops::Range;

/// Returns the number of blocks of a model, two per layer. Each block selects its members.
pub(crate) fn blocks(model: &PackedEncoder) -> usize {
    2 * model.layout.layers.len()
}

/// Runs the forward pass over the texts in `workspace`. The first member writes the pooled vector of each
/// text, before the dense layers.
pub(crate) fn forward(
    instruction_set: InstructionSet,
    workspace: &mut Workspace,
    model: &PackedEncoder,
    member: &mut Member<'_>,
    out: &mut [f32],
) {
    let precision = model.header.precision;
    macro_rules! run {
        ($module:ident, $s:expr) => {
            match precision {
                Precision::Int8 => $module::forward::<Int8>($s, workspace, model, member, out),
                Precision::Bf16 => $module::forward::<Bf16>($s, workspace, model, member, out),
                Precision::Fp32 => $module::forward::<F32>($s, workspace, model, member, out),
            }
        };
    }
    // SAFETY, of each call: a value of the instruction set's type proves that this CPU supports it.
    match instruction_set {
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512 => {
            if let (Precision::Bf16, Some(s)) = (precision, crate::simd::Avx512Bf16::new()) {
                return unsafe { avx512_bf16::forward::<Bf16>(s, workspace, model, member, out) };
            }
            if let Some(s) = crate::simd::Avx512::new() {
                return unsafe { run!(avx512, s) };
            }
        }
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 => {
            if let Some(s) = crate::simd::Avx2::new() {
                return unsafe { run!(avx2, s) };
            }
        }
        _ => {}
    }
    run!(portable, Portable);
}

impl PackedEncoder {
    fn linear<W: bytemuck::Pod>(&self, at: &LinearLayout) -> LinearView<'_, W> {
        let bytes = &self.bytes;
        LinearView {
            inputs: at.inputs,
            outputs: at.outputs,
            weights: bytemuck::cast_slice(&bytes[at.weights.clone()]),
            scale: vectors(&bytes[at.scale.clone()]),
            sum: vectors(&bytes[at.sum.clone()]),
            bias: vectors(&bytes[at.bias.clone()]),
        }
    }

    /// Returns the bias of a head by distance, if the model has one.
    fn bias(&self, head: usize) -> Option<Bias<'_>> {
        self.header.relative_attention.then(|| {
            let rows = bytemuck::cast_slice(&self.bytes[self.layout.bias.clone()]);
            Bias::of_head(rows, head, self.header.max_tokens)
        })
    }

    fn norm(&self, at: &NormLayout) -> NormView<'_> {
        let bytes = &self.bytes;
        NormView {
            size: self.header.hidden,
            epsilon: self.header.epsilon,
            gamma: vectors(&bytes[at.gamma.clone()]),
            beta: vectors(&bytes[at.beta.clone()]),
        }
    }
}

/// Returns the activation function, with the accuracy of the arithmetic.
fn act(header: &Header) -> ActivationFunction {
    match header.activation() {
        Ok(Activation::Gelu) if header.precision == Precision::Fp32 => {
            ActivationFunction::GeluExact
        }
        Ok(Activation::Gelu) => ActivationFunction::Gelu,
        Ok(Activation::GeluTanh) => ActivationFunction::GeluTanh,
        Ok(Activation::Relu) => ActivationFunction::Relu,
        Err(_) => ActivationFunction::None,
    }
}

/// Defines the functions of one instruction set, with its target features; their callees are inlined.
macro_rules! instructions {
    ($name:ident, $simd:ty $(, $features:literal)?) => {
        mod $name {
            use super::*;

            $(#[target_feature(enable = $features)])?
            pub(super) fn forward<A: Arithmetic<$simd>>(
                s: $simd,
                workspace: &mut Workspace,
                model: &PackedEncoder,
                member: &mut Member<'_>,
                out: &mut [f32],
            ) {
                let Layout { layers, norm: first, .. } = &model.layout;
                let mut words = std::mem::take(&mut workspace.groups);
                words.resize(workspace.wide.len() / A::GROUP * size_of::<A::Group>() / 4, 0);
                let groups: &mut [A::Group] = bytemuck::cast_slice_mut(&mut words);
                if member.is_first() {
                    embed(s, workspace, model);
                    norm(s, &mut workspace.x, &model.norm(first));
                }
                for (number, layer) in layers.iter().enumerate() {
                    if member.begin(2 * number, &mut workspace.x) {
                        self_attention::<A>(s, workspace, model, layer, member, groups);
                    }
                    if member.begin(2 * number + 1, &mut workspace.x) {
                        feed_forward::<A>(s, workspace, model, layer, member, groups);
                    }
                }
                if member.is_first() {
                    pool(s, workspace, model, out);
                }
                workspace.groups = words;
            }

            /// Adds the self-attention of a layer to `x`, and normalizes it.
            $(#[target_feature(enable = $features)])?
            fn self_attention<A: Arithmetic<$simd>>(
                s: $simd,
                workspace: &mut Workspace,
                model: &PackedEncoder,
                layer: &LayerLayout,
                member: &mut Member<'_>,
                groups: &mut [A::Group],
            ) {
                let (heads, panels) = (model.header.heads, model.header.head_panels());
                let (qkv, output) = (model.linear(&layer.qkv), model.linear(&layer.attention_output));
                let Workspace { x, rows, wide, row, .. } = workspace;
                convert::<A>(s, x, &qkv, row, groups, rows);
                let own = member.share(heads);
                for part in 0..3 {
                    let heads = part * heads + own.start..part * heads + own.end;
                    let panels = heads.start * panels..heads.end * panels;
                    linear::<A>(s, groups, rows, &qkv, Target::Panels, panels, wide);
                }
                attention(s, workspace, model, own);
                let Workspace { x, rows, context, row, .. } = workspace;
                member.exchange(context, heads, panels * PANEL);
                convert::<A>(s, context, &output, row, groups, rows);
                let hidden = output.outputs / PANEL;
                linear::<A>(s, groups, rows, &output, Target::Add, member.share(hidden), x);
                member.exchange(x, hidden, PANEL);
                norm(s, x, &model.norm(&layer.attention_norm));
            }

            /// Adds the feed-forward network of a layer to `x`, and normalizes it.
            $(#[target_feature(enable = $features)])?
            fn feed_forward<A: Arithmetic<$simd>>(
                s: $simd,
                workspace: &mut Workspace,
                model: &PackedEncoder,
                layer: &LayerLayout,
                member: &mut Member<'_>,
                groups: &mut [A::Group],
            ) {
                let (up, down) = (model.linear(&layer.up), model.linear(&layer.down));
                let (inner, hidden) = (up.outputs / PANEL, down.outputs / PANEL);
                let through = Target::Through(act(&model.header));
                let Workspace { x, rows, wide, row, .. } = workspace;
                convert::<A>(s, x, &up, row, groups, rows);
                linear::<A>(s, groups, rows, &up, through, member.share(inner), wide);
                let wide = &mut wide[..rows.len() * up.outputs];
                member.exchange(wide, inner, PANEL);
                convert::<A>(s, wide, &down, row, groups, rows);
                linear::<A>(s, groups, rows, &down, Target::Add, member.share(hidden), x);
                member.exchange(x, hidden, PANEL);
                norm(s, x, &model.norm(&layer.output_norm));
            }

            $(#[target_feature(enable = $features)])?
            fn embed(s: $simd, workspace: &mut Workspace, model: &PackedEncoder) {
                let Workspace { ids, places, x, .. } = workspace;
                let bytes = &model.bytes;
                let width = padded(model.header.hidden) / LANES;
                let positions = vectors(&bytes[model.layout.positions.clone()]);
                let words = &bytes[model.layout.words.clone()];
                let rows = x.as_chunks_mut::<LANES>().0.chunks_exact_mut(width);
                for ((id, place), x) in ids.iter().zip(&*places).zip(rows) {
                    let position = &positions[place * width..][..width];
                    let word = *id as usize * width;
                    if model.header.precision == Precision::Fp32 {
                        let row = &vectors(words)[word..][..width];
                        kernels::embed(s, |at| s.load(&row[at]), position, x);
                    } else {
                        let words: &[[u16; LANES]] = bytemuck::cast_slice(words);
                        let row = &words[word..][..width];
                        kernels::embed(s, |at| s.load_half(&row[at]), position, x);
                    }
                }
            }

            $(#[target_feature(enable = $features)])?
            fn norm(s: $simd, x: &mut [f32], view: &NormView<'_>) {
                kernels::norm(s, x, view);
            }

            $(#[target_feature(enable = $features)])?
            fn convert<A: Arithmetic<$simd>>(
                s: $simd,
                x: &[f32],
                layer: &LinearView<'_, A::Weights>,
                row: &mut Vec<V>,
                groups: &mut [A::Group],
                rows: &mut [Row],
            ) {
                kernels::convert::<_, A>(s, x, layer.inputs, row, groups, rows);
            }

            $(#[target_feature(enable = $features)])?
            fn linear<A: Arithmetic<$simd>>(
                s: $simd,
                groups: &[A::Group],
                rows: &[Row],
                layer: &LinearView<'_, A::Weights>,
                target: Target,
                panels: Range<usize>,
                out: &mut [f32],
            ) {
                kernels::linear::<_, A>(s, groups, rows, layer, target, panels, out);
            }

            $(#[target_feature(enable = $features)])?
            fn attention(
                s: $simd,
                workspace: &mut Workspace,
                model: &PackedEncoder,
                own: Range<usize>,
            ) {
                let heads =
                    Heads { count: model.header.heads, panels: model.header.head_panels() };
                let Workspace { ids, lengths, wide, context, scores, .. } = workspace;
                let width = heads.count * heads.panels * PANEL;
                let mut from = 0;
                for &length in &*lengths {
                    let out = &mut context[from * width..][..length * width];
                    let (own, bias) = (own.clone(), |head| model.bias(head));
                    kernels::attention(
                        s, heads, own, bias, wide, ids.len(), from, length, out, scores,
                    );
                    from += length;
                }
            }

            $(#[target_feature(enable = $features)])?
            fn pool(s: $simd, workspace: &Workspace, model: &PackedEncoder, out: &mut [f32]) {
                let (modes, size) = (model.pooling.modes(), model.header.hidden);
                let width = padded(size) / LANES;
                let mut rows = workspace.x.as_chunks::<LANES>().0;
                let outs = out.chunks_exact_mut(model.header.pooled());
                for (&length, out) in workspace.lengths.iter().zip(outs) {
                    let (text, rest) = rows.split_at(length * width);
                    kernels::pool(s, modes, size, text, length, out);
                    rows = rest;
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
instructions!(
    avx512_bf16,
    crate::simd::Avx512Bf16,
    "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16,avx2,fma,f16c"
);
#[cfg(target_arch = "x86_64")]
instructions!(
    avx512,
    crate::simd::Avx512,
    "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c"
);
#[cfg(target_arch = "x86_64")]
instructions!(avx2, crate::simd::Avx2, "avx2,fma,f16c");
instructions!(portable, Portable);

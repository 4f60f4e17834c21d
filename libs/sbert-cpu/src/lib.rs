//! Executes sentence encoders of the BERT family on the CPU, without a graph or a runtime.
//!
//! [`pack`] converts a [`SentenceModel`](sbert_model::SentenceModel) once into a file that an [`Encoder`]
//! memory-maps and executes:
//!
//! - Texts are concatenated without padding into chunks of about 128 tokens, so that no work is wasted and
//!   activations stay in the second-level cache.
//! - In 8 bits, weights have a scale for each output column, and activations a scale and a minimum for each
//!   token: x = min + scale q. The embedding of a text therefore has the same bits alone, in any batch and
//!   on any number of threads. A Hadamard transform mixes both first, which spreads the few large
//!   coordinates that would cost all others their precision.
//! - Several threads compute one chunk together, each its own heads and columns. A thread that comes late
//!   joins at the next block; the others do not wait for it.
//! - Bias, residual and activation are applied while results are still in registers.
//! - AVX-512 with VNNI, AVX2 or plain Rust is chosen at run time ([`InstructionSet`]).
//!
//! ```
//! use sbert_cpu::{Encoder, Precision};
//!
//! # let folder = sbert_fixtures::folder("minilm-l6");
//! # let target = tempfile::tempdir()?;
//! # let target = target.path();
//! let model = sbert_model::SentenceModel::open(&folder)?;
//! let packed = target.join("int8.sbert");
//! sbert_cpu::pack(&model, Precision::Int8, &packed)?;
//! let encoder = Encoder::open(&packed)?;
//! let output = encoder.embed(&["a tripod for my phone", "a chair"], 2);
//! assert_eq!(output.vectors.len(), 2 * encoder.dimension());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![allow(
    clippy::inline_always,
    reason = "kernels inherit the CPU features of the function that they are inlined into"
)]
#![allow(
    clippy::cast_lossless,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "this crate computes with 8-bit, 32-bit and floating-point numbers"
)]
#![allow(clippy::too_many_arguments, reason = "kernels take each of their buffers separately")]
#![allow(clippy::many_single_char_names, reason = "kernels use the names of the formulas")]

mod encoder;
mod forward;
mod kernels;
mod layout;
mod packed;
mod simd;
mod team;
mod weights;
mod workspace;

pub use encoder::{Encoder, EncoderOutput, InvalidTokens};
pub use instruction_set::InstructionSet;
pub use packed::{OpenError, PackError, pack};
pub use weights::Precision;

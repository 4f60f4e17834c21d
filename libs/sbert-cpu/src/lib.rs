//! Executes sentence encoders of the BERT family on the processor, directly: no graph, no runtime.
//!
//! A [`SentenceModel`](sbert_model::SentenceModel) is packed once into a file ([`pack`]) which an
//! [`Encoder`] maps into memory and executes:
//!
//! - Texts are concatenated without padding into chunks of about 128 tokens, so that no length is
//!   wasted and activations stay in the second-level cache.
//! - In 8 bits, weights have one scale per output column, activations a scale and a minimum per
//!   token: x = min + scale q. A text's embedding therefore has the same bits alone, in any batch
//!   and on any number of threads. Both are mixed by a Hadamard transform first, which spreads the
//!   few large coordinates that would take the bits from all others.
//! - A single chunk is computed by several threads together: each has its heads and its columns. Who
//!   comes late is taken in while it is computed; nobody is waited for who has not come.
//! - Bias, residual and activation are applied on the way out of the registers.
//! - AVX-512 with VNNI, AVX2 or plain Rust are chosen as the program runs.
//!
//! ```no_run
//! let encoder = sbert_cpu::Encoder::open("int8.sbert".as_ref())?;
//! let embedded = encoder.embed(&["a tripod for my phone"], 2);
//! assert_eq!(embedded.vectors.len(), encoder.dimension());
//! # Ok::<(), sbert_cpu::OpenError>(())
//! ```
#![allow(
    clippy::inline_always,
    reason = "kernels take the processor's features from the function that they are inlined into"
)]
#![allow(
    clippy::cast_lossless,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "arithmetic between 8-bit, 32-bit and floating numbers is what this crate is for"
)]
#![allow(clippy::too_many_arguments, reason = "kernels take each of their buffers by itself")]
#![allow(clippy::many_single_char_names, reason = "kernels follow the formulas' names")]

mod buffer;
mod encoder;
mod forward;
mod isa;
mod kernels;
mod layout;
mod packed;
mod simd;
mod team;
mod weights;
mod workspace;

pub use encoder::{Encoder, EncoderOutput, InvalidTokens};
pub use isa::Isa;
pub use packed::{OpenError, PackError, pack};
pub use weights::Precision;

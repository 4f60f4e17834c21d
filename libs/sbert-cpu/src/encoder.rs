use crate::forward::{blocks, forward};
use crate::layout::{DenseHeader, DenseLayout, Header};
use crate::packed::{self, OpenError, PackError, PackedEncoder};
use crate::team::{Member, Team};
use crate::weights::Precision;
use crate::workspace::Workspace;
use compute_pool::ReservedThreads;
use instruction_set::InstructionSet;
use sbert_model::{SentenceModel, Tokenizer};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A packed model, ready to embed. It can be shared by threads and is cheap to clone.
#[derive(Clone, Debug)]
pub struct Encoder {
    model: Arc<PackedEncoder>,
    instruction_set: InstructionSet,
    /// Idle buffers for reuse.
    workspaces: Arc<Mutex<Vec<Workspace>>>,
}

/// The embeddings of some texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EncoderOutput {
    /// A row of [`Encoder::dimension`] numbers for each text, in the order of the texts.
    pub vectors: Vec<f32>,
    /// For each text, true if it was truncated to the maximum length.
    pub truncated: Vec<bool>,
    /// The total number of tokens.
    pub tokens: usize,
}

/// An error about a text with invalid tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("text {text} has no tokens, too many, or one outside the vocabulary")]
pub struct InvalidTokens {
    /// The index of the text.
    pub text: usize,
}

/// The approximate number of tokens in a chunk, which keeps activations in the second-level cache.
const CHUNK: usize = 128;

impl Encoder {
    /// The maximum number of threads that compute one chunk, or one text, together. Each must copy the
    /// results of all others.
    pub const MAX_MEMBERS: usize = 4;

    /// Maps a file written by [`pack`](crate::pack) and verifies its checksum.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        PackedEncoder::open(path).map(Self::new)
    }

    /// Packs `model` in memory.
    pub fn from_model(model: &SentenceModel, precision: Precision) -> Result<Self, PackError> {
        let bytes = packed::to_bytes(model, precision)?;
        let packed = PackedEncoder::read(mapped_bytes::copy(&bytes));
        let packed = packed.map_err(|reason| PackError::Shape { name: model.name.clone(), reason });
        packed.map(Self::new)
    }

    fn new(model: PackedEncoder) -> Self {
        let instruction_set = InstructionSet::selected();
        Self { model: Arc::new(model), instruction_set, workspaces: Arc::default() }
    }

    /// Returns the encoder with another instruction set, or `None` if the CPU does not support it.
    #[must_use]
    pub fn with_instruction_set(self, instruction_set: InstructionSet) -> Option<Self> {
        instruction_set.is_available().then_some(Self { instruction_set, ..self })
    }

    /// Returns the instruction set that executes the model.
    pub fn instruction_set(&self) -> InstructionSet {
        self.instruction_set
    }

    /// Returns the dimension of an embedding.
    pub fn dimension(&self) -> usize {
        self.model.header.dimension()
    }

    /// Returns the maximum number of tokens, including the special ones.
    pub fn max_tokens(&self) -> usize {
        self.model.header.max_tokens
    }

    /// Returns the precision of the weights.
    pub fn precision(&self) -> Precision {
        self.model.header.precision
    }

    /// Returns the name of the model's folder.
    pub fn name(&self) -> &str {
        &self.model.header.name
    }

    /// Returns the SHA-256 of the model's original weights in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.model.header.sha256
    }

    /// Returns whether this was packed from `model`, with the same weights, settings and tokenizer. Reads all
    /// of the weights.
    pub fn is_packed_from(&self, model: &SentenceModel) -> bool {
        let PackedEncoder { header, layout, bytes, .. } = &*self.model;
        let tokenizer = model.tokenizer.to_bytes();
        *header == Header::new(model, header.precision, tokenizer.len())
            && bytes[layout.tokenizer.clone()] == tokenizer
    }

    /// Embeds `texts` on up to `threads` threads. A text's embedding has the same bits in any batch and on any
    /// number of threads. An empty text has an embedding too.
    pub fn embed(&self, texts: &[&str], threads: usize) -> EncoderOutput {
        let encodings: Vec<_> =
            texts.iter().map(|text| self.model.tokenizer.encode(text)).collect();
        let truncated = encodings.iter().map(|encoding| encoding.truncated).collect();
        let tokens: Vec<_> = encodings.into_iter().map(|encoding| encoding.ids).collect();
        EncoderOutput {
            vectors: self.run(&tokens, threads),
            truncated,
            tokens: tokens.iter().map(Vec::len).sum(),
        }
    }

    /// Returns the tokens of `text`, including the special ones.
    pub fn tokenize(&self, text: &str) -> Vec<u32> {
        self.tokenizer().encode(text).ids
    }

    /// Returns the tokenizer, which truncates texts to [`Self::max_tokens`].
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.model.tokenizer
    }

    /// Embeds tokenized texts and returns a row for each.
    pub fn embed_tokens(
        &self,
        texts: &[Vec<u32>],
        threads: usize,
    ) -> Result<Vec<f32>, InvalidTokens> {
        let known = |id: &u32| (*id as usize) < self.model.header.vocabulary;
        let is_valid = |text: &Vec<u32>| {
            (1..=self.max_tokens()).contains(&text.len()) && text.iter().all(known)
        };
        match texts.iter().position(|text| !is_valid(text)) {
            Some(text) => Err(InvalidTokens { text }),
            None => Ok(self.run(texts, threads)),
        }
    }

    fn run(&self, texts: &[Vec<u32>], threads: usize) -> Vec<f32> {
        let mut vectors = vec![0.0; texts.len() * self.dimension()];
        match &*chunks(texts) {
            [] => {}
            [chunk] => self.together(chunk, threads, &mut vectors),
            chunks => self.side_by_side(chunks, threads, &mut vectors),
        }
        vectors
    }

    /// Embeds one chunk on this thread and on others that join in time.
    fn together(&self, texts: &[Vec<u32>], threads: usize, out: &mut [f32]) {
        let most = threads.clamp(1, Self::MAX_MEMBERS.min(self.model.header.heads));
        let team = Arc::new(Team::new(most, blocks(&self.model)));
        let workspace = self.workspace(texts);
        let first = team.join();
        if most > 1 {
            let (encoder, team, texts) = (self.clone(), Arc::clone(&team), texts.to_vec());
            compute_pool::spawn_on_idle(most - 1, move || {
                let workspace = encoder.workspace(&texts);
                encoder.compute(workspace, team.join(), &mut []);
            });
        }
        self.finish(workspace, first, out);
    }

    /// Embeds chunks in parallel, each on one thread.
    fn side_by_side(&self, chunks: &[&[Vec<u32>]], threads: usize, out: &mut [f32]) {
        let mut rest = out;
        let mut work = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            let (out, after) = rest.split_at_mut(chunk.len() * self.dimension());
            work.push(Mutex::new((chunk, out)));
            rest = after;
        }
        let next = AtomicUsize::new(0);
        let embed = || {
            while let Some(chunk) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                let (texts, out) = &mut *lock(chunk);
                self.together(texts, 1, out);
            }
        };
        let most = threads.clamp(1, work.len());
        ReservedThreads::reserve(most - 1).run(embed, |_| embed());
    }

    /// Returns buffers for `texts`.
    fn workspace(&self, texts: &[Vec<u32>]) -> Workspace {
        let mut workspace = lock(&self.workspaces).pop().unwrap_or_default();
        workspace.fill(&self.model.header, texts);
        workspace
    }

    /// Computes a member's part of the layers and releases its buffers. The first member writes the output.
    fn compute(&self, mut workspace: Workspace, mut member: Member<'_>, out: &mut [f32]) {
        forward(self.instruction_set, &mut workspace, &self.model, &mut member, out);
        lock(&self.workspaces).push(workspace);
    }

    /// Computes the first member's part, then the embeddings of the texts.
    fn finish(&self, workspace: Workspace, first: Member<'_>, out: &mut [f32]) {
        let header = &self.model.header;
        let mut x = vec![0.0; workspace.lengths.len() * header.pooled()];
        self.compute(workspace, first, &mut x);
        for (dense, at) in header.dense.iter().zip(&self.model.layout.dense) {
            x = self.dense(dense, at, &x);
        }
        out.copy_from_slice(&x);
        if header.normalize {
            out.chunks_exact_mut(header.dimension()).for_each(normalize);
        }
    }

    /// Applies a dense layer to rows, in f32.
    fn dense(&self, dense: &DenseHeader, at: &DenseLayout, x: &[f32]) -> Vec<f32> {
        let bytes = &self.model.bytes;
        let weights: &[f32] = bytemuck::cast_slice(&bytes[at.weights.clone()]);
        let bias: &[f32] = bytemuck::cast_slice(&bytes[at.bias.clone()]);
        let mut out = Vec::with_capacity(x.len() / dense.inputs * dense.outputs);
        for row in x.chunks_exact(dense.inputs) {
            for (weights, bias) in weights.chunks_exact(dense.inputs).zip(bias) {
                let sum = bias + dot(row, weights);
                out.push(if dense.tanh { sum.tanh() } else { sum });
            }
        }
        out
    }
}

/// Groups whole texts into chunks of about [`CHUNK`] tokens.
fn chunks(texts: &[Vec<u32>]) -> Vec<&[Vec<u32>]> {
    let mut chunks = Vec::new();
    let (mut begin, mut tokens) = (0, 0);
    for (end, text) in texts.iter().enumerate() {
        if tokens > 0 && tokens + text.len() > CHUNK {
            chunks.push(&texts[begin..end]);
            (begin, tokens) = (end, 0);
        }
        tokens += text.len();
    }
    if begin < texts.len() {
        chunks.push(&texts[begin..]);
    }
    chunks
}

/// Returns the dot product, in eight sums that the compiler can vectorize; the order is always the same.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// Scales a vector to length 1; a zero vector is unchanged.
fn normalize(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt().max(1e-12);
    for x in vector {
        *x /= length;
    }
}

/// Locks a mutex and ignores poisoning, since a panic leaves no inconsistent state.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sbert_model::SentenceModel;
    use std::thread;

    const TEXT: &str = "a tripod that keeps the phone steady while filming";

    /// Embeds with `members` members, all of whom have joined before the first begins.
    fn embed_together(encoder: &Encoder, members: usize) -> Vec<f32> {
        let texts = [encoder.tokenize(TEXT)];
        let team = Team::new(members, blocks(&encoder.model));
        let first = team.join();
        let mut out = vec![0.0; encoder.dimension()];
        thread::scope(|scope| {
            for _ in 1..members {
                scope.spawn(|| {
                    encoder.compute(encoder.workspace(&texts), team.join(), &mut []);
                });
            }
            while team.present() < members {
                thread::yield_now();
            }
            encoder.finish(encoder.workspace(&texts), first, &mut out);
        });
        out
    }

    #[test]
    fn members_together_compute_the_same_bits_as_one() {
        for name in ["minilm-l6", "bge", "mpnet", "distilbert"] {
            let model = SentenceModel::open(&sbert_fixtures::folder(name)).unwrap();
            for precision in Precision::ALL {
                for instruction_set in InstructionSet::available() {
                    let encoder = Encoder::from_model(&model, precision).unwrap();
                    let encoder = encoder.with_instruction_set(instruction_set).unwrap();
                    let alone = encoder.embed(&[TEXT], 1).vectors;
                    for members in 1..=Encoder::MAX_MEMBERS.min(encoder.model.header.heads) {
                        let together = embed_together(&encoder, members);
                        assert_eq!(
                            together, alone,
                            "{name} {precision:?} {instruction_set} by {members}"
                        );
                    }
                }
            }
        }
    }
}

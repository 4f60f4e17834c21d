use crate::forward::{blocks, forward};
use crate::layout::{DenseAt, DenseHeader, Header};
use crate::packed::{self, OpenError, PackError, Packed};
use crate::team::{Member, Team};
use crate::weights::Precision;
use crate::workspace::Workspace;
use compute_pool::ReservedThreads;
use instruction_set::InstructionSet;
use sbert_model::SentenceModel;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A packed model, ready to embed. Threads share it; a clone is the same model, and costs nothing.
#[derive(Clone, Debug)]
pub struct Encoder {
    model: Arc<Packed>,
    instruction_set: InstructionSet,
    /// Scratch memory of the threads that are not embedding right now.
    workspaces: Arc<Mutex<Vec<Workspace>>>,
}

/// The embeddings of some texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EncoderOutput {
    /// A row of [`Encoder::dimension`] numbers for each text, in the order of the texts.
    pub vectors: Vec<f32>,
    /// Which texts were longer than the model reads, and were cut.
    pub truncated: Vec<bool>,
    /// Tokens in all.
    pub tokens: usize,
}

/// These are no tokens of the model's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("text {text} has no tokens, too many, or one that the model does not know")]
pub struct InvalidTokens {
    /// Which text, counted from 0.
    pub text: usize,
}

/// Tokens of a chunk, about: as many as keep activations in the second-level cache.
const CHUNK: usize = 128;

impl Encoder {
    /// The most threads that compute one chunk together, and so one text: each must copy what all
    /// others computed.
    pub const MOST_MEMBERS: usize = 4;

    /// Maps a file that [`pack`](crate::pack) wrote. Its checksum is verified.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Packed::open(path).map(Self::new)
    }

    /// Packs `model` in memory.
    pub fn from_model(model: &SentenceModel, precision: Precision) -> Result<Self, PackError> {
        let bytes = packed::to_bytes(model, precision)?;
        let packed = Packed::read(mapped_bytes::copy(&bytes));
        let packed = packed.map_err(|reason| PackError::Shape { name: model.name.clone(), reason });
        packed.map(Self::new)
    }

    fn new(model: Packed) -> Self {
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

    /// How many coordinates an embedding has.
    pub fn dimension(&self) -> usize {
        self.model.header.dimension()
    }

    /// The longest text, in tokens, the special ones included.
    pub fn max_tokens(&self) -> usize {
        self.model.header.max_tokens
    }

    /// How the weights are held.
    pub fn precision(&self) -> Precision {
        self.model.header.precision
    }

    /// The name of the model's folder.
    pub fn name(&self) -> &str {
        &self.model.header.name
    }

    /// The SHA-256 of the model's weights as they were published, in hexadecimal digits.
    pub fn sha256(&self) -> &str {
        &self.model.header.sha256
    }

    /// Whether this is what [`pack`](crate::pack) makes of `model`: of the same weights, settings and
    /// tokenizer. Reads all of the weights.
    pub fn is_packed_from(&self, model: &SentenceModel) -> bool {
        let Packed { header, layout, bytes, .. } = &*self.model;
        let tokenizer = model.tokenizer.to_bytes();
        *header == Header::of(model, header.precision, tokenizer.len())
            && bytes[layout.tokenizer.clone()] == tokenizer
    }

    /// Embeds `texts` on up to `threads` threads. A text's embedding has the same bits whatever
    /// stands beside it, and on any number of threads. An empty text has an embedding too.
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

    /// The tokens of `text`, the special ones included.
    pub fn tokenize(&self, text: &str) -> Vec<u32> {
        self.model.tokenizer.encode(text).ids
    }

    /// Embeds texts that are tokens already; a row for each.
    pub fn embed_tokens(
        &self,
        texts: &[Vec<u32>],
        threads: usize,
    ) -> Result<Vec<f32>, InvalidTokens> {
        let known = |id: &u32| (*id as usize) < self.model.header.vocabulary;
        let good = |text: &Vec<u32>| {
            (1..=self.max_tokens()).contains(&text.len()) && text.iter().all(known)
        };
        match texts.iter().position(|text| !good(text)) {
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

    /// Embeds one chunk on this thread, and on others that come in time.
    fn together(&self, texts: &[Vec<u32>], threads: usize, out: &mut [f32]) {
        let most = threads.clamp(1, Self::MOST_MEMBERS.min(self.model.header.heads));
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

    /// Embeds chunks, each on one thread, which then takes the next.
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

    /// Memory to compute `texts` in.
    fn workspace(&self, texts: &[Vec<u32>]) -> Workspace {
        let mut workspace = lock(&self.workspaces).pop().unwrap_or_default();
        workspace.fill(&self.model.header, texts);
        workspace
    }

    /// A member's part of the layers, in memory that is idle again afterwards; the first writes what came
    /// out.
    fn compute(&self, mut workspace: Workspace, mut member: Member<'_>, out: &mut [f32]) {
        forward(self.instruction_set, &mut workspace, &self.model, &mut member, out);
        lock(&self.workspaces).push(workspace);
    }

    /// The part of the first member, and what only it does: the texts' embeddings.
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

    /// A dense layer over rows, in f32.
    fn dense(&self, dense: &DenseHeader, at: &DenseAt, x: &[f32]) -> Vec<f32> {
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

/// Whole texts of about [`CHUNK`] tokens together.
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

/// In eight sums, so that the compiler may add them side by side; the order is always the same.
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

/// Scales a vector to length 1; one without length stays as it is.
fn normalize(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt().max(1e-12);
    for x in vector {
        *x /= length;
    }
}

/// Scratch memory holds nothing that a panic could leave half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sbert_model::SentenceModel;
    use std::thread;

    const TEXT: &str = "a tripod that keeps the phone steady while filming";

    /// The embedding by so many members, all of whom have come before the first begins.
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
    fn members_together_compute_the_bits_that_one_computes() {
        for name in ["minilm-l6", "bge", "mpnet", "distilbert"] {
            let model = SentenceModel::open(&sbert_fixtures::folder(name)).unwrap();
            for precision in Precision::ALL {
                for instruction_set in InstructionSet::available() {
                    let encoder = Encoder::from_model(&model, precision).unwrap();
                    let encoder = encoder.with_instruction_set(instruction_set).unwrap();
                    let alone = encoder.embed(&[TEXT], 1).vectors;
                    for members in 1..=Encoder::MOST_MEMBERS.min(encoder.model.header.heads) {
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

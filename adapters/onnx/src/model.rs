use crate::batches::batches;
use crate::identity::fingerprint;
use crate::pooling::pool;
use crate::signature::{ModelInput, Signature};
use crate::tokens::{TextEncoder, pooling};
use crate::{Description, OnnxError, OnnxModelFiles};
use akin_entities::{Embedding, Fingerprint};
use rten::{ModelOptions, NodeId, RunOptions, ThreadPool, TryFromValueError, Value};
use rten_tensor::Tensor;
use rten_tensor::prelude::*;
use sbert_model::{Encoding, Pooling};
use std::any::Any;
use std::fmt;
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// A model that is ready to embed. Its calls block.
pub struct OnnxModel {
    path: PathBuf,
    graph: rten::Model,
    inputs: Vec<(NodeId, ModelInput)>,
    output: (NodeId, String),
    threads: Arc<ThreadPool>,
    encoder: TextEncoder,
    /// The pooling of token vectors; `None` if the graph pools them.
    pooling: Option<Pooling>,
    /// True if each text is executed by itself, because the other texts of a batch would change its
    /// embedding.
    runs_alone: bool,
    fingerprint: Fingerprint,
}

/// The output of a graph: numbers, and their shape.
struct OutputTensor {
    shape: Vec<usize>,
    numbers: Vec<f32>,
}

impl OnnxModel {
    /// Loads the model, and executes it once as a check.
    pub fn open(files: &OnnxModelFiles, threads: NonZeroUsize) -> Result<Self, OnnxError> {
        let path = &files.model;
        let description = Description::read(path).map_err(|error| match error.kind() {
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof => {
                OnnxError::no_model(path, error.to_string())
            }
            _ => OnnxError::Unreadable { path: path.clone(), source: error },
        })?;
        check_weights(path, &description)?;
        let signature = Signature::identify(path, &description)?;
        let encoder = TextEncoder::read(files, &description)?;
        let unsupported = |reason| OnnxError::Unsupported { path: path.clone(), reason };
        let graph = catch_panics(|| {
            let mut options = ModelOptions::with_all_ops();
            options.prepack_weights(true).load_file(path).map_err(|error| error.to_string())
        })
        .map_err(unsupported)?;
        let node = |name: &str| graph.node_id(name).map_err(|error| unsupported(error.to_string()));
        let inputs = signature.inputs.iter().map(|input| Ok((node(input.name())?, *input)));
        let inputs = inputs.collect::<Result<_, OnnxError>>()?;
        let output = (node(&signature.output)?, signature.output);
        let mut model = Self {
            path: path.clone(),
            graph,
            inputs,
            output,
            threads: Arc::new(ThreadPool::with_num_threads(threads.get())),
            encoder,
            pooling: None,
            runs_alone: description.mixes_texts(),
            fingerprint: fingerprint(path, &description, 0)?,
        };
        model.probe(files, &description)?;
        Ok(model)
    }

    /// Returns the fingerprint of the model and its precision.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Returns the maximum number of tokens per text; longer texts are truncated.
    pub fn token_limit(&self) -> usize {
        self.encoder.limit
    }

    /// Returns a token as the vocabulary writes it.
    pub(crate) fn token(&self, id: u32) -> Option<String> {
        self.encoder.token(id)
    }

    /// Tokenizes a text.
    pub(crate) fn encode(&self, text: &str) -> Encoding {
        self.encoder.encode(text)
    }

    /// Embeds one batch of texts. The error is a description.
    pub(crate) fn embed(&self, texts: &[&Encoding]) -> Result<Vec<Embedding>, String> {
        let embedding = |vector: Vec<f32>| {
            let embedding = Embedding::new(&vector);
            embedding.map_err(|error| format!("{error}: it begins with {:?}", vector.first()))
        };
        self.vectors(texts)?.into_iter().map(embedding).collect()
    }

    /// Returns the vectors of `texts` after pooling, not normalized: `dimension` numbers each, one after
    /// the other. Used for comparisons. The error is a description.
    pub fn raw(&self, texts: &[&str]) -> Result<Vec<f32>, String> {
        let encodings: Vec<Encoding> = texts.iter().map(|text| self.encode(text)).collect();
        let lengths: Vec<usize> = encodings.iter().map(|text| text.ids.len()).collect();
        let dimension = self.fingerprint.dimension;
        let mut vectors = vec![0.0; texts.len() * dimension];
        for indices in batches(&lengths) {
            let batch: Vec<&Encoding> = indices.iter().map(|index| &encodings[*index]).collect();
            for (index, vector) in indices.iter().zip(self.vectors(&batch)?) {
                vectors[index * dimension..][..dimension].copy_from_slice(&vector);
            }
        }
        Ok(vectors)
    }

    fn vectors(&self, texts: &[&Encoding]) -> Result<Vec<Vec<f32>>, String> {
        if self.runs_alone && texts.len() > 1 {
            let alone = texts.iter().map(|text| self.vectors(&[text]));
            return Ok(alone.collect::<Result<Vec<_>, _>>()?.concat());
        }
        let output = self.run(texts)?;
        let width = self.fingerprint.dimension / self.pooling.as_ref().map_or(1, Pooling::parts);
        let expected = match &self.pooling {
            None => vec![texts.len(), width],
            Some(_) => vec![texts.len(), longest(texts), width],
        };
        if output.shape != expected {
            return Err(format!("it returned the shape {:?}, not {expected:?}", output.shape));
        }
        let rows = output.numbers.chunks_exact(expected[1..].iter().product());
        let vector = |(row, text): (&[f32], &&Encoding)| match &self.pooling {
            None => row.to_vec(),
            Some(how) => pool(how, &row[..text.ids.len() * width], width),
        };
        Ok(rows.zip(texts).map(vector).collect())
    }

    /// Executes the model on two texts of different length, and determines the dimension and the
    /// pooling from the shape of the output.
    fn probe(
        &mut self,
        files: &OnnxModelFiles,
        description: &Description,
    ) -> Result<(), OnnxError> {
        let broken = |reason| OnnxError::Broken { path: files.model.clone(), reason };
        let texts = ["", "a tripod for a phone"].map(|text| self.encode(text));
        let texts = [&texts[0], &texts[1]];
        let output = self.run(&texts).map_err(broken)?;
        let (count, tokens) = (texts.len(), longest(&texts));
        self.fingerprint.dimension = match *output.shape {
            [rows, dimension] if rows == count && dimension > 0 => dimension,
            [rows, columns, width] if (rows, columns) == (count, tokens) && width > 0 => {
                let how = pooling(files, description)?;
                let dimension = width * how.parts();
                self.pooling = Some(how);
                dimension
            }
            _ => {
                return Err(OnnxError::Shape {
                    path: files.model.clone(),
                    name: self.output.1.clone(),
                    shape: output.shape,
                    texts: count,
                    tokens,
                });
            }
        };
        self.embed(&texts).map_err(broken).map(drop)
    }

    /// Returns the output for `texts`, padded to the longest.
    fn run(&self, texts: &[&Encoding]) -> Result<OutputTensor, String> {
        let (rows, columns) = (texts.len(), longest(texts));
        let mut inputs = Vec::with_capacity(self.inputs.len());
        for (node, input) in &self.inputs {
            let numbers = texts.iter().flat_map(|text| self.row(*input, &text.ids, columns));
            let value = Value::from_shape([rows, columns], numbers.collect::<Vec<i32>>());
            inputs.push((*node, value.map_err(|error| error.to_string())?.into()));
        }
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.threads)));
        catch_panics(|| {
            let output = self.graph.run_n(inputs, [self.output.0], Some(options));
            let [value] = output.map_err(|error| error.to_string())?;
            numbers(value)
        })
    }

    /// Returns the row of an input tensor for one text.
    fn row(&self, input: ModelInput, ids: &[u32], columns: usize) -> impl Iterator<Item = i32> {
        let padding = self.encoder.padding;
        (0..columns).map(move |column| {
            let id = ids.get(column);
            match input {
                // `rten` has no 64-bit integers, and no vocabulary needs them.
                ModelInput::Ids => id.unwrap_or(&padding).cast_signed(),
                ModelInput::Mask => i32::from(id.is_some()),
                ModelInput::Types => 0,
            }
        })
    }
}

/// Returns the number of tokens of the longest text.
fn longest(texts: &[&Encoding]) -> usize {
    texts.iter().map(|text| text.ids.len()).max().unwrap_or(0)
}

/// Converts the output of a graph.
fn numbers(value: Value) -> Result<OutputTensor, String> {
    let tensor: Tensor<f32> =
        value.try_into().map_err(|error: TryFromValueError| error.to_string())?;
    Ok(OutputTensor { shape: tensor.shape().to_vec(), numbers: tensor.into_data() })
}

/// Rejects a model with weights that are missing or outside its folder.
fn check_weights(path: &Path, description: &Description) -> Result<(), OnnxError> {
    for name in &description.external {
        let is_inside =
            Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if !is_inside {
            let reason = format!("it refers to weights outside its folder, at {name:?}");
            return Err(OnnxError::no_model(path, reason));
        }
        if !path.with_file_name(name).is_file() {
            return Err(OnnxError::NoWeights { path: path.to_owned(), name: name.clone() });
        }
    }
    Ok(())
}

/// Runs `rten`, and returns a panic over a malformed file as an error. Unwinding is safe, because the
/// model is either dropped afterwards or not modified by a run.
fn catch_panics<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panic_message(&*panic)))
}

/// Returns the message of a panic.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    format!("it panicked: {text}")
}

impl fmt::Debug for OnnxModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnnxModel")
            .field("path", &self.path)
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

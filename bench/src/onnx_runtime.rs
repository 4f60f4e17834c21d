//! The encoder's peer: the ONNX Runtime library of the Python package.

use anyhow::{Result, anyhow};
use ort::environment::Environment;
use ort::session::Session;
use ort::value::Tensor;
use std::path::Path;

/// The loaded library.
pub(crate) struct OnnxRuntime(Environment);

/// A loaded model.
pub(crate) struct OnnxModel(Session);

impl OnnxRuntime {
    /// Loads the library.
    pub(crate) fn load(library: &Path) -> Result<Self> {
        let environment = ort::init_from(library).map_err(|error| anyhow!("{error}"))?;
        Ok(Self(environment.build()?))
    }

    /// Loads a model that runs on `threads` threads, with all optimizations and spinning threads, which
    /// are the defaults and the fastest settings.
    pub(crate) fn open(&self, model: &Path, threads: usize) -> Result<OnnxModel> {
        let failed = |error: ort::Error<_>| anyhow!("{error}");
        let builder = Session::builder(&self.0)?.with_intra_threads(threads).map_err(failed)?;
        let mut builder = builder.with_intra_op_spinning(true).map_err(failed)?;
        Ok(OnnxModel(builder.commit_from_file(model)?))
    }
}

impl OnnxModel {
    /// Embeds tokenized texts, padded to the longest; returns one row for each.
    pub(crate) fn embed<'a>(
        &mut self,
        texts: impl ExactSizeIterator<Item = &'a [u32]> + Clone,
    ) -> Result<Vec<f32>> {
        let (count, length) = (texts.len(), texts.clone().map(<[u32]>::len).max().unwrap_or(0));
        let (mut ids, mut mask) = (vec![0_i64; count * length], vec![0_i64; count * length]);
        for (position, text) in texts.enumerate() {
            let from = position * length;
            for (id, token) in ids[from..].iter_mut().zip(text) {
                *id = i64::from(*token);
            }
            mask[from..from + text.len()].fill(1);
        }
        let tensor = |values| Tensor::from_array(([count, length], values));
        let types = vec![0; count * length];
        let answer = self.0.run(ort::inputs![
            "input_ids" => tensor(ids)?,
            "attention_mask" => tensor(mask)?,
            "token_type_ids" => tensor(types)?,
        ])?;
        Ok(answer["output"].try_extract_tensor::<f32>()?.1.to_vec())
    }
}

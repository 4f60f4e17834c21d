//! The tensors of a model, borrowed from its files.

use crate::FolderError;
use bytes::Bytes;
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use std::path::{Path, PathBuf};

/// The mapped weights files of a model.
#[derive(Debug)]
pub(crate) struct WeightFiles(Vec<(PathBuf, Bytes)>);

/// The tensors of the weights files, after their headers are parsed.
#[derive(Debug)]
pub(crate) struct Tensors<'a>(Vec<(&'a Path, SafeTensors<'a>)>);

/// A tensor, borrowed from its file.
#[derive(Clone, Debug)]
pub struct Tensor<'a> {
    /// The name in the file.
    pub name: String,
    /// The shape, outermost dimension first.
    pub shape: Vec<usize>,
    dtype: Dtype,
    bytes: &'a [u8],
}

/// The type of a tensor's numbers, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary16.
    F16,
    /// The upper half of binary32.
    Bf16,
}

impl Dtype {
    /// Returns the size of a number in bytes.
    pub fn size(self) -> usize {
        if self == Self::F32 { 4 } else { 2 }
    }
}

impl WeightFiles {
    pub(crate) fn new(files: Vec<(PathBuf, Bytes)>) -> Self {
        Self(files)
    }

    /// Returns the bytes of all files, in order.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|(_, bytes)| &bytes[..])
    }

    pub(crate) fn tensors(&self) -> Result<Tensors<'_>, FolderError> {
        let mut files = Vec::with_capacity(self.0.len());
        for (path, bytes) in &self.0 {
            let tensors = SafeTensors::deserialize(bytes).map_err(|error| {
                FolderError::malformed(path, format!("not a complete safetensors file: {error}"))
            })?;
            files.push((path.as_path(), tensors));
        }
        Ok(Tensors(files))
    }
}

impl<'a> Tensors<'a> {
    /// Returns the tensor with the name.
    pub(crate) fn get(&self, name: &str, shape: &[usize]) -> Result<Tensor<'a>, FolderError> {
        self.any_of(&[name.to_owned()], shape)
    }

    /// Returns the first tensor with one of these names. Errors mention the first name.
    pub(crate) fn any_of(
        &self,
        names: &[String],
        shape: &[usize],
    ) -> Result<Tensor<'a>, FolderError> {
        let found = self.0.iter().find_map(|(path, tensors)| {
            names.iter().find_map(|name| Some((*path, name, tensors.tensor(name).ok()?)))
        });
        let Some((path, name, view)) = found else {
            let path = self.0.first().map_or_else(PathBuf::new, |(path, _)| (*path).to_owned());
            let name = names.first().cloned().unwrap_or_default();
            return Err(FolderError::MissingTensor { path, name });
        };
        Tensor::new(path, name, &view, shape)
    }
}

impl<'a> Tensor<'a> {
    fn new(
        path: &Path,
        name: &str,
        view: &TensorView<'a>,
        shape: &[usize],
    ) -> Result<Self, FolderError> {
        if view.shape() != shape {
            return Err(FolderError::WrongShape {
                path: path.to_owned(),
                name: name.to_owned(),
                found: view.shape().to_vec(),
                expected: shape.to_vec(),
            });
        }
        let dtype = match view.dtype() {
            safetensors::Dtype::F32 => Dtype::F32,
            safetensors::Dtype::F16 => Dtype::F16,
            safetensors::Dtype::BF16 => Dtype::Bf16,
            other => {
                let what = format!("the tensor {name} of type {other:?}");
                return Err(FolderError::unsupported(path, what, "F32, F16 and BF16 are"));
            }
        };
        Ok(Self { name: name.to_owned(), shape: shape.to_vec(), dtype, bytes: view.data() })
    }

    /// Returns the type of the numbers.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Returns the numbers as stored in the file, in row-major order.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the numbers in row-major order.
    pub fn to_f32(&self) -> Vec<f32> {
        self.widen(self.bytes)
    }

    /// Iterates over the numbers by the outermost dimension.
    pub fn rows(&self) -> impl Iterator<Item = Vec<f32>> {
        let row = self.shape.iter().skip(1).product::<usize>() * self.dtype.size();
        self.bytes.chunks_exact(row.max(1)).map(|bytes| self.widen(bytes))
    }

    fn widen(&self, bytes: &[u8]) -> Vec<f32> {
        match self.dtype {
            Dtype::F16 => {
                let widen = |&bytes| half(u16::from_le_bytes(bytes));
                bytes.as_chunks().0.iter().map(widen).collect()
            }
            Dtype::Bf16 => {
                let widen = |&bytes| f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16);
                bytes.as_chunks().0.iter().map(widen).collect()
            }
            Dtype::F32 => {
                bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
            }
        }
    }
}

/// Converts IEEE 754 binary16 to binary32, exactly.
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10) & 31, u32::from(bits) & 1023);
    match exponent {
        0 => {
            // A subnormal binary16 is a normal binary32.
            let value = f32::from(bits & 1023) * 2.0_f32.powi(-24);
            f32::from_bits(value.to_bits() | sign)
        }
        31 => f32::from_bits(sign | 0x7f80_0000 | (fraction << 13)),
        _ => f32::from_bits(sign | ((exponent + 112) << 23) | (fraction << 13)),
    }
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn half_precision_is_widened_exactly() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65_504.0),
            (0x0001, 5.960_464_5e-8),
            (0x03ff, 6.097_555e-5),
            (0x3555, 0.333_251_95),
        ] {
            assert_eq!(half(bits).to_bits(), f32::to_bits(value), "{bits:#x}");
        }
        assert!(half(0x7c01).is_nan() && half(0xfc00) == f32::NEG_INFINITY);
    }
}

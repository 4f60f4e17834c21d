use crate::keys;
use crate::protobuf::{Field, FieldReader, invalid_data};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek};
use std::path::Path;

/// The structure and the metadata of an ONNX file. Reading it is fast because the weights are skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// The inputs of the graph, without the weights.
    pub inputs: Vec<TensorInfo>,
    /// The outputs of the graph.
    pub outputs: Vec<TensorInfo>,
    /// The operators of the nodes.
    pub operators: BTreeSet<String>,
    /// The number of nodes, subgraphs included.
    pub nodes: usize,
    /// The version of the standard operator set, if used.
    pub opset: Option<u64>,
    /// The metadata that the exporter wrote, by key.
    pub metadata: BTreeMap<String, String>,
    /// The names of external files with weights.
    pub external: BTreeSet<String>,
}

/// The name and the shape of an input or output tensor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TensorInfo {
    /// The name.
    pub name: String,
    /// The size of each dimension, `None` where it is dynamic; empty if the file does not declare it.
    pub shape: Vec<Option<u64>>,
}

/// The maximum nesting depth of subgraphs.
const DEEPEST: usize = 8;

type Entry = (String, String);

impl Description {
    /// Reads the file at `path`. Returns [`io::ErrorKind::InvalidData`] if it is not an ONNX model.
    pub fn read(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "not a regular file"));
        }
        Self::parse(BufReader::new(file), metadata.len())
    }

    fn parse(source: impl BufRead + Seek, length: u64) -> io::Result<Self> {
        let mut reader = DescriptionReader {
            reader: FieldReader::new(source),
            description: Self::default(),
            tensors: BTreeSet::new(),
        };
        reader.model(length)?;
        let DescriptionReader { mut description, tensors, .. } = reader;
        // Older files list the weights among the inputs.
        description.inputs.retain(|input| !tensors.contains(&input.name));
        if description.outputs.is_empty() {
            return Err(invalid_data("it does not contain a graph with an output"));
        }
        Ok(description)
    }

    /// Returns the dimension of the embeddings, if the file declares it.
    pub fn dimension(&self) -> Option<usize> {
        let declared = self.metadata.get(keys::DIMENSION).and_then(|text| text.parse().ok());
        let last_size = |output: &TensorInfo| usize::try_from((*output.shape.last()?)?).ok();
        declared.or_else(|| self.outputs.iter().find_map(last_size))
    }

    /// Returns the precision of the arithmetic: `fp32` or `int8`.
    pub fn precision(&self) -> &str {
        let declared = self.metadata.get(keys::PRECISION).map(String::as_str);
        declared.unwrap_or(if self.is_quantized() { "int8" } else { "fp32" })
    }

    /// Returns whether akin exported the file from the files with this SHA-256 (in hexadecimal), at
    /// that precision and operator set.
    pub fn is_export_of(&self, source: &str, precision: &str, opset: u32) -> bool {
        let matches = |key: &str, value: &str| {
            self.metadata.get(key).is_some_and(|description| description == value)
        };
        matches(keys::SOURCE, source)
            && matches(keys::PRECISION, precision)
            && self.opset == Some(opset.into())
    }

    /// Returns whether the model computes with 8-bit integers.
    pub fn is_quantized(&self) -> bool {
        self.has(&["MatMulInteger", "QLinearMatMul", "DynamicQuantizeMatMul", "DequantizeLinear"])
    }

    /// Returns whether activations are quantized dynamically over a whole batch, so that an embedding
    /// depends on the other texts of the batch.
    pub fn mixes_texts(&self) -> bool {
        self.has(&["DynamicQuantizeLinear", "DynamicQuantizeMatMul"])
    }

    fn has(&self, operators: &[&str]) -> bool {
        operators.iter().any(|operator| self.operators.contains(*operator))
    }
}

/// Reads a [`Description`]. The field numbers are those of `onnx.proto3`.
struct DescriptionReader<R> {
    reader: FieldReader<R>,
    description: Description,
    tensors: BTreeSet<String>,
}

impl<R: BufRead + Seek> DescriptionReader<R> {
    fn model(&mut self, end: u64) -> io::Result<()> {
        while let Some((number, field)) = self.reader.next(end)? {
            match (number, field) {
                (7, Field::Until(end)) => self.graph(end, 0)?,
                (8, Field::Until(end)) => self.opset(end)?,
                (14, Field::Until(end)) => {
                    let (key, value) = self.entry(end)?;
                    self.description.metadata.insert(key, value);
                }
                (_, field) => self.skip_field(field)?,
            }
        }
        Ok(())
    }

    fn graph(&mut self, end: u64, depth: usize) -> io::Result<()> {
        if depth > DEEPEST {
            return Err(invalid_data("its graphs are nested too deeply"));
        }
        while let Some((number, field)) = self.reader.next(end)? {
            match (number, field) {
                (1, Field::Until(end)) => self.node(end, depth)?,
                (5, Field::Until(end)) => self.tensor(end)?,
                (11, Field::Until(end)) if depth == 0 => {
                    let value = self.value(end)?;
                    self.description.inputs.push(value);
                }
                (12, Field::Until(end)) if depth == 0 => {
                    let value = self.value(end)?;
                    self.description.outputs.push(value);
                }
                (_, field) => self.skip_field(field)?,
            }
        }
        Ok(())
    }

    fn node(&mut self, end: u64, depth: usize) -> io::Result<()> {
        self.description.nodes += 1;
        while let Some((number, field)) = self.reader.next(end)? {
            match (number, field) {
                (4, Field::Until(end)) => {
                    let kind = self.reader.text(end)?;
                    self.description.operators.insert(kind);
                }
                (5, Field::Until(end)) => self.attribute(end, depth)?,
                (_, field) => self.skip_field(field)?,
            }
        }
        Ok(())
    }

    fn attribute(&mut self, end: u64, depth: usize) -> io::Result<()> {
        while let Some((number, field)) = self.reader.next(end)? {
            match (number, field) {
                (5 | 10, Field::Until(end)) => self.tensor(end)?,
                (6 | 11, Field::Until(end)) => self.graph(end, depth + 1)?,
                (_, field) => self.skip_field(field)?,
            }
        }
        Ok(())
    }

    fn tensor(&mut self, end: u64) -> io::Result<()> {
        while let Some((number, field)) = self.reader.next(end)? {
            match (number, field) {
                (8, Field::Until(end)) => {
                    let name = self.reader.text(end)?;
                    self.tensors.insert(name);
                }
                (13, Field::Until(end)) => {
                    let (key, value) = self.entry(end)?;
                    if key == "location" {
                        self.description.external.insert(value);
                    }
                }
                (_, field) => self.skip_field(field)?,
            }
        }
        Ok(())
    }

    /// Reads a `ValueInfoProto`.
    fn value(&mut self, end: u64) -> io::Result<TensorInfo> {
        let mut value = TensorInfo::default();
        while let Some((number, field)) = self.reader.next(end)? {
            match (number, field) {
                (1, Field::Until(end)) => value.name = self.reader.text(end)?,
                // The path through the nested messages: type, tensor type, shape.
                (2, Field::Until(end)) => self.shape(end, &[1, 2, 1], &mut value.shape)?,
                (_, field) => self.skip_field(field)?,
            }
        }
        Ok(value)
    }

    /// Reads the sizes in the nested message at `path`.
    fn shape(&mut self, end: u64, path: &[u64], into: &mut Vec<Option<u64>>) -> io::Result<()> {
        let mut size = None;
        while let Some((number, field)) = self.reader.next(end)? {
            match (path, number, field) {
                ([next, rest @ ..], number, Field::Until(end)) if number == *next => {
                    self.shape(end, rest, into)?;
                }
                ([], 1, Field::Number(number)) => size = Some(number),
                (_, _, field) => self.skip_field(field)?,
            }
        }
        if path.is_empty() {
            into.push(size);
        }
        Ok(())
    }

    /// Reads an `OperatorSetIdProto`. The domain of the standard operators is empty.
    fn opset(&mut self, end: u64) -> io::Result<()> {
        let (mut domain, mut opset) = (String::new(), None);
        while let Some((number, field)) = self.reader.next(end)? {
            match (number, field) {
                (1, Field::Until(end)) => domain = self.reader.text(end)?,
                (2, Field::Number(number)) => opset = Some(number),
                (_, field) => self.skip_field(field)?,
            }
        }
        if domain.is_empty() {
            self.description.opset = opset;
        }
        Ok(())
    }

    /// Reads a `StringStringEntryProto`.
    fn entry(&mut self, end: u64) -> io::Result<Entry> {
        let mut entry = Entry::default();
        while let Some((number, field)) = self.reader.next(end)? {
            match (number, field) {
                (1, Field::Until(end)) => entry.0 = self.reader.text(end)?,
                (2, Field::Until(end)) => entry.1 = self.reader.text(end)?,
                (_, field) => self.skip_field(field)?,
            }
        }
        Ok(entry)
    }

    fn skip_field(&mut self, field: Field) -> io::Result<()> {
        match field {
            Field::Number(_) => Ok(()),
            Field::Until(end) => self.reader.skip(end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(
        metadata: &[(&str, &str)],
        operators: &[&str],
        shape: &[Option<u64>],
    ) -> Description {
        let text = |text: &&str| (*text).to_owned();
        let metadata = metadata.iter().map(|(key, value)| (text(key), text(value))).collect();
        let outputs = vec![TensorInfo { name: "output".to_owned(), shape: shape.to_vec() }];
        let operators = operators.iter().map(text).collect();
        Description { outputs, operators, metadata, ..Description::default() }
    }

    #[test]
    fn the_graph_reveals_what_the_metadata_does_not_declare() {
        let declared =
            described(&[("dimension", "24"), ("precision", "int8")], &[], &[None, Some(7)]);
        assert_eq!((declared.dimension(), declared.precision()), (Some(24), "int8"));
        let inferred = described(&[], &["MatMul", "MatMulInteger"], &[None, Some(7)]);
        assert_eq!((inferred.dimension(), inferred.precision()), (Some(7), "int8"));
        let unknown = described(&[], &["MatMul"], &[None, None]);
        assert_eq!((unknown.dimension(), unknown.precision()), (None, "fp32"));
    }

    #[test]
    fn only_dynamic_quantization_mixes_texts() {
        let mixes = |operators: &[&str]| described(&[], operators, &[]).mixes_texts();
        assert!(mixes(&["DynamicQuantizeLinear", "MatMulInteger"]));
        assert!(!mixes(&["QuantizeLinear", "DequantizeLinear", "MatMul"]));
    }

    #[test]
    fn an_export_is_identified_by_its_source_precision_and_operator_set() {
        let exported = described(&[("source_sha256", "ab"), ("precision", "fp32")], &[], &[]);
        let exported = Description { opset: Some(13), ..exported };
        assert!(
            exported.is_export_of("ab", "fp32", 13) && !exported.is_export_of("ab", "fp32", 17)
        );
        assert!(
            !exported.is_export_of("ab", "int8", 13) && !exported.is_export_of("cd", "fp32", 13)
        );
    }
}

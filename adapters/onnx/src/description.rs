use crate::keys;
use crate::protobuf::{Field, FieldReader, invalid_data};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek};
use std::path::Path;

/// What an ONNX file says of itself. The weights are passed over, so that it is read in a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// What must be given, the weights aside.
    pub inputs: Vec<TensorInfo>,
    /// What is answered.
    pub outputs: Vec<TensorInfo>,
    /// The kinds of its nodes.
    pub operators: BTreeSet<String>,
    /// How many nodes its graph has.
    pub nodes: usize,
    /// The version of the standard's operators, if it uses them.
    pub opset: Option<u64>,
    /// What its maker says of it, by key.
    pub metadata: BTreeMap<String, String>,
    /// The files beside it that hold weights.
    pub external: BTreeSet<String>,
}

/// A tensor that goes in or comes out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name.
    pub name: String,
    /// Its sizes, `None` where any will do; empty if the file does not say.
    pub shape: Vec<Option<u64>>,
}

/// How deep graphs may stand in nodes of graphs.
const DEEPEST: usize = 8;

type Entry = (String, String);

impl Description {
    /// Reads the file at `path`. Bytes that are no ONNX model are [`io::ErrorKind::InvalidData`].
    pub fn read(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "not a regular file"));
        }
        Self::of(BufReader::new(file), metadata.len())
    }

    fn of(source: impl BufRead + Seek, length: u64) -> io::Result<Self> {
        let mut walk = DescriptionReader {
            reader: FieldReader::new(source),
            found: Self::default(),
            tensors: BTreeSet::new(),
        };
        walk.model(length)?;
        let DescriptionReader { mut found, tensors, .. } = walk;
        // Older files list the weights among the inputs.
        found.inputs.retain(|input| !tensors.contains(&input.name));
        if found.outputs.is_empty() {
            return Err(invalid_data("it holds no graph with an output"));
        }
        Ok(found)
    }

    /// How many coordinates an embedding has, if the file says it.
    pub fn dimension(&self) -> Option<usize> {
        let said = self.metadata.get(keys::DIMENSION).and_then(|text| text.parse().ok());
        let named = |output: &TensorInfo| usize::try_from((*output.shape.last()?)?).ok();
        said.or_else(|| self.outputs.iter().find_map(named))
    }

    /// How it computes: `fp32` or `int8`.
    pub fn precision(&self) -> &str {
        let said = self.metadata.get(keys::PRECISION).map(String::as_str);
        said.unwrap_or(if self.is_quantized() { "int8" } else { "fp32" })
    }

    /// Whether akin made it of the files with this SHA-256 (in hexadecimal), at that precision and of
    /// those operators.
    pub fn is_export_of(&self, source: &str, precision: &str, opset: u32) -> bool {
        let says =
            |key: &str, value: &str| self.metadata.get(key).is_some_and(|said| said == value);
        says(keys::SOURCE, source)
            && says(keys::PRECISION, precision)
            && self.opset == Some(opset.into())
    }

    /// Whether its arithmetic is on 8-bit numbers.
    pub fn is_quantized(&self) -> bool {
        self.has(&["MatMulInteger", "QLinearMatMul", "DynamicQuantizeMatMul", "DequantizeLinear"])
    }

    /// Whether activations are quantized as they come, over all of a batch: then what stands beside
    /// a text changes its embedding.
    pub fn mixes_texts(&self) -> bool {
        self.has(&["DynamicQuantizeLinear", "DynamicQuantizeMatMul"])
    }

    fn has(&self, operators: &[&str]) -> bool {
        operators.iter().any(|operator| self.operators.contains(*operator))
    }
}

/// A walk through a file: the field numbers are those of `onnx.proto3`.
struct DescriptionReader<R> {
    reader: FieldReader<R>,
    found: Description,
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
                    self.found.metadata.insert(key, value);
                }
                (_, field) => self.pass(field)?,
            }
        }
        Ok(())
    }

    fn graph(&mut self, end: u64, depth: usize) -> io::Result<()> {
        if depth > DEEPEST {
            return Err(invalid_data("its graphs have no end"));
        }
        while let Some((number, field)) = self.reader.next(end)? {
            match (number, field) {
                (1, Field::Until(end)) => self.node(end, depth)?,
                (5, Field::Until(end)) => self.tensor(end)?,
                (11, Field::Until(end)) if depth == 0 => {
                    let value = self.value(end)?;
                    self.found.inputs.push(value);
                }
                (12, Field::Until(end)) if depth == 0 => {
                    let value = self.value(end)?;
                    self.found.outputs.push(value);
                }
                (_, field) => self.pass(field)?,
            }
        }
        Ok(())
    }

    fn node(&mut self, end: u64, depth: usize) -> io::Result<()> {
        self.found.nodes += 1;
        while let Some((number, field)) = self.reader.next(end)? {
            match (number, field) {
                (4, Field::Until(end)) => {
                    let kind = self.reader.text(end)?;
                    self.found.operators.insert(kind);
                }
                (5, Field::Until(end)) => self.attribute(end, depth)?,
                (_, field) => self.pass(field)?,
            }
        }
        Ok(())
    }

    fn attribute(&mut self, end: u64, depth: usize) -> io::Result<()> {
        while let Some((number, field)) = self.reader.next(end)? {
            match (number, field) {
                (5 | 10, Field::Until(end)) => self.tensor(end)?,
                (6 | 11, Field::Until(end)) => self.graph(end, depth + 1)?,
                (_, field) => self.pass(field)?,
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
                        self.found.external.insert(value);
                    }
                }
                (_, field) => self.pass(field)?,
            }
        }
        Ok(())
    }

    /// A `ValueInfoProto`.
    fn value(&mut self, end: u64) -> io::Result<TensorInfo> {
        let mut value = TensorInfo::default();
        while let Some((number, field)) = self.reader.next(end)? {
            match (number, field) {
                (1, Field::Until(end)) => value.name = self.reader.text(end)?,
                // Its type, a tensor's, its shape: a message in a message.
                (2, Field::Until(end)) => self.shape(end, &[1, 2, 1], &mut value.shape)?,
                (_, field) => self.pass(field)?,
            }
        }
        Ok(value)
    }

    /// The sizes that lie in the message at the end of `way`.
    fn shape(&mut self, end: u64, way: &[u64], into: &mut Vec<Option<u64>>) -> io::Result<()> {
        let mut size = None;
        while let Some((number, field)) = self.reader.next(end)? {
            match (way, number, field) {
                ([next, rest @ ..], number, Field::Until(end)) if number == *next => {
                    self.shape(end, rest, into)?;
                }
                ([], 1, Field::Number(number)) => size = Some(number),
                (_, _, field) => self.pass(field)?,
            }
        }
        if way.is_empty() {
            into.push(size);
        }
        Ok(())
    }

    /// An `OperatorSetIdProto`; the standard's domain has no name.
    fn opset(&mut self, end: u64) -> io::Result<()> {
        let (mut domain, mut opset) = (String::new(), None);
        while let Some((number, field)) = self.reader.next(end)? {
            match (number, field) {
                (1, Field::Until(end)) => domain = self.reader.text(end)?,
                (2, Field::Number(number)) => opset = Some(number),
                (_, field) => self.pass(field)?,
            }
        }
        if domain.is_empty() {
            self.found.opset = opset;
        }
        Ok(())
    }

    /// A `StringStringEntryProto`.
    fn entry(&mut self, end: u64) -> io::Result<Entry> {
        let mut entry = Entry::default();
        while let Some((number, field)) = self.reader.next(end)? {
            match (number, field) {
                (1, Field::Until(end)) => entry.0 = self.reader.text(end)?,
                (2, Field::Until(end)) => entry.1 = self.reader.text(end)?,
                (_, field) => self.pass(field)?,
            }
        }
        Ok(entry)
    }

    fn pass(&mut self, field: Field) -> io::Result<()> {
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
    fn what_a_file_does_not_say_is_seen_in_its_graph() {
        let said = described(&[("dimension", "24"), ("precision", "int8")], &[], &[None, Some(7)]);
        assert_eq!((said.dimension(), said.precision()), (Some(24), "int8"));
        let seen = described(&[], &["MatMul", "MatMulInteger"], &[None, Some(7)]);
        assert_eq!((seen.dimension(), seen.precision()), (Some(7), "int8"));
        let silent = described(&[], &["MatMul"], &[None, None]);
        assert_eq!((silent.dimension(), silent.precision()), (None, "fp32"));
    }

    #[test]
    fn only_quantizing_as_texts_come_mixes_them() {
        let mixes = |operators: &[&str]| described(&[], operators, &[]).mixes_texts();
        assert!(mixes(&["DynamicQuantizeLinear", "MatMulInteger"]));
        assert!(!mixes(&["QuantizeLinear", "DequantizeLinear", "MatMul"]));
    }

    #[test]
    fn an_export_is_known_by_what_it_was_made_of_its_precision_and_its_operators() {
        let made = described(&[("source_sha256", "ab"), ("precision", "fp32")], &[], &[]);
        let made = Description { opset: Some(13), ..made };
        assert!(made.is_export_of("ab", "fp32", 13) && !made.is_export_of("ab", "fp32", 17));
        assert!(!made.is_export_of("ab", "int8", 13) && !made.is_export_of("cd", "fp32", 13));
    }
}

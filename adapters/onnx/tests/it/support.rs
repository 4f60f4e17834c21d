//! Small ONNX models, written field by field with the numbers of `onnx.proto3`.
#![allow(clippy::cast_possible_truncation, reason = "bytes of numbers, and small numbers")]

use akin_onnx::{OnnxError, OnnxModel, OnnxModelFiles};
use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use tempfile::TempDir;

/// A protobuf message.
#[derive(Clone, Default)]
pub(crate) struct Message(pub(crate) Vec<u8>);

impl Message {
    pub(crate) fn number(mut self, field: u64, number: u64) -> Self {
        self.varint(field << 3);
        self.varint(number);
        self
    }

    pub(crate) fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    pub(crate) fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    pub(crate) fn message(self, field: u64, message: &Self) -> Self {
        self.bytes(field, &message.0)
    }

    fn varint(&mut self, mut number: u64) {
        while number > 0x7f {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }
}

/// A configurable graph that looks up each token in a table of [`WIDTH`] columns.
#[derive(Clone)]
pub(crate) struct Graph {
    pub(crate) inputs: Vec<&'static str>,
    /// The sizes of every input; 0 means any.
    pub(crate) sizes: [u64; 2],
    pub(crate) output: &'static str,
    /// The operators applied to the token vectors, with their `keepdims`.
    pub(crate) nodes: Vec<(&'static str, Option<u64>)>,
    pub(crate) metadata: Vec<(&'static str, &'static str)>,
    /// The external file of the table; `None` if it is in the graph.
    pub(crate) external: Option<&'static str>,
}

pub(crate) const WIDTH: usize = 32;

/// The size of the vocabulary of [`Folder`]'s tokenizer.
const VOCABULARY: usize = 127;

impl Default for Graph {
    /// Creates a graph that returns the token vectors.
    fn default() -> Self {
        Self {
            inputs: vec!["input_ids", "attention_mask", "token_type_ids"],
            sizes: [0, 0],
            output: "last_hidden_state",
            nodes: Vec::new(),
            metadata: Vec::new(),
            external: None,
        }
    }
}

impl Graph {
    /// Creates a graph that returns the mean of the token vectors, padding included.
    pub(crate) fn pooled() -> Self {
        let mean = ("ReduceMean", Some(0));
        Self { output: "sentence_embedding", nodes: vec![mean], ..Self::default() }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut graph =
            Message::default().message(1, &node("Gather", &["table", "input_ids"], "x0", None));
        for (place, (kind, keeps)) in self.nodes.iter().enumerate() {
            let (from, to) = (format!("x{place}"), format!("x{}", place + 1));
            graph = graph.message(1, &node(kind, &[&from], &to, *keeps));
        }
        let last = format!("x{}", self.nodes.len());
        graph = graph.message(1, &node("Identity", &[&last], self.output, None));
        graph = graph.text(2, "small").message(5, &self.table());
        for name in &self.inputs {
            graph = graph.message(11, &Self::value(name, 7, &self.sizes));
        }
        graph = graph.message(12, &Self::value(self.output, 1, &[]));
        let opset = Message::default().number(2, 13);
        let mut model = Message::default().number(1, 8).message(7, &graph).message(8, &opset);
        for (key, value) in &self.metadata {
            model = model.message(14, &Message::default().text(1, key).text(2, value));
        }
        model.0
    }

    fn table(&self) -> Message {
        let table =
            Message::default().number(1, VOCABULARY as u64).number(1, WIDTH as u64).number(2, 1);
        let table = table.text(8, "table");
        match self.external {
            None => table.bytes(9, &table_bytes()),
            Some(name) => {
                let entry = |key: &str, value: &str| Message::default().text(1, key).text(2, value);
                let length = table_bytes().len().to_string();
                let table = table.message(13, &entry("location", name));
                let table = table.message(13, &entry("offset", "0"));
                table.message(13, &entry("length", &length)).number(14, 1)
            }
        }
    }

    fn value(name: &str, kind: u64, sizes: &[u64]) -> Message {
        let mut shape = Message::default();
        for size in sizes {
            let any = Message::default().text(2, &format!("any {name}"));
            let size = if *size == 0 { any } else { Message::default().number(1, *size) };
            shape = shape.message(1, &size);
        }
        let mut tensor = Message::default().number(1, kind);
        if !sizes.is_empty() {
            tensor = tensor.message(2, &shape);
        }
        Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
    }
}

fn node(kind: &str, inputs: &[&str], output: &str, keeps: Option<u64>) -> Message {
    let mut node = Message::default();
    for input in inputs {
        node = node.text(1, input);
    }
    node = node.text(2, output).text(3, output).text(4, kind);
    if kind == "ReduceMean" {
        // Over the tokens.
        let axes = Message::default().text(1, "axes").number(8, 1).number(20, 7);
        node = node.message(5, &axes);
    }
    match keeps {
        Some(number) => {
            let keeps = Message::default().text(1, "keepdims").number(3, number).number(20, 2);
            node.message(5, &keeps)
        }
        None => node,
    }
}

/// Returns the pseudorandom vector of a token. The vectors of special tokens are small.
pub(crate) fn vector(token: usize) -> Vec<f32> {
    let mut state = 0x9e37_79b9_u32.wrapping_mul(token as u32 + 1);
    let scale = if token < 5 { 0.01 } else { 1.0 };
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        scale * (f32::from((state >> 16) as u16) / 32_768.0 - 1.0)
    };
    (0..WIDTH).map(|_| next()).collect()
}

pub(crate) fn table_bytes() -> Vec<u8> {
    (0..VOCABULARY).flat_map(vector).flat_map(f32::to_le_bytes).collect()
}

/// A folder with a tokenizer and a model.
pub(crate) struct Folder(pub(crate) TempDir);

impl Folder {
    pub(crate) fn with_bytes(bytes: &[u8]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let tokenizer = fixture().join("tokenizer.json");
        fs::copy(tokenizer, folder.path("tokenizer.json")).unwrap();
        fs::write(folder.path("model.onnx"), bytes).unwrap();
        folder
    }

    pub(crate) fn with(graph: &Graph) -> Self {
        Self::with_bytes(&graph.to_bytes())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn files(&self) -> OnnxModelFiles {
        OnnxModelFiles::at(&self.path("model.onnx"), None).unwrap()
    }

    pub(crate) fn open(&self) -> Result<OnnxModel, OnnxError> {
        OnnxModel::open(&self.files(), NonZeroUsize::MIN)
    }

    /// Returns the error of opening the model.
    pub(crate) fn open_error(&self) -> String {
        let error: akin_ports::PortError = self.open().unwrap_err().into();
        assert_eq!(error.kind, akin_ports::ErrorKind::Misconfigured);
        let report = error.report();
        assert_eq!(report.lines().count(), 1, "{report}");
        report
    }
}

/// A tiny Sentence-Transformers model with random weights.
pub(crate) fn fixture() -> PathBuf {
    sbert_fixtures::folder("minilm-l6")
}

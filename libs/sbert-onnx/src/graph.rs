//! A builder of graphs of ONNX operators.

use crate::proto::Message;
use sbert_model::Tensor;
use std::collections::BTreeMap;

/// The numbers of an initializer.
#[derive(Clone, Debug)]
pub(crate) enum TensorData {
    F32(Vec<f32>),
    I8(Vec<i8>),
    I64(Vec<i64>),
}

/// The element types, with their ONNX codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ElementType {
    F32 = 1,
    U8 = 2,
    I8 = 3,
    I64 = 7,
}

/// A constant of the graph. Its numbers are computed when they are written, so that at most one tensor is
/// in memory.
pub(crate) struct Initializer<'a> {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) kind: ElementType,
    pub(crate) numbers: Box<dyn Fn() -> TensorData + 'a>,
}

/// An attribute of a node.
#[derive(Clone, Debug)]
pub(crate) enum Attribute {
    Int(i64),
    Ints(Vec<i64>),
    Float(f32),
    Text(&'static str),
}

/// The name of a node's output, an initializer or an input of the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value(String);

/// A node of the graph.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) operator: &'static str,
    pub(crate) inputs: Vec<Value>,
    pub(crate) outputs: Vec<Value>,
    pub(crate) attributes: Vec<(&'static str, Attribute)>,
}

/// A graph without its inputs, which the writer adds.
pub(crate) struct Graph<'a> {
    pub(crate) opset: u32,
    /// True if fused operators are used if the opset has them.
    pub(crate) fused: bool,
    pub(crate) nodes: Vec<Node>,
    pub(crate) initializers: Vec<Initializer<'a>>,
    /// The index of each initializer by name.
    indexes: BTreeMap<String, usize>,
    scope: String,
}

impl Value {
    /// Returns an input of the graph.
    pub(crate) fn input(name: &str) -> Self {
        Self(name.to_owned())
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }
}

impl ElementType {
    /// Returns the size of an element in bytes.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::F32 => 4,
            Self::I64 => 8,
        }
    }
}

impl<'a> Graph<'a> {
    pub(crate) fn new(opset: u32, fused: bool) -> Self {
        let (nodes, initializers) = (Vec::new(), Vec::new());
        Self { opset, fused, nodes, initializers, indexes: BTreeMap::new(), scope: String::new() }
    }

    /// Sets the prefix of the names of the following nodes, the part of the model they belong to.
    pub(crate) fn enter(&mut self, scope: impl Into<String>) {
        self.scope = scope.into();
    }

    /// Adds a node with one output.
    pub(crate) fn op(&mut self, operator: &'static str, inputs: &[&Value]) -> Value {
        self.op_with(operator, inputs, Vec::new())
    }

    pub(crate) fn op_with(
        &mut self,
        operator: &'static str,
        inputs: &[&Value],
        attributes: Vec<(&'static str, Attribute)>,
    ) -> Value {
        let [value] = self.ops(operator, inputs, attributes);
        value
    }

    /// Adds a node with several outputs.
    pub(crate) fn ops<const N: usize>(
        &mut self,
        operator: &'static str,
        inputs: &[&Value],
        attributes: Vec<(&'static str, Attribute)>,
    ) -> [Value; N] {
        let name = format!("{}/{operator}_{}", self.scope, self.nodes.len());
        let outputs = std::array::from_fn(|place| {
            Value(if place == 0 { name.clone() } else { format!("{name}:{place}") })
        });
        self.nodes.push(Node {
            operator,
            inputs: inputs.iter().map(|&value| value.clone()).collect(),
            outputs: outputs.to_vec(),
            attributes,
        });
        outputs
    }

    /// Returns the constant with the name, and adds it on first use.
    pub(crate) fn constant(
        &mut self,
        name: impl Into<String>,
        shape: Vec<usize>,
        kind: ElementType,
        numbers: impl Fn() -> TensorData + 'a,
    ) -> Value {
        let name = name.into();
        if !self.indexes.contains_key(&name) {
            self.indexes.insert(name.clone(), self.initializers.len());
            let numbers = Box::new(numbers);
            self.initializers.push(Initializer { name: name.clone(), shape, kind, numbers });
        }
        Value(name)
    }

    /// Returns a tensor as a constant in f32.
    pub(crate) fn tensor(&mut self, tensor: &Tensor<'a>) -> Value {
        let (name, shape, tensor) = (tensor.name.clone(), tensor.shape.clone(), tensor.clone());
        self.constant(name, shape, ElementType::F32, move || TensorData::F32(tensor.to_f32()))
    }

    /// Returns a one-dimensional integer constant.
    pub(crate) fn integers(&mut self, numbers: &[i64]) -> Value {
        let name = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let numbers = numbers.to_vec();
        let shape = vec![numbers.len()];
        self.constant(format!("[{name}]"), shape, ElementType::I64, move || {
            TensorData::I64(numbers.clone())
        })
    }

    /// Returns a scalar integer constant.
    pub(crate) fn integer(&mut self, number: i64) -> Value {
        let numbers = move || TensorData::I64(vec![number]);
        self.constant(format!("int {number}"), Vec::new(), ElementType::I64, numbers)
    }

    /// Returns a scalar f32 constant.
    pub(crate) fn number(&mut self, number: f32) -> Value {
        let numbers = move || TensorData::F32(vec![number]);
        self.constant(format!("{number:e}"), Vec::new(), ElementType::F32, numbers)
    }

    /// Adds a reduction over one axis. The axis is an attribute in older opsets and an input in newer
    /// ones, depending on the operator.
    pub(crate) fn reduce(
        &mut self,
        operator: &'static str,
        x: &Value,
        axis: i64,
        keep: bool,
    ) -> Value {
        let first_opset_with_input = if operator == "ReduceSum" { 13 } else { 18 };
        let mut attributes = vec![("keepdims", Attribute::Int(keep.into()))];
        if self.opset >= first_opset_with_input {
            let input = self.integers(&[axis]);
            return self.op_with(operator, &[x, &input], attributes);
        }
        attributes.push(("axes", Attribute::Ints(vec![axis])));
        self.op_with(operator, &[x], attributes)
    }

    /// Renames a node's output to the name of the graph's output.
    pub(crate) fn name_output(&mut self, value: &Value, name: &str) {
        let outputs = self.nodes.iter_mut().flat_map(|node| &mut node.outputs);
        for output in outputs.filter(|output| *output == value) {
            *output = Value(name.to_owned());
        }
    }
}

impl Node {
    /// Encodes a `NodeProto`.
    pub(crate) fn encode(&self) -> Message {
        let mut message = Message::new();
        for input in &self.inputs {
            message = message.text(1, input.name());
        }
        for output in &self.outputs {
            message = message.text(2, output.name());
        }
        if let Some(output) = self.outputs.first() {
            message = message.text(3, output.name());
        }
        message = message.text(4, self.operator);
        for (name, attribute) in &self.attributes {
            message = message.message(5, &attribute.encode(name));
        }
        message
    }
}

impl Attribute {
    /// Encodes an `AttributeProto`.
    fn encode(&self, name: &str) -> Message {
        let message = Message::new().text(1, name);
        match self {
            Self::Float(number) => message.float(2, *number).int(20, 1),
            Self::Int(number) => message.int(3, *number).int(20, 2),
            Self::Text(text) => message.text(4, text).int(20, 3),
            Self::Ints(numbers) => {
                numbers.iter().fold(message, |message, &number| message.int(8, number)).int(20, 7)
            }
        }
    }
}

impl Initializer<'_> {
    /// Returns the size of the numbers in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.shape.iter().product::<usize>() as u64 * self.kind.size() as u64
    }

    /// Encodes a `TensorProto` without its numbers.
    pub(crate) fn head(&self) -> Message {
        let dimensions = self.shape.iter().map(|&size| i64::try_from(size).unwrap_or(i64::MAX));
        let message = dimensions.fold(Message::new(), |message, size| message.int(1, size));
        message.int(2, self.kind as i64).text(8, &self.name)
    }
}

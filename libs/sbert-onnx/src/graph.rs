//! A graph of ONNX operators that grows a node at a time.

use crate::proto::Message;
use sbert_model::Tensor;
use std::collections::BTreeMap;

/// Numbers of an initializer.
#[derive(Clone, Debug)]
pub(crate) enum TensorData {
    F32(Vec<f32>),
    I8(Vec<i8>),
    I64(Vec<i64>),
}

/// The types of numbers, as ONNX counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    F32 = 1,
    U8 = 2,
    I8 = 3,
    I64 = 7,
}

/// A constant of the graph. Its numbers are made when they are written, so that no more than one
/// tensor is in memory.
pub(crate) struct Initializer<'a> {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) kind: Kind,
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

/// What a node gives, or an initializer or an input of the graph: a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value(String);

/// An operation.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) operator: &'static str,
    pub(crate) inputs: Vec<Value>,
    pub(crate) outputs: Vec<Value>,
    pub(crate) attributes: Vec<(&'static str, Attribute)>,
}

/// A graph, its inputs left to whoever writes it.
pub(crate) struct Graph<'a> {
    pub(crate) opset: u32,
    /// Whether operators that do the work of several are used where the opset has them.
    pub(crate) fused: bool,
    pub(crate) nodes: Vec<Node>,
    pub(crate) initializers: Vec<Initializer<'a>>,
    /// Where each initializer is, by name.
    places: BTreeMap<String, usize>,
    scope: String,
}

impl Value {
    /// An input of the graph.
    pub(crate) fn input(name: &str) -> Self {
        Self(name.to_owned())
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }
}

impl Kind {
    /// Bytes of a number.
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
        Self { opset, fused, nodes, initializers, places: BTreeMap::new(), scope: String::new() }
    }

    /// The part of the model that the following nodes belong to; their names begin with it.
    pub(crate) fn enter(&mut self, scope: impl Into<String>) {
        self.scope = scope.into();
    }

    /// The one output of an operation.
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

    /// An operation with several outputs.
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

    /// A constant that is there once, however often it is asked for by that name.
    pub(crate) fn constant(
        &mut self,
        name: impl Into<String>,
        shape: Vec<usize>,
        kind: Kind,
        numbers: impl Fn() -> TensorData + 'a,
    ) -> Value {
        let name = name.into();
        if !self.places.contains_key(&name) {
            self.places.insert(name.clone(), self.initializers.len());
            let numbers = Box::new(numbers);
            self.initializers.push(Initializer { name: name.clone(), shape, kind, numbers });
        }
        Value(name)
    }

    /// A tensor as it is, but in f32.
    pub(crate) fn tensor(&mut self, tensor: &Tensor<'a>) -> Value {
        let (name, shape, tensor) = (tensor.name.clone(), tensor.shape.clone(), tensor.clone());
        self.constant(name, shape, Kind::F32, move || TensorData::F32(tensor.to_f32()))
    }

    /// A row of whole numbers.
    pub(crate) fn integers(&mut self, numbers: &[i64]) -> Value {
        let name = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let numbers = numbers.to_vec();
        let shape = vec![numbers.len()];
        self.constant(format!("[{name}]"), shape, Kind::I64, move || {
            TensorData::I64(numbers.clone())
        })
    }

    /// One whole number, of no dimension.
    pub(crate) fn integer(&mut self, number: i64) -> Value {
        let numbers = move || TensorData::I64(vec![number]);
        self.constant(format!("int {number}"), Vec::new(), Kind::I64, numbers)
    }

    /// One number, of no dimension.
    pub(crate) fn number(&mut self, number: f32) -> Value {
        let numbers = move || TensorData::F32(vec![number]);
        self.constant(format!("{number:e}"), Vec::new(), Kind::F32, numbers)
    }

    /// A reduction over one axis; until an opset that differs by operator the axis is an attribute,
    /// from there on an input.
    pub(crate) fn reduce(
        &mut self,
        operator: &'static str,
        x: &Value,
        axis: i64,
        keep: bool,
    ) -> Value {
        let as_input_from = if operator == "ReduceSum" { 13 } else { 18 };
        let mut attributes = vec![("keepdims", Attribute::Int(keep.into()))];
        if self.opset >= as_input_from {
            let input = self.integers(&[axis]);
            return self.op_with(operator, &[x, &input], attributes);
        }
        attributes.push(("axes", Attribute::Ints(vec![axis])));
        self.op_with(operator, &[x], attributes)
    }

    /// Renames what a node gives: the graph's output.
    pub(crate) fn name_output(&mut self, value: &Value, name: &str) {
        let outputs = self.nodes.iter_mut().flat_map(|node| &mut node.outputs);
        for output in outputs.filter(|output| *output == value) {
            *output = Value(name.to_owned());
        }
    }
}

impl Node {
    /// A `NodeProto`.
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
    /// An `AttributeProto`.
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
    /// How many bytes its numbers take.
    pub(crate) fn size(&self) -> u64 {
        self.shape.iter().product::<usize>() as u64 * self.kind.size() as u64
    }

    /// A `TensorProto` without its numbers.
    pub(crate) fn head(&self) -> Message {
        let dimensions = self.shape.iter().map(|&size| i64::try_from(size).unwrap_or(i64::MAX));
        let message = dimensions.fold(Message::new(), |message, size| message.int(1, size));
        message.int(2, self.kind as i64).text(8, &self.name)
    }
}

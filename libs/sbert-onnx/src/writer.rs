//! Writes a graph as an ONNX file, a tensor at a time.

use crate::ExportError;
use crate::draft::Staging;
use crate::export::Progress;
use crate::graph::{Graph, Initializer, Kind, Node, TensorData};
use crate::metadata::VERSION;
use crate::proto::Message;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

/// Tensors that are smaller stay in the model's file, wherever the others are.
const SMALL: u64 = 1024;
/// Tensors in a file of their own begin at a page, so that they can be mapped.
const PAGE: u64 = 4096;
/// What is encoded at a time.
const CHUNK: usize = 16 * 1024;

/// A model, ready to be written.
pub(crate) struct Writer<'g, 'a> {
    pub(crate) graph: &'g Graph<'a>,
    pub(crate) name: &'g str,
    /// Names of inputs of whole numbers, `[batch, sequence]`.
    pub(crate) inputs: Vec<&'static str>,
    /// Name of an output of f32, `[batch, dimension]`, and the dimension.
    pub(crate) output: (&'static str, usize),
    pub(crate) metadata: Vec<(&'static str, String)>,
}

/// An initializer and where its numbers go.
struct Placed<'g, 'a> {
    initializer: &'g Initializer<'a>,
    /// What stands before its numbers in the model's file.
    head: Message,
    /// Where its numbers begin in the file of the weights; `None`: behind the head.
    offset: Option<u64>,
}

impl<'g, 'a> Writer<'g, 'a> {
    /// Writes the model's file and, if that became larger than `largest`, one of the weights; says
    /// whether it did.
    pub(crate) fn write(
        &self,
        staging: &Staging,
        largest: u64,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<bool, ExportError> {
        let mut placed = self.place(None);
        let mut head = self.head(&placed);
        let is_large = head.len() + body(&placed) > largest;
        if is_large {
            placed = self.place(Some(&staging.data_name()));
            head = self.head(&placed);
        }
        let total = placed.iter().map(|placed| placed.initializer.size()).sum();
        let mut done = 0;
        let mut step = |bytes| {
            done += bytes;
            progress(Progress { done, total });
        };
        if is_large {
            let path = staging.data();
            write_file(&path, |file| write_data(file, &placed, &mut step))
                .map_err(ExportError::unwritable(&path))?;
        }
        let path = staging.model();
        write_file(&path, |file| {
            file.write_all(head.as_bytes())?;
            write_inside(file, &placed, &mut step)
        })
        .map_err(ExportError::unwritable(&path))?;
        Ok(is_large)
    }

    /// Where each tensor goes: into the model's file, or, but for small ones, into `data`.
    fn place(&self, data: Option<&str>) -> Vec<Placed<'g, 'a>> {
        let mut end = 0_u64;
        let mut place = |initializer: &'g Initializer<'a>| {
            let size = initializer.size();
            let (head, offset) = match data.filter(|_| size >= SMALL) {
                None => (initializer.head().announce(9, size), None),
                Some(data) => {
                    let offset = end.next_multiple_of(PAGE);
                    end = offset + size;
                    (elsewhere(initializer.head(), data, offset, size), Some(offset))
                }
            };
            let length = head.len() + if offset.is_some() { 0 } else { size };
            let mut framed = Message::new().announce(5, length);
            framed.append(&head);
            Placed { initializer, head: framed, offset }
        };
        self.graph.initializers.iter().map(&mut place).collect()
    }

    /// All of the file but the initializers, which stand at its end.
    fn head(&self, placed: &[Placed<'_, '_>]) -> Message {
        let opset = self.graph.opset;
        let opsets = Message::new().text(1, "").int(2, opset.into());
        let mut model = Message::new()
            .int(1, ir_version(opset))
            .text(2, "akin")
            .text(3, VERSION)
            .message(8, &opsets);
        for (key, value) in &self.metadata {
            model = model.message(14, &Message::new().text(1, key).text(2, value));
        }
        let graph = self.graph_head();
        let mut model = model.announce(7, graph.len() + body(placed));
        model.append(&graph);
        model
    }

    /// A `GraphProto` without its initializers.
    fn graph_head(&self) -> Message {
        let nodes = self.graph.nodes.iter().map(Node::encode);
        let mut graph = nodes.fold(Message::new(), |graph, node| graph.message(1, &node));
        graph = graph.text(2, self.name);
        for input in &self.inputs {
            graph = graph.message(11, &value_info(input, Kind::I64, &named("sequence")));
        }
        let dimension = i64::try_from(self.output.1).unwrap_or(i64::MAX);
        let dimension = Message::new().int(1, dimension);
        graph.message(12, &value_info(self.output.0, Kind::F32, &dimension))
    }
}

/// How many bytes the initializers take in the model's file.
fn body(placed: &[Placed<'_, '_>]) -> u64 {
    let inside = |placed: &Placed<'_, '_>| match placed.offset {
        None => placed.initializer.size(),
        Some(_) => 0,
    };
    placed.iter().map(|placed| placed.head.len() + inside(placed)).sum()
}

/// The rest of a `TensorProto` whose numbers lie in another file.
fn elsewhere(head: Message, data: &str, offset: u64, size: u64) -> Message {
    const EXTERNAL: i64 = 1;
    let (offset, size) = (offset.to_string(), size.to_string());
    let entries = [("location", data), ("offset", &*offset), ("length", &*size)];
    let entry = |(key, value): (&str, &str)| Message::new().text(1, key).text(2, value);
    let entries = entries.into_iter().map(entry);
    entries.fold(head, |head, entry| head.message(13, &entry)).int(14, EXTERNAL)
}

/// A dimension that is known by name only.
fn named(name: &str) -> Message {
    Message::new().text(2, name)
}

/// A `ValueInfoProto` of `[batch, last]`.
fn value_info(name: &str, kind: Kind, last: &Message) -> Message {
    let shape = Message::new().message(1, &named("batch")).message(1, last);
    let tensor = Message::new().int(1, kind as i64).message(2, &shape);
    Message::new().text(1, name).message(2, &Message::new().message(1, &tensor))
}

/// The oldest version of the format that has the opset, so that old runtimes read what they can.
fn ir_version(opset: u32) -> i64 {
    match opset {
        ..=14 => 7,
        15..=18 => 8,
        19..=20 => 9,
        21..=22 => 10,
        23 => 11,
        24 => 12,
        25..=27 => 13,
        _ => 14,
    }
}

/// The tensors that lie in the model's own file.
fn write_inside(
    file: &mut impl Write,
    placed: &[Placed<'_, '_>],
    step: &mut dyn FnMut(u64),
) -> io::Result<()> {
    for placed in placed {
        file.write_all(placed.head.as_bytes())?;
        if placed.offset.is_none() {
            write_numbers(file, placed.initializer, step)?;
        }
    }
    Ok(())
}

/// The tensors that lie in the file of the weights.
fn write_data(
    file: &mut impl Write,
    placed: &[Placed<'_, '_>],
    step: &mut dyn FnMut(u64),
) -> io::Result<()> {
    let mut end = 0;
    for placed in placed {
        let Some(offset) = placed.offset else { continue };
        io::copy(&mut io::repeat(0).take(offset - end), file)?;
        write_numbers(file, placed.initializer, step)?;
        end = offset + placed.initializer.size();
    }
    Ok(())
}

/// Little-endian, as ONNX has it.
fn write_numbers(
    file: &mut impl Write,
    initializer: &Initializer<'_>,
    step: &mut dyn FnMut(u64),
) -> io::Result<()> {
    let written = match (initializer.numbers)() {
        TensorData::F32(numbers) => write_chunks(file, &numbers, f32::to_le_bytes, step)?,
        TensorData::I64(numbers) => write_chunks(file, &numbers, i64::to_le_bytes, step)?,
        TensorData::I8(numbers) => write_chunks(file, &numbers, i8::to_le_bytes, step)?,
    };
    // The file says how many there are before they are made: others would make it unreadable.
    if written == initializer.size() {
        return Ok(());
    }
    let (name, size) = (&initializer.name, initializer.size());
    Err(io::Error::other(format!("{name} has {written} bytes, not {size}")))
}

fn write_chunks<T: Copy, const N: usize>(
    file: &mut impl Write,
    numbers: &[T],
    encode: impl Fn(T) -> [u8; N],
    step: &mut dyn FnMut(u64),
) -> io::Result<u64> {
    let mut bytes = Vec::with_capacity(CHUNK * N);
    let mut written = 0;
    for chunk in numbers.chunks(CHUNK) {
        bytes.clear();
        bytes.extend(chunk.iter().flat_map(|&number| encode(number)));
        file.write_all(&bytes)?;
        written += bytes.len() as u64;
        step(bytes.len() as u64);
    }
    Ok(written)
}

/// A file whose bytes are on the disk when this returns.
fn write_file(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    write(&mut file)?;
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

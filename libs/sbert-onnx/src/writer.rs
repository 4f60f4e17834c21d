//! Writes a graph as an ONNX file, one tensor at a time.

use crate::ExportError;
use crate::draft::Staging;
use crate::export::ExportProgress;
use crate::graph::{ElementType, Graph, Initializer, Node, TensorData};
use crate::metadata::VERSION;
use crate::proto::Message;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

/// Tensors below this size always stay in the model's file.
const MIN_EXTERNAL_SIZE: u64 = 1024;
/// The alignment of tensors in the weights file: a page, so that they can be mapped.
const PAGE: u64 = 4096;
/// The number of elements encoded at a time.
const CHUNK: usize = 16 * 1024;

/// A model, ready to be written.
pub(crate) struct Writer<'g, 'a> {
    pub(crate) graph: &'g Graph<'a>,
    pub(crate) name: &'g str,
    /// The names of the integer inputs, `[batch, sequence]`.
    pub(crate) inputs: Vec<&'static str>,
    /// The name of the f32 output, `[batch, dimension]`, and the dimension.
    pub(crate) output: (&'static str, usize),
    pub(crate) metadata: Vec<(&'static str, String)>,
}

/// An initializer and the place of its numbers.
struct Placement<'g, 'a> {
    initializer: &'g Initializer<'a>,
    /// The bytes before its numbers in the model's file.
    head: Message,
    /// The offset of its numbers in the weights file, or `None` if they follow the head.
    offset: Option<u64>,
}

impl<'g, 'a> Writer<'g, 'a> {
    /// Writes the model's file and, if it would be larger than `largest`, a weights file. Returns whether
    /// the latter was written.
    pub(crate) fn write(
        &self,
        staging: &Staging,
        largest: u64,
        progress: &mut dyn FnMut(ExportProgress),
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
            progress(ExportProgress { done, total });
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

    /// Places each tensor in the model's file or, unless it is small, in `data`.
    fn place(&self, data: Option<&str>) -> Vec<Placement<'g, 'a>> {
        let mut end = 0_u64;
        let mut place = |initializer: &'g Initializer<'a>| {
            let size = initializer.size();
            let (head, offset) = match data.filter(|_| size >= MIN_EXTERNAL_SIZE) {
                None => (initializer.head().field_head(9, size), None),
                Some(data) => {
                    let offset = end.next_multiple_of(PAGE);
                    end = offset + size;
                    (external(initializer.head(), data, offset, size), Some(offset))
                }
            };
            let length = head.len() + if offset.is_some() { 0 } else { size };
            let mut framed = Message::new().field_head(5, length);
            framed.append(&head);
            Placement { initializer, head: framed, offset }
        };
        self.graph.initializers.iter().map(&mut place).collect()
    }

    /// Returns all of the file except the initializers at its end.
    fn head(&self, placed: &[Placement<'_, '_>]) -> Message {
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
        let mut model = model.field_head(7, graph.len() + body(placed));
        model.append(&graph);
        model
    }

    /// Encodes a `GraphProto` without its initializers.
    fn graph_head(&self) -> Message {
        let nodes = self.graph.nodes.iter().map(Node::encode);
        let mut graph = nodes.fold(Message::new(), |graph, node| graph.message(1, &node));
        graph = graph.text(2, self.name);
        for input in &self.inputs {
            graph = graph.message(11, &value_info(input, ElementType::I64, &named("sequence")));
        }
        let dimension = i64::try_from(self.output.1).unwrap_or(i64::MAX);
        let dimension = Message::new().int(1, dimension);
        graph.message(12, &value_info(self.output.0, ElementType::F32, &dimension))
    }
}

/// Returns the size of the initializers in the model's file in bytes.
fn body(placed: &[Placement<'_, '_>]) -> u64 {
    let inside = |placed: &Placement<'_, '_>| match placed.offset {
        None => placed.initializer.size(),
        Some(_) => 0,
    };
    placed.iter().map(|placed| placed.head.len() + inside(placed)).sum()
}

/// Completes a `TensorProto` whose numbers are in another file.
fn external(head: Message, data: &str, offset: u64, size: u64) -> Message {
    const EXTERNAL: i64 = 1;
    let (offset, size) = (offset.to_string(), size.to_string());
    let entries = [("location", data), ("offset", &*offset), ("length", &*size)];
    let entry = |(key, value): (&str, &str)| Message::new().text(1, key).text(2, value);
    let entries = entries.into_iter().map(entry);
    entries.fold(head, |head, entry| head.message(13, &entry)).int(14, EXTERNAL)
}

/// Encodes a symbolic dimension.
fn named(name: &str) -> Message {
    Message::new().text(2, name)
}

/// Encodes a `ValueInfoProto` of the shape `[batch, last]`.
fn value_info(name: &str, kind: ElementType, last: &Message) -> Message {
    let shape = Message::new().message(1, &named("batch")).message(1, last);
    let tensor = Message::new().int(1, kind as i64).message(2, &shape);
    Message::new().text(1, name).message(2, &Message::new().message(1, &tensor))
}

/// Returns the oldest format version with the opset, for compatibility with old runtimes.
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

/// Writes the initializers of the model's file.
fn write_inside(
    file: &mut impl Write,
    placed: &[Placement<'_, '_>],
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

/// Writes the weights file.
fn write_data(
    file: &mut impl Write,
    placed: &[Placement<'_, '_>],
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

/// Writes numbers in little-endian order, as ONNX requires.
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
    // The size is already written, so a different one would make the file unreadable.
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

/// Writes a file and syncs it to disk.
fn write_file(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = BufWriter::new(private_files::create(path, private_files::Access::Umask)?);
    write(&mut file)?;
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

//! Ways to damage a model, the same on every run.

use crate::ModelCopy;
use serde_json::{Map, Value, json};
use std::fs;

/// A small pseudo-random generator (xorshift), so that a failure can be repeated anywhere.
#[derive(Debug)]
pub struct RandomNumbers(pub u64);

impl RandomNumbers {
    /// Returns the next number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// Damages a file: changes bytes near the beginning, where its header is, or anywhere; cuts it, or
/// repeats a part of it.
pub fn change_bytes(mut bytes: Vec<u8>, numbers: &mut RandomNumbers) -> Vec<u8> {
    let size = bytes.len().max(1);
    let reach = if numbers.below(2) == 0 { size.min(4_000) } else { size };
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(reach).min(bytes.len().saturating_sub(1));
        match numbers.below(6) {
            0 => bytes.truncate(at),
            1 => bytes.extend_from_within(at..bytes.len().min(at + 40)),
            2 => drop(bytes.drain(at..bytes.len().min(at + 1 + numbers.below(9)))),
            3 => bytes.insert(at, b"0[{\"-"[numbers.below(5)]),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << numbers.below(8);
                }
            }
        }
    }
    bytes
}

/// Returns the files that a model is read from, by their names in the folder.
pub fn files(folder: &ModelCopy) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.root().to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(at).unwrap().map(|entry| entry.unwrap()) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if entry.file_name() != "expected.json" {
                let path = entry.path();
                let name = path.strip_prefix(folder.root()).unwrap();
                files.push(name.to_string_lossy().into_owned());
            }
        }
    }
    files.sort();
    files
}

/// Damages one file of the folder in some way.
pub fn damage(folder: &ModelCopy, name: &str, numbers: &mut RandomNumbers) {
    let path = folder.path(name);
    let whole = fs::read(&path).unwrap();
    let extension = path.extension().and_then(|extension| extension.to_str());
    let damaged = match (numbers.below(3), extension) {
        (0, Some("json")) => numbers_changed(&whole, numbers),
        (0, Some("safetensors")) => tensors_changed(&whole, numbers),
        _ => change_bytes(whole, numbers),
    };
    fs::write(path, damaged).unwrap();
}

/// Puts another value where a number is, as often as not one that nobody expects.
fn numbers_changed(bytes: &[u8], numbers: &mut RandomNumbers) -> Vec<u8> {
    fn places<'a>(value: &'a mut Value, found: &mut Vec<&'a mut Value>) {
        match value {
            Value::Object(fields) => fields.values_mut().for_each(|value| places(value, found)),
            Value::Array(values) => values.iter_mut().for_each(|value| places(value, found)),
            Value::Number(_) | Value::Bool(_) | Value::Null => found.push(value),
            Value::String(_) => {}
        }
    }
    let mut file: Value = serde_json::from_slice(bytes).unwrap();
    let mut found = Vec::new();
    places(&mut file, &mut found);
    let count = found.len();
    if count > 0 {
        let place = &mut *found[numbers.below(count)];
        let near = place.as_i64().unwrap_or(0);
        let other = [
            json!(0),
            json!(1),
            json!(-1),
            json!(near + 1),
            json!(near - 1),
            json!(2 * near),
            json!(1_u64 << 40),
            json!(u64::MAX),
            json!(1e30),
            json!(0.5),
            json!("7"),
            json!([]),
            Value::Null,
            json!(true),
        ];
        *place = other[numbers.below(other.len())].clone();
    }
    file.to_string().into_bytes()
}

/// Drops a tensor, or says something else of one.
fn tensors_changed(bytes: &[u8], numbers: &mut RandomNumbers) -> Vec<u8> {
    let (length, rest) = bytes.split_first_chunk().unwrap();
    let (header, data) = rest.split_at(usize::try_from(u64::from_le_bytes(*length)).unwrap());
    let mut header: Map<String, Value> = serde_json::from_slice(header).unwrap();
    let names: Vec<_> = header.keys().filter(|name| *name != "__metadata__").cloned().collect();
    let name = &names[numbers.below(names.len())];
    let entry = &mut header[name];
    match numbers.below(5) {
        0 => entry["dtype"] = json!(["F64", "I8", "F32", "F16", "BF16"][numbers.below(5)]),
        1 => entry["shape"][0] = json!(1_u64 << (10 * numbers.below(7))),
        2 => entry["data_offsets"][1] = json!(1_u64 << (10 * numbers.below(7))),
        3 => entry["shape"] = json!([]),
        _ => drop(header.remove(name)),
    }
    let header = serde_json::to_vec(&header).unwrap();
    let length = u64::try_from(header.len()).unwrap().to_le_bytes();
    [&length[..], &header, data].concat()
}

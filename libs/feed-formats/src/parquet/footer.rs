//! The footer of a Parquet file. What reading needs is copied out of it, checked, before the parser
//! sees it: a few bytes can claim billions of columns.

use super::thrift::{Damage, Result, ThriftReader, kind, write_field, write_varint};
use crate::limits;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// The length of the footer, and the mark, that end a file.
const TAIL: usize = 8;
/// The marks at the beginning and the end of a file, and of an encrypted one.
const MARK: &[u8] = b"PAR1";
const ENCRYPTED_MARK: &[u8] = b"PARE";

/// A structure: its fields that are copied, by their numbers.
struct Shape(&'static [(i16, Field)]);

enum Field {
    /// A number or a text of this kind.
    Plain(u8),
    /// A list of numbers.
    Numbers,
    /// The number of children of an element of the schema.
    Children,
    /// A structure, which is left out if nothing of it is copied.
    Struct(&'static Shape),
    /// A list of structures: no more than the given number.
    Structs(&'static Shape, usize),
    /// The presence of the field means that the file is encrypted.
    Encryption,
}

use Field::{Children, Encryption, Numbers, Plain, Struct, Structs};

const FILE: Shape = Shape(&[
    (1, Plain(kind::I32)),
    (2, Structs(&ELEMENT, limits::PARQUET_ELEMENTS)),
    (3, Plain(kind::I64)),
    (4, Structs(&GROUP, limits::PARQUET_CHUNKS)),
    (8, Encryption),
]);
const ELEMENT: Shape = Shape(&[
    (1, Plain(kind::I32)),
    (2, Plain(kind::I32)),
    (3, Plain(kind::I32)),
    (4, Plain(kind::BINARY)),
    (5, Children),
    (6, Plain(kind::I32)),
    (7, Plain(kind::I32)),
    (8, Plain(kind::I32)),
    (9, Plain(kind::I32)),
    (10, Struct(&LOGICAL_TYPE)),
]);
/// Only decimals matter.
const LOGICAL_TYPE: Shape = Shape(&[(5, Struct(&DECIMAL))]);
const DECIMAL: Shape = Shape(&[(1, Plain(kind::I32)), (2, Plain(kind::I32))]);
const GROUP: Shape =
    Shape(&[(1, Structs(&CHUNK, limits::FIELDS)), (2, Plain(kind::I64)), (3, Plain(kind::I64))]);
const CHUNK: Shape = Shape(&[(2, Plain(kind::I64)), (3, Struct(&CHUNK_METADATA))]);
const CHUNK_METADATA: Shape = Shape(&[
    (1, Plain(kind::I32)),
    (2, Numbers),
    (4, Plain(kind::I32)),
    (5, Plain(kind::I64)),
    (6, Plain(kind::I64)),
    (7, Plain(kind::I64)),
    (9, Plain(kind::I64)),
    (11, Plain(kind::I64)),
]);

/// Reads the footer of a file of `length` bytes.
pub(super) fn read_metadata(
    mut file: &File,
    length: u64,
) -> parquet::errors::Result<ParquetMetaData> {
    let damaged = |reason: &str| ParquetError::General(reason.to_owned());
    let Some(tail_start) =
        length.checked_sub(TAIL as u64).filter(|&start| start >= MARK.len() as u64)
    else {
        return Err(damaged("it is too short for a footer"));
    };
    let mut tail = [0; TAIL];
    file.seek(SeekFrom::Start(tail_start))?;
    file.read_exact(&mut tail)?;
    let (count, mark) = tail.split_at(4);
    if mark == ENCRYPTED_MARK {
        return Err(damaged("it is encrypted, which is not supported"));
    }
    if mark != MARK {
        return Err(damaged("its footer is missing"));
    }
    let count = u64::from(u32::from_le_bytes(count.try_into().unwrap_or_default()));
    if count > limits::PARQUET_FOOTER {
        return Err(damaged(&format!(
            "its footer has {count} bytes, of at most {}: write larger row groups",
            limits::PARQUET_FOOTER
        )));
    }
    let start = tail_start.checked_sub(count).ok_or_else(|| damaged("its footer is cut off"))?;
    let mut footer = vec![0; usize::try_from(count).unwrap_or_default()];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut footer)?;
    ParquetMetaDataReader::decode_metadata(&copy(&footer)?)
}

/// Copies what reading needs.
fn copy(footer: &[u8]) -> parquet::errors::Result<Vec<u8>> {
    let mut copier = Copier::default();
    let result = copier.copy_struct(&mut ThriftReader::new(footer), &FILE);
    let refusal = copier.refusal.take();
    result
        .map_err(|_| refusal.unwrap_or_else(|| "its footer is damaged".to_owned()))
        .and_then(|_| check_tree(&copier.children))
        .map_err(ParquetError::General)?;
    Ok(copier.output)
}

#[derive(Default)]
struct Copier {
    output: Vec<u8>,
    /// The number of children of each element of the schema.
    children: Vec<i64>,
    chunks: usize,
    /// The reason if the footer is not damaged, but refused.
    refusal: Option<String>,
}

impl Copier {
    /// Copies a structure with its end; returns whether it has a field.
    fn copy_struct(&mut self, input: &mut ThriftReader<'_>, shape: &Shape) -> Result<bool> {
        let start = self.output.len();
        let mut id = 0;
        while let Some(found) = input.field(&mut id)? {
            match shape.0.iter().find(|(known, _)| *known == id) {
                Some((_, field)) => self.copy_field(input, id, found, field)?,
                None => input.skip(found)?,
            }
        }
        self.output.push(0);
        Ok(self.output.len() > start + 1)
    }

    fn copy_field(
        &mut self,
        input: &mut ThriftReader<'_>,
        id: i16,
        found: u8,
        field: &Field,
    ) -> Result<()> {
        let start = self.output.len();
        let expected = match field {
            Plain(kind) => *kind,
            Children => kind::I32,
            Struct(_) => kind::STRUCT,
            Numbers | Structs(..) => kind::LIST,
            Encryption => return Err(self.refuse("it is encrypted, which is not supported")),
        };
        if found != expected {
            return Err(Damage::Malformed);
        }
        write_field(&mut self.output, id, expected);
        match field {
            Plain(kind) => self.copy_value(input, *kind),
            Children => self.copy_children(input),
            Struct(shape) => {
                if !self.copy_struct(input, shape)? {
                    self.output.truncate(start);
                }
                Ok(())
            }
            Numbers => self.copy_numbers(input),
            Structs(shape, max) => self.copy_structs(input, shape, *max),
            Encryption => Ok(()),
        }
    }

    fn copy_children(&mut self, input: &mut ThriftReader<'_>) -> Result<()> {
        let position = input.position();
        let count = input.integer()?;
        self.output.extend_from_slice(input.since(position));
        if let Some(children) = self.children.last_mut() {
            *children = count;
        }
        Ok(())
    }

    fn copy_numbers(&mut self, input: &mut ThriftReader<'_>) -> Result<()> {
        let (kind, count) = input.list()?;
        if kind != kind::I32 && count > 0 {
            return Err(Damage::Malformed);
        }
        self.write_list(kind::I32, count);
        (0..count).try_for_each(|_| self.copy_value(input, kind::I32))
    }

    fn copy_structs(
        &mut self,
        input: &mut ThriftReader<'_>,
        shape: &Shape,
        max: usize,
    ) -> Result<()> {
        let (kind, count) = input.list()?;
        if kind != kind::STRUCT && count > 0 {
            return Err(Damage::Malformed);
        }
        if std::ptr::eq(shape.0, CHUNK.0) {
            self.chunks += count;
        }
        if count > max || self.chunks > limits::PARQUET_CHUNKS {
            return Err(self.refuse("it has too many columns or row groups"));
        }
        self.write_list(kind::STRUCT, count);
        for _ in 0..count {
            if std::ptr::eq(shape.0, ELEMENT.0) {
                self.children.push(0);
            }
            self.copy_struct(input, shape)?;
        }
        Ok(())
    }

    fn copy_value(&mut self, input: &mut ThriftReader<'_>, kind: u8) -> Result<()> {
        let start = input.position();
        input.skip(kind)?;
        self.output.extend_from_slice(input.since(start));
        Ok(())
    }

    fn write_list(&mut self, kind: u8, count: usize) {
        self.output.push(0xf0 | kind);
        write_varint(&mut self.output, count as u64);
    }

    fn refuse(&mut self, reason: &str) -> Damage {
        self.refusal = Some(reason.to_owned());
        Damage::Malformed
    }
}

/// Checks the depth of the schema, and that no element claims more children than there are elements.
/// `children` has the number of each element's children, in the order of the elements.
fn check_tree(children: &[i64]) -> std::result::Result<(), String> {
    // The number of children that are to come at each depth.
    let mut expected: Vec<i64> = Vec::new();
    for &count in children {
        while expected.last() == Some(&0) {
            expected.pop();
        }
        if let Some(left) = expected.last_mut() {
            *left -= 1;
        }
        if usize::try_from(count).is_ok_and(|count| count >= children.len()) || count < 0 {
            return Err("an element of its schema has an impossible number of children".to_owned());
        }
        if count > 0 {
            expected.push(count);
        }
        if expected.len() > limits::PARQUET_DEPTH {
            return Err(format!("its schema is deeper than {}", limits::PARQUET_DEPTH));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_bounded_in_depth_and_children() {
        assert_eq!(check_tree(&[2, 1, 0, 0]), Ok(()));
        assert!(check_tree(&[1; 40]).unwrap_err().contains("deeper than 32"));
        assert!(check_tree(&[2, i64::from(i32::MAX), 0]).unwrap_err().contains("children"));
        assert!(check_tree(&[-1]).unwrap_err().contains("children"));
        // A wide schema is not deep.
        let wide: Vec<_> = std::iter::once(5_000).chain(std::iter::repeat_n(0, 5_000)).collect();
        assert_eq!(check_tree(&wide), Ok(()));
    }

    #[test]
    fn a_field_of_another_kind_is_damage() {
        // The number of rows as a text.
        let mut footer = Vec::new();
        write_field(&mut footer, 3, kind::BINARY);
        footer.extend([1, b'x', 0]);
        assert!(copy(&footer).unwrap_err().to_string().contains("damaged"));
        assert_eq!(copy(&[0]).unwrap(), [0]);
    }
}

use crate::layout::{ALIGNMENT, HEADER};
use bytemuck::NoUninit;
use std::io::{self, Write};

/// Writes sections and records the range of each.
#[derive(Debug)]
pub(crate) struct Output<W> {
    pub(crate) out: W,
    at: usize,
    sum: crc32fast::Hasher,
    start: usize,
    pub(crate) sections: Vec<std::ops::Range<usize>>,
}

impl<W: Write> Output<W> {
    pub(crate) fn new(out: W) -> Self {
        let sum = crc32fast::Hasher::new();
        Self { out, at: HEADER, sum, start: HEADER, sections: Vec::new() }
    }

    pub(crate) fn start(&mut self) -> io::Result<()> {
        let padding = self.at.next_multiple_of(ALIGNMENT) - self.at;
        self.write(&[0_u8; ALIGNMENT][..padding])?;
        self.start = self.at;
        Ok(())
    }

    pub(crate) fn write<T: NoUninit>(&mut self, numbers: &[T]) -> io::Result<()> {
        let bytes = bytemuck::cast_slice(numbers);
        self.out.write_all(bytes)?;
        self.sum.update(bytes);
        self.at += bytes.len();
        Ok(())
    }

    pub(crate) fn end(&mut self) {
        self.sections.push(self.start..self.at);
    }

    /// Returns the checksum of everything written since the last call.
    pub(crate) fn take_sum(&mut self) -> u32 {
        std::mem::take(&mut self.sum).finalize()
    }

    pub(crate) fn section<T: NoUninit>(&mut self, numbers: &[T]) -> io::Result<()> {
        self.parts::<T>(std::iter::once(numbers))
    }

    /// Writes a section of consecutive parts.
    pub(crate) fn parts<T: NoUninit>(
        &mut self,
        parts: impl Iterator<Item = impl AsRef<[T]>>,
    ) -> io::Result<()> {
        self.start()?;
        for part in parts {
            self.write(part.as_ref())?;
        }
        self.end();
        Ok(())
    }

    pub(crate) fn table(&mut self, table: &TextTable) -> io::Result<()> {
        self.section(&table.ends)?;
        self.section(&table.bytes)
    }
}

/// Concatenated texts with the end of each.
#[derive(Debug, Default)]
pub(crate) struct TextTable {
    pub(crate) ends: Vec<u64>,
    bytes: Vec<u8>,
}

impl TextTable {
    pub(crate) fn from_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut table = Self::default();
        texts.into_iter().for_each(|text| table.push(text));
        table
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.ends.push(self.bytes.len() as u64);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(&start, &end)| {
            #[expect(clippy::cast_possible_truncation, reason = "an offset in memory")]
            let bytes = &self.bytes[start as usize..end as usize];
            std::str::from_utf8(bytes).unwrap_or_default()
        })
    }

    pub(crate) fn last(&self) -> &str {
        let start = self.ends.len().checked_sub(2).map_or(0, |before| self.ends[before]);
        let start = usize::try_from(start).unwrap_or_default();
        std::str::from_utf8(&self.bytes[start..]).unwrap_or_default()
    }
}

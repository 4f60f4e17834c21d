use super::thrift::{Damage, Result, ThriftReader, kind};
use parquet::basic::Encoding;

/// The header of a page: what the file claims about it.
#[derive(Debug)]
pub(super) struct PageHeader {
    /// The number of bytes of the page in the file, and after decompression.
    pub(super) packed: usize,
    pub(super) unpacked: usize,
    pub(super) content: PageContent,
}

#[derive(Debug)]
pub(super) enum PageContent {
    Dictionary {
        values: u32,
        encoding: Encoding,
    },
    Data(DataHeader),
    DataV2(DataHeaderV2),
    /// An index, which is skipped.
    Other,
}

/// The header of a data page. `values` counts nulls as well.
#[derive(Debug)]
pub(super) struct DataHeader {
    pub(super) values: u32,
    pub(super) encoding: Encoding,
    pub(super) definition: Encoding,
    pub(super) repetition: Encoding,
}

/// The header of a data page whose levels are not compressed.
#[derive(Debug)]
pub(super) struct DataHeaderV2 {
    pub(super) values: u32,
    pub(super) nulls: u32,
    pub(super) rows: u32,
    pub(super) encoding: Encoding,
    pub(super) definition_length: u32,
    pub(super) repetition_length: u32,
    pub(super) is_compressed: bool,
}

/// The numbers of a structure, by their field numbers.
type Numbers = [Option<i64>; 9];

/// Reads a header from the beginning of `bytes`. Also returns its length.
pub(super) fn read_header(bytes: &[u8]) -> Result<(PageHeader, usize)> {
    let mut input = ThriftReader::new(bytes);
    let mut content = None;
    let mut numbers = Numbers::default();
    let mut id = 0;
    while let Some(found) = input.field(&mut id)? {
        match (id, found) {
            (1..=3, kind::I32) => numbers[usize::from(id.unsigned_abs())] = Some(input.integer()?),
            (5 | 7 | 8, kind::STRUCT) => content = Some((id, read_numbers(&mut input)?)),
            (1..=3 | 5 | 7 | 8, _) => return Err(Damage::Malformed),
            _ => input.skip(found)?,
        }
    }
    let content = match (numbers[1], content) {
        (Some(0), Some((5, numbers))) => PageContent::Data(data(&numbers)?),
        (Some(2), Some((7, numbers))) => PageContent::Dictionary {
            values: natural(numbers[1])?,
            encoding: encoding(numbers[2])?,
        },
        (Some(3), Some((8, numbers))) => PageContent::DataV2(data_v2(&numbers)?),
        (Some(1), _) => PageContent::Other,
        _ => return Err(Damage::Malformed),
    };
    let size = |number| Ok(natural(number)? as usize);
    let header = PageHeader { packed: size(numbers[3])?, unpacked: size(numbers[2])?, content };
    Ok((header, input.position()))
}

/// Reads the numbers of a structure, and whether its flags are set.
fn read_numbers(input: &mut ThriftReader<'_>) -> Result<Numbers> {
    let mut numbers = Numbers::default();
    let mut id = 0;
    while let Some(found) = input.field(&mut id)? {
        let number = match found {
            kind::TRUE => Some(1),
            kind::FALSE => Some(0),
            kind::I32 => Some(input.integer()?),
            _ => {
                input.skip(found)?;
                None
            }
        };
        if let Some(place) = usize::try_from(id).ok().and_then(|id| numbers.get_mut(id)) {
            *place = number;
        }
    }
    Ok(numbers)
}

fn data(numbers: &Numbers) -> Result<DataHeader> {
    Ok(DataHeader {
        values: natural(numbers[1])?,
        encoding: encoding(numbers[2])?,
        definition: encoding(numbers[3])?,
        repetition: encoding(numbers[4])?,
    })
}

fn data_v2(numbers: &Numbers) -> Result<DataHeaderV2> {
    Ok(DataHeaderV2 {
        values: natural(numbers[1])?,
        nulls: natural(numbers[2])?,
        rows: natural(numbers[3])?,
        encoding: encoding(numbers[4])?,
        definition_length: natural(numbers[5])?,
        repetition_length: natural(numbers[6])?,
        is_compressed: numbers[7] != Some(0),
    })
}

fn natural(number: Option<i64>) -> Result<u32> {
    let number = number.and_then(|number| i32::try_from(number).ok());
    number.and_then(|number| u32::try_from(number).ok()).ok_or(Damage::Malformed)
}

/// Returns the encoding of this number. Those that are missing are not supported.
fn encoding(number: Option<i64>) -> Result<Encoding> {
    Ok(match number {
        Some(0) => Encoding::PLAIN,
        Some(2) => Encoding::PLAIN_DICTIONARY,
        Some(3) => Encoding::RLE,
        #[expect(deprecated, reason = "old files have levels of this encoding")]
        Some(4) => Encoding::BIT_PACKED,
        Some(5) => Encoding::DELTA_BINARY_PACKED,
        Some(6) => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        Some(7) => Encoding::DELTA_BYTE_ARRAY,
        Some(8) => Encoding::RLE_DICTIONARY,
        Some(9) => Encoding::BYTE_STREAM_SPLIT,
        _ => return Err(Damage::Malformed),
    })
}

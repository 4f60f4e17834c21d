use crate::PortResult;
use async_trait::async_trait;
use std::fmt;
use std::fmt::Debug;
use std::path::Path;
use std::str::FromStr;

/// A catalogue in one file of this machine, which can be copied while it is in use.
#[async_trait]
pub trait CatalogueArchive: Debug + Send + Sync {
    /// Returns whether there is a catalogue.
    async fn exists(&self) -> PortResult<bool>;

    /// Copies the state of the catalogue at one moment into `file`, which is replaced, and checks that the
    /// copy is whole. Others may read and write the catalogue meanwhile, and none of their writes is in the
    /// copy in part.
    async fn copy_to(&self, file: &Path) -> PortResult<CatalogueCopy>;

    /// Checks that `file` has this checksum and is a whole catalogue that this akin can open.
    async fn check(&self, file: &Path, checksum: &Checksum) -> PortResult<CatalogueCopy>;

    /// Moves `file` to the place of the catalogue, whether or not there is one. It is replaced at one
    /// moment, and processes that use it go on with the new one.
    async fn replace_by(&self, file: &Path) -> PortResult<()>;
}

/// A place for one backup: a folder, or the objects of a bucket under a prefix.
///
/// A backup is complete once its checksum is there, which is written last. Without it there is none,
/// whatever an interrupted process has left.
#[async_trait]
pub trait BackupStorage: Debug + Send + Sync {
    /// Returns the name of the place for people.
    fn name(&self) -> &str;

    /// Returns the checksum of the backup; `None` if no complete one is there.
    async fn checksum(&self) -> PortResult<Option<Checksum>>;

    /// Moves `file` to this place, in which no backup is complete, and completes the backup.
    async fn keep(&self, file: &Path, checksum: &Checksum) -> PortResult<()>;

    /// Copies the file of the backup to `file`, which is replaced.
    async fn fetch(&self, file: &Path) -> PortResult<()>;
}

/// The name of a backup's file, in every place.
pub const BACKUP_FILE: &str = "akin.db";

/// The name of the file with its checksum, as `sha256sum` writes and checks it.
pub const BACKUP_CHECKSUM: &str = "akin.db.sha256";

/// What a copy of a catalogue holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueCopy {
    /// The checksum of the file.
    pub checksum: Checksum,
    /// The size of the file.
    pub bytes: u64,
    /// The number of products.
    pub products: u64,
    /// The number of products that can be found.
    pub indexed: u64,
}

/// The SHA-256 of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum(pub [u8; 32]);

/// A text that is no checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 hexadecimal digits and the name of a file, as sha256sum writes them")]
pub struct InvalidChecksum;

impl Checksum {
    /// Returns the line that `sha256sum --check` reads.
    pub fn line(&self) -> String {
        format!("{self}  {BACKUP_FILE}\n")
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Checksum {
    type Err = InvalidChecksum;

    /// Reads such a line.
    fn from_str(line: &str) -> Result<Self, InvalidChecksum> {
        let digits = line.split_whitespace().next().ok_or(InvalidChecksum)?.as_bytes();
        let mut bytes = [0; 32];
        if digits.len() != 2 * bytes.len() {
            return Err(InvalidChecksum);
        }
        let value = |digit: u8| char::from(digit).to_digit(16).ok_or(InvalidChecksum);
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = *pair else { return Err(InvalidChecksum) };
            *byte = u8::try_from(value(high)? << 4 | value(low)?).map_err(|_| InvalidChecksum)?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_read_as_it_is_written() {
        let checksum = Checksum(std::array::from_fn(|place| u8::try_from(place * 8).unwrap()));
        assert_eq!(checksum.line().parse(), Ok(checksum));
        assert_eq!(checksum.to_string().to_uppercase().parse(), Ok(checksum));
        assert!(checksum.line().ends_with("f8  akin.db\n"), "{}", checksum.line());
        for text in ["", "0f", &"0".repeat(65), &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(text.parse::<Checksum>(), Err(InvalidChecksum), "{text}");
        }
    }
}

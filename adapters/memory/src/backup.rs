use crate::{Faults, SYSTEM, lock};
use akin_ports::{
    BackupStorage, CatalogueArchive, CatalogueCopy, Checksum, ErrorKind, PortError, PortResult,
};
use async_trait::async_trait;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A [`CatalogueArchive`] of a catalogue whose content is any text.
#[derive(Clone, Debug, Default)]
pub struct MemoryArchive {
    content: Arc<Mutex<Option<String>>>,
    faults: Faults,
}

/// A [`BackupStorage`] in memory. Files of the machine are real.
#[derive(Clone, Debug, Default)]
pub struct MemoryBackup {
    objects: Arc<Mutex<Objects>>,
    faults: Faults,
}

/// The file of a backup and its checksum.
#[derive(Debug, Default)]
struct Objects {
    file: Option<Vec<u8>>,
    checksum: Option<String>,
}

impl MemoryArchive {
    /// Returns an archive of a catalogue with this content, or of none.
    pub fn new(content: Option<&str>, faults: Faults) -> Self {
        Self { content: Arc::new(Mutex::new(content.map(str::to_owned))), faults }
    }

    /// Returns the content of the catalogue.
    pub fn content(&self) -> Option<String> {
        lock(&self.content).clone()
    }
}

impl MemoryBackup {
    /// Returns an empty place with these `faults`.
    pub fn with_faults(faults: Faults) -> Self {
        Self { faults, ..Self::default() }
    }

    /// Puts the file of a backup there, without a checksum.
    pub fn leave_file(&self, bytes: Vec<u8>) {
        lock(&self.objects).file = Some(bytes);
    }

    /// Puts a checksum there.
    pub fn leave_checksum(&self, text: &str) {
        lock(&self.objects).checksum = Some(text.to_owned());
    }
}

#[async_trait]
impl CatalogueArchive for MemoryArchive {
    async fn exists(&self) -> PortResult<bool> {
        self.faults.call(&self.content, |content| content.is_some()).await
    }

    async fn copy_to(&self, file: &Path) -> PortResult<CatalogueCopy> {
        self.faults.step().await?;
        let content = self.content().unwrap_or_default();
        fs::write(file, &content).map_err(|error| failed(&error))?;
        self.faults.step().await?;
        Ok(copy_of(content.as_bytes()))
    }

    async fn check(&self, file: &Path, checksum: &Checksum) -> PortResult<CatalogueCopy> {
        self.faults.step().await?;
        let copy = copy_of(&fs::read(file).map_err(|error| failed(&error))?);
        if copy.checksum == *checksum {
            return Ok(copy);
        }
        Err(PortError::new(SYSTEM, ErrorKind::Corrupt, "it has another checksum"))
    }

    async fn replace_by(&self, file: &Path) -> PortResult<()> {
        let new = fs::read_to_string(file).map_err(|error| failed(&error))?;
        self.faults.call(&self.content, |content| *content = Some(new)).await?;
        fs::remove_file(file).map_err(|error| failed(&error))
    }
}

#[async_trait]
impl BackupStorage for MemoryBackup {
    fn name(&self) -> &'static str {
        "the memory"
    }

    async fn checksum(&self) -> PortResult<Option<Checksum>> {
        let line = self.faults.call(&self.objects, |objects| objects.checksum.clone()).await?;
        let read = line.map(|line| line.parse()).transpose();
        read.map_err(|error| PortError::new(SYSTEM, ErrorKind::Corrupt, error))
    }

    async fn keep(&self, file: &Path, checksum: &Checksum) -> PortResult<()> {
        let bytes = fs::read(file).map_err(|error| failed(&error))?;
        self.faults.call(&self.objects, |objects| objects.file = Some(bytes)).await?;
        let line = checksum.line();
        self.faults.call(&self.objects, |objects| objects.checksum = Some(line)).await?;
        fs::remove_file(file).map_err(|error| failed(&error))
    }

    async fn fetch(&self, file: &Path) -> PortResult<()> {
        let bytes = self.faults.call(&self.objects, |objects| objects.file.clone()).await?;
        let missing = || PortError::new(SYSTEM, ErrorKind::Misconfigured, "there is no file");
        fs::write(file, bytes.ok_or_else(missing)?).map_err(|error| failed(&error))
    }
}

/// Describes a copy. Its checksum is any text's own, for tests.
fn copy_of(bytes: &[u8]) -> CatalogueCopy {
    let mut sum = [0_u8; 32];
    for (place, byte) in bytes.iter().enumerate() {
        let slot = &mut sum[place % 32];
        *slot = slot.rotate_left(3) ^ byte;
    }
    let bytes = bytes.len() as u64;
    CatalogueCopy { checksum: Checksum(sum), bytes, products: bytes, indexed: bytes }
}

fn failed(error: &io::Error) -> PortError {
    PortError::new(SYSTEM, ErrorKind::Misconfigured, error.to_string())
}

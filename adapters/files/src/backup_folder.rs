use akin_ports::{
    BACKUP_CHECKSUM, BACKUP_FILE, BackupStorage, Checksum, ErrorKind, PortError, PortResult,
};
use async_trait::async_trait;
use private_files::Access;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A backup in a folder, which is created when it is kept. Its files are their owner's alone.
#[derive(Clone, Debug)]
pub struct BackupFolder {
    folder: PathBuf,
    name: String,
}

impl BackupFolder {
    /// Returns the adapter. Opens nothing.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), name: folder.display().to_string() }
    }

    /// Does blocking work on the folder, on a thread that may block.
    async fn on_folder<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> PortResult<T> + Send + 'static,
    ) -> PortResult<T> {
        let folder = self.folder.clone();
        let done = tokio::task::spawn_blocking(move || work(&folder)).await;
        done.map_err(|stopped| PortError::new(SYSTEM, ErrorKind::Unavailable, stopped))?
    }
}

const SYSTEM: &str = "the backup";

#[async_trait]
impl BackupStorage for BackupFolder {
    fn name(&self) -> &str {
        &self.name
    }

    async fn checksum(&self) -> PortResult<Option<Checksum>> {
        self.on_folder(|folder| {
            let path = folder.join(BACKUP_CHECKSUM);
            let text = match fs::read(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                read => read.map_err(|error| failed(&path, &error))?,
            };
            let read = String::from_utf8_lossy(&text).parse();
            read.map(Some).map_err(|error| {
                let what = format!("{}: {error}", path.display());
                PortError::new(SYSTEM, ErrorKind::Corrupt, what)
            })
        })
        .await
    }

    async fn keep(&self, file: &Path, checksum: &Checksum) -> PortResult<()> {
        let (file, line) = (file.to_owned(), checksum.line());
        self.on_folder(move |folder| {
            let kept = folder.join(BACKUP_FILE);
            private_files::create_folder(folder).map_err(|error| failed(folder, &error))?;
            fs::rename(&file, &kept).map_err(|error| failed(&kept, &error))?;
            let sync = || File::open(folder)?.sync_all();
            // The checksum must not be on the disk before the file.
            sync().map_err(|error| failed(folder, &error))?;
            let path = folder.join(BACKUP_CHECKSUM);
            write(&path, &line).and_then(|()| sync()).map_err(|error| failed(&path, &error))
        })
        .await
    }

    async fn fetch(&self, file: &Path) -> PortResult<()> {
        let file = file.to_owned();
        self.on_folder(move |folder| {
            let kept = folder.join(BACKUP_FILE);
            let mut source = File::open(&kept).map_err(|error| failed(&kept, &error))?;
            let mut copy = || {
                let mut copy = private_files::create(&file, Access::Owner)?;
                io::copy(&mut source, &mut copy)?;
                copy.sync_all()
            };
            copy().map_err(|error| failed(&file, &error))
        })
        .await
    }
}

/// Writes a small file such that it is there as a whole or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let mut file = private_files::create(&partial, Access::Owner)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&partial, path)
}

fn failed(path: &Path, error: &io::Error) -> PortError {
    let (kind, remedy) = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            (ErrorKind::Unavailable, "free some space, then try again")
        }
        _ => (ErrorKind::Misconfigured, "check the path and its permissions"),
    };
    PortError::new(SYSTEM, kind, format!("{}: {error}; {remedy}", path.display()))
}

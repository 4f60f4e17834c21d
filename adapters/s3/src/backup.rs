use crate::bucket::client;
use crate::download::{Object, download};
use crate::error::port_error;
use crate::{S3Location, Settings};
use akin_ports::{
    BACKUP_CHECKSUM, BACKUP_FILE, BackupStorage, Checksum, ErrorKind, PortError, PortResult,
};
use async_trait::async_trait;
use aws_client::{Failure, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use private_files::Access;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// A backup in the objects of a bucket under a prefix.
///
/// S3 checks each part that it receives, and an upload that is interrupted leaves no object.
#[derive(Clone, Debug)]
pub struct S3Backup {
    client: Client,
    place: S3Location,
    name: String,
    attempts: u32,
}

/// The minimum size of a part in bytes. S3 takes at most 10,000 of them.
const PART: u64 = 16 << 20;

const MAX_PARTS: u64 = 10_000;

/// How much longer than other calls the upload of a part may take.
const UPLOAD_TIME: Duration = Duration::from_mins(2);

impl S3Backup {
    /// Creates the adapter for the objects under `place`. Makes no call yet.
    pub fn new(
        config: &SdkConfig,
        aws: &aws_client::Settings,
        settings: &Settings,
        place: S3Location,
    ) -> Self {
        let client = client(config, settings, Some(aws.timeouts(UPLOAD_TIME)));
        let name = place.to_string();
        Self { client, place, name, attempts: aws.max_attempts }
    }

    /// Returns the location of the object `name`.
    fn location(&self, name: &str) -> PortResult<S3Location> {
        let key = format!("{}/{name}", self.place.key().trim_end_matches('/'));
        S3Location::object(self.place.bucket(), &key)
            .map_err(|error| PortError::new("s3", ErrorKind::Misconfigured, error))
    }

    async fn put(&self, at: &S3Location, content: ByteStream) -> PortResult<()> {
        let request = self.client.put_object().bucket(at.bucket()).key(at.key());
        let sent = request.checksum_algorithm(ChecksumAlgorithm::Crc32).body(content).send().await;
        sent.map(drop).map_err(|error| port_error(at, &Failure::of(&error)))
    }

    async fn upload(&self, at: &S3Location, file: &Path, length: u64) -> PortResult<()> {
        let request = self.client.create_multipart_upload().bucket(at.bucket()).key(at.key());
        let begun = request.checksum_algorithm(ChecksumAlgorithm::Crc32).send().await;
        let begun = begun.map_err(|error| port_error(at, &Failure::of(&error)))?;
        let id = begun.upload_id.ok_or_else(|| {
            PortError::new("s3", ErrorKind::Corrupt, format!("{at}: the upload has no id"))
        })?;
        let uploaded = self.upload_parts(at, &id, file, length).await;
        if uploaded.is_err() {
            // Its parts would be paid for. The failure is reported whether or not this succeeds.
            let abort = self.client.abort_multipart_upload().bucket(at.bucket()).key(at.key());
            drop(abort.upload_id(id).send().await);
        }
        uploaded
    }

    async fn upload_parts(
        &self,
        at: &S3Location,
        id: &str,
        file: &Path,
        length: u64,
    ) -> PortResult<()> {
        let size = PART.max(length.div_ceil(MAX_PARTS));
        let mut parts = Vec::new();
        for (number, start) in (1..).zip((0..length).step_by(usize::try_from(size).unwrap_or(1))) {
            let body = part(file, start, size.min(length - start)).await?;
            let request = self.client.upload_part().bucket(at.bucket()).key(at.key());
            let request = request.checksum_algorithm(ChecksumAlgorithm::Crc32).upload_id(id);
            let sent = request.part_number(number).body(body).send().await;
            let sent = sent.map_err(|error| port_error(at, &Failure::of(&error)))?;
            let done = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag);
            parts.push(done.set_checksum_crc32(sent.checksum_crc32).build());
        }
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = self.client.complete_multipart_upload().bucket(at.bucket()).key(at.key());
        let done = request.upload_id(id).multipart_upload(parts).send().await;
        done.map(drop).map_err(|error| port_error(at, &Failure::of(&error)))
    }
}

/// Returns a part of `file`, which is read again for each attempt.
async fn part(file: &Path, start: u64, length: u64) -> PortResult<ByteStream> {
    let part = ByteStream::read_from().path(file).offset(start).length(Length::Exact(length));
    part.build().await.map_err(|error| failed(file, &io::Error::other(error)))
}

#[async_trait]
impl BackupStorage for S3Backup {
    fn name(&self) -> &str {
        &self.name
    }

    async fn checksum(&self) -> PortResult<Option<Checksum>> {
        let at = self.location(BACKUP_CHECKSUM)?;
        let request = self.client.get_object().bucket(at.bucket()).key(at.key()).send().await;
        let object = match request.map_err(|error| Failure::of(&error)) {
            Err(failure) if failure.code.as_deref() == Some("NoSuchKey") => return Ok(None),
            object => object.map_err(|failure| port_error(&at, &failure))?,
        };
        let broken = |error| PortError::new("s3", ErrorKind::Unavailable, format!("{at}: {error}"));
        let content = object.body.collect().await.map_err(broken)?.to_vec();
        let read = String::from_utf8_lossy(&content).parse();
        read.map(Some)
            .map_err(|error| PortError::new("s3", ErrorKind::Corrupt, format!("{at}: {error}")))
    }

    async fn keep(&self, file: &Path, checksum: &Checksum) -> PortResult<()> {
        let at = self.location(BACKUP_FILE)?;
        let length = fs::metadata(file).map_err(|error| failed(file, &error))?.len();
        if length > PART {
            self.upload(&at, file, length).await?;
        } else {
            self.put(&at, part(file, 0, length).await?).await?;
        }
        let line = ByteStream::from(checksum.line().into_bytes());
        self.put(&self.location(BACKUP_CHECKSUM)?, line).await?;
        fs::remove_file(file).map_err(|error| failed(file, &error))
    }

    async fn fetch(&self, file: &Path) -> PortResult<()> {
        let location = self.location(BACKUP_FILE)?;
        let request = self.client.head_object().bucket(location.bucket()).key(location.key());
        let head = request.send().await.map_err(|error| {
            let failure = Failure::of(&error);
            port_error(&location, &failure)
        })?;
        let length = head.content_length.and_then(|length| u64::try_from(length).ok());
        let (Some(etag), Some(length)) = (head.e_tag, length) else {
            let what = format!("{location}: the answer lacks ETag or Content-Length");
            return Err(PortError::new("s3", ErrorKind::Corrupt, what));
        };
        let (client, attempts) = (self.client.clone(), self.attempts);
        let mut bytes = download(Object { client, location, etag, length, attempts });
        let path = file.to_owned();
        let written = tokio::task::spawn_blocking(move || {
            let mut copy = private_files::create(&path, Access::Owner)?;
            io::copy(&mut bytes, &mut copy)?;
            copy.sync_all()
        });
        let written = written
            .await
            .map_err(|stopped| PortError::new("s3", ErrorKind::Unavailable, stopped))?;
        written.map_err(|error| failed(file, &error))
    }
}

/// Maps an error of reading an object into a file of this machine, or of such a file.
fn failed(file: &Path, error: &io::Error) -> PortError {
    let kind = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => ErrorKind::Misconfigured,
        _ => ErrorKind::Unavailable,
    };
    PortError::new("s3", kind, format!("{}: {error}", file.display()))
}

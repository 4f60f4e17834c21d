//! Where the database stands, and a base that stands there, too.

use crate::entries::{self, EntryRow};
use crate::rows;
use crate::snapshot::{self, Snapshot};
use akin_entities::Fingerprint;
use flat_index::{BaseBuilder, Schema};
use rusqlite::Connection;
use std::ops::ControlFlow;
use std::path::Path;

/// Where the database stands.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) identity: String,
    /// Which model made its embeddings; `None` while it holds none.
    pub(crate) fingerprint: Option<Fingerprint>,
    pub(crate) last: u64,
}

impl Standing {
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            identity: entries::identity(connection)?,
            fingerprint: entries::fingerprint(connection)?,
            last: entries::last_sequence(connection)?,
        })
    }

    /// Of its embeddings.
    pub(crate) fn dimension(&self) -> Option<usize> {
        self.fingerprint.as_ref().map(|fingerprint| fingerprint.dimension)
    }

    /// Whether `held` needs only what was written since. The first embedding, also the first after
    /// all were removed, decides the dimension.
    pub(crate) fn goes_on_from(&self, held: &Snapshot) -> bool {
        self.dimension().is_none_or(|dimension| dimension == held.dimension())
    }
}

/// Makes sure that the coordinates are what was once written: of length 1, as many as announced.
pub(crate) fn check(row: &EntryRow, dimension: usize) -> rusqlite::Result<()> {
    let Some(found) = &row.findable else { return Ok(()) };
    let coordinates = found.embedding.len();
    let length: f32 = found.embedding.iter().map(|x| x * x).sum();
    if coordinates == dimension && (length - 1.0).abs() < 1e-3 {
        return Ok(());
    }
    let id = &row.id;
    let what = format!("{id} has {coordinates} coordinates of squared length {length}");
    Err(rows::cannot_be(2, what))
}

/// Writes all that can be found into a base file.
pub(crate) fn write_base(
    connection: &Connection,
    file: &Path,
    schema: &Schema,
    stamp: u64,
) -> rusqlite::Result<Result<(), flat_index::IndexFileError>> {
    let mut builder = match BaseBuilder::create(file, schema) {
        Ok(builder) => builder,
        Err(error) => return Ok(Err(error)),
    };
    let mut failure = None;
    entries::visit_findable(connection, &mut |row| {
        check(&row, schema.dimension)?;
        let EntryRow { id, findable } = row;
        let push = |findable| builder.push(&snapshot::document(&id, findable));
        failure = findable.map(push).and_then(Result::err);
        Ok(if failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(failure.map_or_else(|| builder.finish(stamp), Err))
}

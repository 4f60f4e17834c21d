//! The users who may read the files of a catalogue.
#![cfg(unix)]

use crate::support::{all, entry, first_database, open};
use akin_local::{LocalEngine, LocalOptions};
use akin_ports::ProductIndex;
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").mode() & 0o777
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("permissions");
}

/// Returns the permissions of all files and folders in `folder`, by their names without identities.
fn modes(folder: &Path) -> BTreeMap<String, u32> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            let is_base = path.extension().is_some_and(|name| name == "flat");
            let name = path.file_name().expect("a name").to_string_lossy();
            found.insert(if is_base { "base".into() } else { name.into_owned() }, mode(&path));
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

async fn write(engine: &LocalEngine, name: &str) {
    let entries: Vec<_> =
        (0..60).map(|number| entry(&format!("{name}{number}"), 1, [1.0; 4])).collect();
    assert!(engine.index().upsert(&entries).await.expect("upsert").is_empty());
    engine.optimize().await.expect("a base");
}

fn open_with_few_changes(folder: &Path) -> LocalEngine {
    let options = LocalOptions { held_changes: 10, ..LocalOptions::default() };
    LocalEngine::open(folder, options).expect("a catalogue")
}

#[tokio::test]
async fn a_new_catalogue_is_its_owners_alone() {
    let place = tempfile::tempdir().unwrap();
    allow(place.path(), 0o755);
    let folder = place.path().join("shop").join("data");
    let engine = open_with_few_changes(&folder);
    write(&engine, "p").await;
    assert_eq!([mode(&folder), mode(&place.path().join("shop"))], [0o700; 2]);
    let files = ["akin.db", "akin.db-shm", "akin.db-wal", "base", "lock"].map(|name| (name, 0o600));
    let expected: BTreeMap<_, _> = files.into_iter().chain([("index", 0o700)]).collect();
    let found = modes(&folder);
    assert_eq!(
        found.iter().map(|(name, mode)| (&**name, *mode)).collect::<BTreeMap<_, _>>(),
        expected
    );
}

#[tokio::test]
async fn permissions_that_an_operator_sets_are_kept_and_inherited() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("data");
    drop(open(&folder));
    // Only root can give files to any group.
    let own = fs::metadata(&folder).unwrap();
    let group = if own.uid() == 0 { 65_534 } else { own.gid() };
    for path in [&folder, &folder.join("akin.db")] {
        chown(path, None, Some(group)).unwrap();
    }
    // New files belong to the group of the folder.
    allow(&folder, 0o2750);
    allow(&folder.join("akin.db"), 0o640);
    for name in ["p", "q"] {
        let engine = open_with_few_changes(&folder);
        write(&engine, name).await;
        assert_eq!(mode(&folder), 0o750);
        for (name, mode) in modes(&folder) {
            assert_eq!(mode, if name == "index" { 0o750 } else { 0o640 }, "{name}");
        }
        for path in ["akin.db-wal", "index", "index/lock"].map(|name| folder.join(name)) {
            assert_eq!(fs::metadata(&path).unwrap().gid(), group, "{}", path.display());
        }
    }
}

#[test]
fn a_catalogue_of_an_earlier_version_is_hidden_from_others_once() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    first_database(folder, "");
    fs::create_dir(folder.join("index")).unwrap();
    fs::write(folder.join("index").join("old.flat"), "").unwrap();
    allow(&folder.join("akin.db"), 0o644);
    drop(open(folder));
    assert_eq!(mode(&folder.join("akin.db")), 0o640, "its group may be an operator's choice");
    assert_eq!(modes(folder)["index"] & 0o007, 0);
    assert_eq!(modes(folder)["base"] & 0o007, 0);
    allow(&folder.join("akin.db"), 0o644);
    drop(open(folder));
    assert_eq!(mode(&folder.join("akin.db")), 0o644, "an operator allowed it");
}

#[tokio::test]
async fn search_files_are_not_written_through_links() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("data");
    let engine = open_with_few_changes(&folder);
    write(&engine, "p").await;
    let index = folder.join("index");
    let base = fs::read_dir(&index).unwrap().map(|file| file.unwrap().path());
    let base = base.into_iter().find(|path| path.extension().is_some()).unwrap();
    let (precious, absent) = (place.path().join("precious"), place.path().join("absent"));
    fs::write(&precious, "precious").unwrap();
    symlink(&precious, index.join(format!("{}.new", base.display()))).unwrap();
    write(&engine, "q").await;
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
    assert_eq!(mode(&base), 0o600);

    fs::remove_file(index.join("lock")).unwrap();
    symlink(&absent, index.join("lock")).unwrap();
    write(&engine, "r").await;
    assert!(!absent.exists(), "the lock was created through a link");
    assert_eq!(engine.index().candidates(&all()).await.unwrap().len(), 180, "nothing is lost");
}

#[test]
fn an_inaccessible_folder_is_not_reported_as_a_missing_catalogue() {
    let place = tempfile::tempdir().unwrap();
    assert!(!LocalEngine::exists(&place.path().join("none")));
    fs::write(place.path().join("file"), "").unwrap();
    // As in a folder of another user, nothing can be said of what is in it.
    assert!(LocalEngine::exists(&place.path().join("file")));
    assert!(LocalEngine::open(&place.path().join("file"), LocalOptions::default()).is_err());
}

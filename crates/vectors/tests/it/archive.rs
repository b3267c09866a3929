//! Finding and unpacking of archives.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;

use jambox_vectors::Error;
use jambox_vectors::archive::{GRAY_PAPER_072 as SET, GRAY_PAPER_080, find_at};

/// A project in `folder/project`, with the default place of its vectors in `folder/shared/vectors`.
fn project(folder: &Path) -> std::path::PathBuf {
    let room = folder.join("project/crates/room");
    fs::create_dir_all(&room).expect("the disk takes it");
    fs::create_dir_all(folder.join("shared/vectors")).expect("the disk takes it");
    fs::write(folder.join("project/Cargo.lock"), "").expect("the disk takes it");
    room
}

/// An archive of one file, `dev/README.md`, with this text.
fn archive(path: &Path, text: &str) {
    let encoder = zstd::Encoder::new(File::create(path).expect("the disk takes it"), 1);
    let mut builder = tar::Builder::new(encoder.expect("there is memory"));
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, "dev/README.md", text.as_bytes()).expect("it is packed");
    builder.into_inner().and_then(zstd::Encoder::finish).expect("it is packed");
}

#[test]
fn an_archive_beside_the_project_is_unpacked_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (room, cache) = (project(folder.path()), folder.path().join("cache"));
    assert_eq!(find_at(&SET, None, &room, &cache).expect("nothing is wrong"), None);
    let packed = folder.path().join("shared/vectors").join(SET.archive);
    archive(&packed, "one");
    let found = find_at(&SET, None, &room, &cache).expect("it is right").expect("it is there");
    let readme = found.join("dev/README.md");
    assert_eq!(fs::read_to_string(&readme).expect("it is there"), "one");
    // The unpacked folder is kept as long as the archive stays the same.
    fs::write(&readme, "changed by hand").expect("the disk takes it");
    assert_eq!(find_at(&SET, None, &room, &cache).expect("it is right"), Some(found.clone()));
    assert_eq!(fs::read_to_string(&readme).expect("it is there"), "changed by hand");
    archive(&packed, "two");
    let other = find_at(&SET, None, &room, &cache).expect("it is right").expect("it is there");
    assert_ne!(other, found);
    assert_eq!(fs::read_to_string(other.join("dev/README.md")).expect("it is there"), "two");
}

#[test]
fn the_variable_names_a_folder_or_an_archive_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let (room, cache) = (project(folder.path()), folder.path().join("cache"));
    let packed = folder.path().join("any name.tar.zst");
    archive(&packed, "one");
    let find = |place: &Path| find_at(&SET, Some(place.as_os_str()), &room, &cache);
    let unpacked = find(&packed).expect("it is right").expect("it is there");
    assert_eq!(find(&unpacked).expect("it is right"), Some(unpacked));
    for nothing in [folder.path(), Path::new("/no/such/place")] {
        assert!(matches!(find(nothing), Err(Error::NotVectors { .. })), "{nothing:?}");
    }
    assert!(find_at(&SET, Some(OsStr::new("")), &room, &cache).is_err());
}

#[test]
fn an_archive_cut_short_is_an_error_and_leaves_nothing_to_be_taken_for_vectors() {
    let folder = tempfile::tempdir().expect("a folder");
    let (room, cache) = (project(folder.path()), folder.path().join("cache"));
    let packed = folder.path().join("shared/vectors").join(SET.archive);
    archive(&packed, &"long ".repeat(10_000));
    let whole = fs::read(&packed).expect("it is there");
    fs::write(&packed, &whole[..whole.len() / 2]).expect("the disk takes it");
    for _ in 0..2 {
        let error = find_at(&SET, None, &room, &cache).expect_err("it is cut short");
        assert!(error.to_string().contains(SET.archive), "{error}");
    }
    fs::write(&packed, whole).expect("the disk takes it");
    assert!(find_at(&SET, None, &room, &cache).expect("it is whole again").is_some());
}

#[test]
fn a_place_with_one_set_only_is_right_and_has_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let (room, cache) = (project(folder.path()), folder.path().join("cache"));
    let packed = folder.path().join("any name.tar.zst");
    archive(&packed, "one");
    let found = find_at(&GRAY_PAPER_080, Some(packed.as_os_str()), &room, &cache);
    assert_eq!(found.expect("it is right"), None);
}

//! The content under a name after success, failure and abort.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use jambox_files::{NewFile, open, read, reason, under, without_mark, write};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_appears_when_it_is_finished_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    write(&path, b"before").unwrap();
    let mut file = NewFile::create(&path).unwrap();
    file.write_all(b"after").unwrap();
    file.flush().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"before");
    file.finish().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"after");
    assert_eq!(names(folder.path()), ["file"]);
}

#[test]
fn an_abandoned_file_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let mut file = NewFile::create(&path).unwrap();
    file.write_all(b"half").unwrap();
    drop(file);
    assert_eq!(names(folder.path()), [""; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_killed_process_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = NewFile::create(&folder.path().join("file")).unwrap();
    file.write_all(b"half").unwrap();
    // The file is not dropped, as after a signal that ends the process.
    std::mem::forget(file);
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_text() {
    assert_eq!(without_mark("\u{feff}text".as_bytes()), b"text");
    assert_eq!(without_mark("text\u{feff}".as_bytes()), "text\u{feff}".as_bytes());
}

#[test]
fn a_name_without_a_folder_is_in_the_working_folder() {
    // The test runs in the crate's folder, where no file has this name.
    let path = Path::new("a-file-of-the-test.txt");
    write(path, b"here").unwrap();
    assert_eq!(read(path, 4), Ok(b"here".to_vec()));
    fs::remove_file(path).unwrap();
}

#[cfg(unix)]
#[test]
fn permissions_are_those_of_any_new_file_or_of_the_old_one() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = tempfile::tempdir().unwrap();
    let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
    fs::write(&plain, b"").unwrap();
    write(&ours, b"").unwrap();
    assert_eq!(mode(&ours), mode(&plain));
    fs::set_permissions(&ours, fs::Permissions::from_mode(0o750)).unwrap();
    write(&ours, b"again").unwrap();
    assert_eq!(mode(&ours), 0o750);
}

#[cfg(unix)]
#[test]
fn links_and_devices_stay_what_they_are() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    write(&file, b"before").unwrap();
    symlink(&file, &link).unwrap();
    write(&link, b"after").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"after");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());

    let null = Path::new("/dev/null");
    write(null, b"nowhere").unwrap();
    assert!(fs::metadata(null).unwrap().file_type().is_char_device());
    assert_eq!(read(null, 10), Err("it is not a regular file".to_owned()));
    assert_eq!(open(null).map(drop), Err("it is not a regular file".to_owned()));
}

#[test]
fn failures_are_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let told = |path: &Path| reason(&write(path, b"").unwrap_err());
    assert_eq!(told(folder.path()), "it is a folder");
    assert_eq!(told(&folder.path().join("no/file")), "there is no such folder");
    let file = folder.path().join("file");
    write(&file, b"12345").unwrap();
    assert_eq!(told(&file.join("below")), "its path leads through a file");
    assert_eq!(read(folder.path(), 9), Err("it is a folder".to_owned()));
    assert_eq!(read(&file.join("below"), 9), Err("its path leads through a file".to_owned()));
    assert_eq!(read(&folder.path().join("none"), 9), Err("there is no such file".to_owned()));
    assert_eq!(read(&file, 4), Err("it is longer than the limit of 4 octets".to_owned()));
    assert_eq!(reason(&io::Error::from_raw_os_error(5)), "Input/output error");
}

#[cfg(unix)]
#[test]
fn files_are_found_at_any_depth_and_circles_are_not_walked() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("b/c")).unwrap();
    std::os::unix::fs::symlink(folder.path(), path("b/circle")).unwrap();
    for name in ["z.jam", "b/c/y.pvm", "b/x.txt", "a.jam"] {
        write(&path(name), b"").unwrap();
    }
    let found = under(folder.path(), &["jam", "pvm"]).unwrap();
    assert_eq!(found, ["a.jam", "b/c/y.pvm", "z.jam"].map(path));
    let (at, error) = under(&path("none"), &[]).unwrap_err();
    assert_eq!((at, reason(&error)), (path("none"), "there is no such file".to_owned()));
    let (_, error) = under(&path("a.jam"), &[]).unwrap_err();
    assert_eq!(reason(&error), "it is no folder");
}

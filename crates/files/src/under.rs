//! Search for files.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// All files under a folder, at any depth, whose name ends in one of the extensions, ordered by
/// path. Links to folders are not followed, since they may form cycles.
///
/// # Errors
///
/// When a folder cannot be read, with its path.
pub fn under(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let mut files = all_under(folder)?;
    files.retain(|path| {
        path.extension().is_some_and(|ends| extensions.iter().any(|it| ends == *it))
    });
    Ok(files)
}

/// All files under a folder, at any depth, ordered by path. Links to folders are not followed.
///
/// # Errors
///
/// As [`under`].
pub fn all_under(folder: &Path) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    if folder.is_file() {
        let error = io::Error::new(io::ErrorKind::NotADirectory, "it is no folder");
        return Err((folder.to_owned(), error));
    }
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let at = |error| (folder.clone(), error);
        for entry in fs::read_dir(&folder).map_err(at)? {
            let entry = entry.map_err(at)?;
            let path = entry.path();
            match entry.file_type().map_err(at)?.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    files.sort();
    Ok(files)
}

//! Files of a folder, in the order of their names.

use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use jambox_files::without_mark;

use crate::Error;

/// Largest file of vectors, in octets.
const LIMIT: u64 = 1 << 30;

/// All files under `folder`, at any depth, whose name ends in one of the extensions, ordered by
/// path.
pub(crate) fn files_under(
    folder: &Path,
    extensions: &[&str],
    expected: &'static str,
) -> Result<Vec<PathBuf>, Error> {
    let files = jambox_files::under(folder, extensions)
        .map_err(|(path, error)| Error::Io { path, error })?;
    if files.is_empty() {
        return Err(Error::Nothing { path: folder.to_owned(), expected });
    }
    Ok(files)
}

/// A file's name without its extension, and its content.
pub(crate) type Parsed<T> = (String, Result<T, serde_json::Error>);

/// Content of every file `*.json` under `folder`, or of the file itself if `folder` is a file.
///
/// Files that are no `T` are included, as vectors with a fault. If no file is a `T`, the folder is
/// probably a wrong one: an error.
pub(crate) fn json_under<T: DeserializeOwned>(
    folder: &Path,
    expected: &'static str,
) -> Result<Vec<Parsed<T>>, Error> {
    let files = if folder.is_file() {
        vec![folder.to_owned()]
    } else {
        files_under(folder, &["json"], expected)?
    };
    let parse =
        |file: PathBuf| Ok((stem(&file), serde_json::from_slice(without_mark(&read(&file)?))));
    let cases = files.into_iter().map(parse).collect::<Result<Vec<Parsed<T>>, Error>>()?;
    match cases.as_slice() {
        [(name, Err(error)), others @ ..] if others.iter().all(|(_, case)| case.is_err()) => {
            let reason = format!("{name}.json is not one: {error}");
            Err(Error::Others { path: folder.to_owned(), expected, reason })
        }
        _ => Ok(cases),
    }
}

/// A file's name without its extension.
pub(crate) fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Octets of a file.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, Error> {
    let content = jambox_files::read(file, LIMIT);
    content.map_err(|reason| Error::at(file)(io::Error::other(reason)))
}

fn has_extension(file: &Path, extensions: &[&str]) -> bool {
    let found = file.extension();
    found.is_some_and(|found| extensions.iter().any(|extension| found == *extension))
}

/// Octets of a file; for a name in `.hex`, the octets in its text: hexadecimal with spaces and with
/// comments from `#` to the end of the line.
pub(crate) fn read_octets(file: &Path) -> Result<Vec<u8>, Error> {
    let content = read(file)?;
    if !has_extension(file, &["hex"]) {
        return Ok(content);
    }
    let text = String::from_utf8_lossy(&content);
    let code = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let digits: String = code.flat_map(str::split_whitespace).collect();
    const_hex::decode(digits).map_err(|error| {
        Error::at(file)(io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
    })
}

//! Writing of files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempPath};

/// Writes a whole file, or nothing (see [`NewFile`]).
///
/// # Errors
///
/// As [`NewFile::create`] and [`NewFile::finish`].
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = NewFile::create(path)?;
    file.write_all(content)?;
    file.finish()
}

/// A file that appears under its name, whole, when it is [finished](NewFile::finish).
///
/// Before, and if it is never finished, nothing of it shows on systems that can make files without
/// a name (Linux, on most file systems). Elsewhere a temporary file lies beside it, which a killed
/// process leaves behind.
///
/// A file that exists keeps its permissions, and a link to a file stays a link.
#[derive(Debug)]
pub struct NewFile(Target);

#[derive(Debug)]
enum Target {
    /// A new file, to be renamed to the final name.
    Aside {
        file: BufWriter<File>,
        /// Temporary name; `None` for a file without a name.
        name: Option<TempPath>,
        path: PathBuf,
    },
    /// A file that is not regular, written in place.
    InPlace(BufWriter<File>),
}

impl NewFile {
    /// Starts a file with this name, which may be in use.
    ///
    /// # Errors
    ///
    /// When it is a folder, or its folder is missing or cannot be written to.
    pub fn create(path: &Path) -> io::Result<Self> {
        let before = fs::metadata(path).ok();
        if before.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        if before.as_ref().is_some_and(|metadata| !metadata.is_file()) {
            let file = OpenOptions::new().write(true).open(path)?;
            return Ok(Self(Target::InPlace(BufWriter::new(file))));
        }
        let path = if before.is_some() { path.canonicalize()? } else { path.to_owned() };
        let (file, name) = match nameless(folder(&path)) {
            Some(file) => (file, None),
            None => {
                let (file, name) = named().tempfile_in(folder(&path)).map_err(plain)?.into_parts();
                (file, Some(name))
            }
        };
        if let Some(metadata) = before {
            file.set_permissions(metadata.permissions())?;
        }
        Ok(Self(Target::Aside { file: BufWriter::new(file), name, path }))
    }

    /// Puts the file under its name.
    ///
    /// # Errors
    ///
    /// When writing fails. An old file then keeps the name.
    pub fn finish(self) -> io::Result<()> {
        match self.0 {
            Target::InPlace(mut file) => file.flush(),
            Target::Aside { file, name, path } => {
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.sync_all()?;
                let name = match name {
                    Some(name) => name,
                    None => {
                        let link = |name: &Path| give_name(&file, name);
                        named().make_in(folder(&path), link).map_err(plain)?.into_temp_path()
                    }
                };
                name.persist(&path).map_err(|error| plain(error.error))
            }
        }
    }

    fn inner(&mut self) -> &mut dyn Write {
        match &mut self.0 {
            Target::Aside { file, .. } | Target::InPlace(file) => file,
        }
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Builder of files with a temporary name.
fn named() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".jambox-");
    // By default temporary files are private. The umask is applied to these permissions.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

/// Folder through which open files can be linked to a name.
#[cfg(target_os = "linux")]
const OPEN_FILES: &str = "/proc/self/fd";

/// Makes a file without a name; `None` if the system cannot.
#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> Option<File> {
    use rustix::fs::{Mode, OFlags, open};

    if !Path::new(OPEN_FILES).is_dir() {
        return None;
    }
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    open(folder, flags, Mode::from_raw_mode(0o666)).ok().map(File::from)
}

/// Links a file without a name to a name that is not in use.
#[cfg(target_os = "linux")]
fn give_name(file: &File, name: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use std::os::fd::AsRawFd;

    let open = Path::new(OPEN_FILES).join(file.as_raw_fd().to_string());
    Ok(linkat(CWD, &open, CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn nameless(_: &Path) -> Option<File> {
    None
}

#[cfg(not(target_os = "linux"))]
fn give_name(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Write for NewFile {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.inner().write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner().flush()
    }
}

/// Removes the temporary file's name, which means nothing to users, from an error.
fn plain(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => io::Error::new(error.kind(), "there is no such folder"),
        io::ErrorKind::NotADirectory => {
            io::Error::new(error.kind(), "its path leads through a file")
        }
        io::ErrorKind::Other => error,
        kind => kind.into(),
    }
}

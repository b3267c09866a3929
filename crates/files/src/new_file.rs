//! Writing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// Writes a whole file, or nothing; see [`NewFile`].
///
/// # Errors
///
/// As [`NewFile::create`] and [`NewFile::finish`].
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = NewFile::create(path)?;
    file.write_all(content)?;
    file.finish()
}

/// A file that appears under its name, whole, when it is [finished](NewFile::finish). Until then,
/// and if that never happens, there is at most a temporary file beside it.
///
/// A file that exists keeps its permissions, and a link to one stays a link.
#[derive(Debug)]
pub struct NewFile(Target);

#[derive(Debug)]
enum Target {
    /// Written aside, to be put in its place.
    Aside { file: BufWriter<NamedTempFile>, path: PathBuf },
    /// Something that is no regular file, which nobody wants replaced by one.
    InPlace(BufWriter<File>),
}

impl NewFile {
    /// A file that is to have this name, whether there is one or not.
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
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut builder = Builder::new();
        builder.prefix(".jambox-");
        // Temporary files are private otherwise; the umask still takes its part of these.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder.unwrap_or(Path::new("."))).map_err(plain)?;
        if let Some(metadata) = before {
            file.as_file().set_permissions(metadata.permissions())?;
        }
        Ok(Self(Target::Aside { file: BufWriter::new(file), path }))
    }

    /// Puts the file under its name.
    ///
    /// # Errors
    ///
    /// When writing fails; what had the name before still has it.
    pub fn finish(self) -> io::Result<()> {
        match self.0 {
            Target::InPlace(mut file) => file.flush(),
            Target::Aside { file, path } => {
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.as_file().sync_all()?;
                file.persist(&path).map_err(|error| plain(error.error))?;
                Ok(())
            }
        }
    }

    fn inner(&mut self) -> &mut dyn Write {
        match &mut self.0 {
            Target::Aside { file, .. } => file,
            Target::InPlace(file) => file,
        }
    }
}

impl Write for NewFile {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.inner().write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner().flush()
    }
}

/// An error without the temporary file's name, which says nothing to anyone.
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

//! What a node must not forget, in the order in which it happened: a file that is only added to.
//!
//! A record is its length (four octets, little-endian), a checksum (the first eight octets of the
//! BLAKE2b hash of what follows), and its octets. A node that is killed while it writes leaves a
//! record cut short at the end; whoever opens the file cuts it off. Nothing is acknowledged before
//! its record is on the disk.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jambox_codec::{DecodeError, decode_all, encode, impl_codec};
use jambox_types::{Hash, ServiceId};

/// The version of all that is defined here.
const FORMAT: u32 = 2;
const MAGIC: &[u8; 12] = b"jambox-node\n";
/// The most octets of a record that is believed to be one.
const RECORD_LIMIT: usize = 1 << 30;
/// Length and checksum.
const HEAD: usize = 12;

/// What a chain is and begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// [`FORMAT`].
    pub format: u32,
    /// The name of the revision.
    pub revision: Vec<u8>,
    /// The encoded parameters.
    pub parameters: Vec<u8>,
    /// The encoded header that the first block descends from.
    pub header: Vec<u8>,
    /// The state: encoded meanings where they are known, keys, values.
    pub values: Vec<Entry>,
}

impl Beginning {
    /// The version that this program writes.
    pub const FORMAT: u32 = FORMAT;
}

/// A value of the state, or the lack of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The state key, 31 octets.
    pub key: Vec<u8>,
    /// What the key stands for, if known.
    pub meaning: Option<Vec<u8>>,
    /// The value; none where one is removed.
    pub value: Option<Vec<u8>>,
}

/// What was handed in as a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The encoded package.
    pub package: Vec<u8>,
    /// The extrinsics, item by item.
    pub extrinsics: Vec<Vec<u8>>,
    /// The block that was the last one then.
    pub head: Hash,
}

/// A package that was accepted, with what came of it in core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The core.
    pub core: u16,
    /// The encoded report.
    pub report: Vec<u8>,
    /// The exported segments.
    pub exports: Vec<Vec<u8>>,
    /// The account, as JSON.
    pub account: Vec<u8>,
    /// What was handed in.
    pub input: Input,
}

/// A package that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The hash of the package.
    pub package: Hash,
    /// The core.
    pub core: u16,
    /// Why.
    pub reason: Vec<u8>,
    /// The account, as JSON.
    pub account: Vec<u8>,
    /// What was handed in.
    pub input: Input,
}

/// A preimage that was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provided {
    /// The service that it is for.
    pub service: ServiceId,
    /// The preimage.
    pub data: Vec<u8>,
}

impl_codec!(Beginning { format, revision, parameters, header, values });
impl_codec!(Entry { key, meaning, value });
impl_codec!(Input { package, extrinsics, head });
impl_codec!(Accepted { core, report, exports, account, input });
impl_codec!(Refused { package, core, reason, account, input });
impl_codec!(Provided { service, data });

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// The chain began.
    Beginning(Beginning),
    /// A block was made; encoded.
    Block(Vec<u8>),
    /// A package was accepted.
    Accepted(Accepted),
    /// A package was refused.
    Refused(Refused),
    /// A preimage was handed in.
    Provided(Provided),
    /// The state was changed by hand.
    Changed(Vec<Entry>),
}

impl Record {
    fn encode(&self) -> Vec<u8> {
        let (kind, octets) = match self {
            Self::Beginning(it) => (0, encode(it)),
            Self::Block(it) => (1, it.clone()),
            Self::Accepted(it) => (2, encode(it)),
            Self::Refused(it) => (3, encode(it)),
            Self::Provided(it) => (4, encode(it)),
            Self::Changed(it) => (5, encode(it)),
        };
        [&[kind][..], &octets].concat()
    }

    fn decode(octets: &[u8]) -> Result<Option<Self>, DecodeError> {
        let Some((kind, octets)) = octets.split_first() else { return Ok(None) };
        Ok(Some(match kind {
            0 => Self::Beginning(decode_all(octets)?),
            1 => Self::Block(octets.to_vec()),
            2 => Self::Accepted(decode_all(octets)?),
            3 => Self::Refused(decode_all(octets)?),
            4 => Self::Provided(decode_all(octets)?),
            5 => Self::Changed(decode_all(octets)?),
            _ => return Ok(None),
        }))
    }
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is something else.
    #[error("{0} is no chain of a node")]
    Foreign(PathBuf),
    /// A record is not what it must be.
    #[error("{path}, octet {offset}: the record there is damaged or of a newer version")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the record is.
        offset: u64,
    },
}

/// Where records are kept.
#[derive(Debug)]
enum Place {
    Memory(Vec<u8>),
    File { file: File, path: PathBuf },
}

/// The records of a chain.
#[derive(Debug)]
pub struct Journal {
    place: Place,
    length: u64,
}

impl Journal {
    /// One that is gone with the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { place: Place::Memory(MAGIC.to_vec()), length: MAGIC.len() as u64 }
    }

    /// A new file; one that is there already is refused.
    ///
    /// # Errors
    ///
    /// The file cannot be made.
    pub fn create(path: &Path) -> Result<Self, JournalError> {
        let failed = |error| JournalError::Io { path: path.to_owned(), error };
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path);
        let mut file = file.map_err(failed)?;
        hold(&file).map_err(failed)?;
        file.write_all(MAGIC).and_then(|()| file.sync_all()).map_err(failed)?;
        let path = path.to_owned();
        Ok(Self { place: Place::File { file, path }, length: MAGIC.len() as u64 })
    }

    /// The records of a file, which is then held by this process alone.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is held by another process, or is no journal.
    pub fn open(path: &Path) -> Result<(Self, Vec<Record>), JournalError> {
        let failed = |error| JournalError::Io { path: path.to_owned(), error };
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
        hold(&file).map_err(failed)?;
        let mut octets = Vec::new();
        (&file).read_to_end(&mut octets).map_err(failed)?;
        let (records, length) = parse(&octets, path)?;
        file.set_len(length).map_err(failed)?;
        (&file).seek(SeekFrom::End(0)).map_err(failed)?;
        Ok((Self { place: Place::File { file, path: path.to_owned() }, length }, records))
    }

    /// How many octets there are: a moment to come back to.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Writes down what happened; on the disk when this returns.
    ///
    /// # Errors
    ///
    /// The file cannot be written; what was written of the record is cut off.
    pub fn append(&mut self, record: &Record) -> Result<(), JournalError> {
        let octets = frame(&record.encode());
        match &mut self.place {
            Place::Memory(memory) => memory.extend_from_slice(&octets),
            Place::File { file, path } => {
                let written = file.write_all(&octets).and_then(|()| file.sync_data());
                if let Err(error) = written {
                    let _ = file.set_len(self.length);
                    let _ = file.seek(SeekFrom::End(0));
                    return Err(JournalError::Io { path: path.clone(), error });
                }
            }
        }
        self.length = self.length.saturating_add(octets.len() as u64);
        Ok(())
    }

    /// Forgets what happened since a moment.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn truncate(&mut self, length: u64) -> Result<(), JournalError> {
        match &mut self.place {
            Place::Memory(memory) => memory.truncate(usize::try_from(length).unwrap_or(usize::MAX)),
            Place::File { file, path } => {
                let cut = file.set_len(length).and_then(|()| file.sync_data());
                let cut = cut.and_then(|()| file.seek(SeekFrom::End(0)));
                cut.map_err(|error| JournalError::Io { path: path.clone(), error })?;
            }
        }
        self.length = length;
        Ok(())
    }

    /// All of it, to be carried elsewhere.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn octets(&mut self) -> Result<Vec<u8>, JournalError> {
        match &mut self.place {
            Place::Memory(memory) => Ok(memory.clone()),
            Place::File { file, path } => {
                let mut octets = Vec::new();
                let read =
                    file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_end(&mut octets));
                read.map_err(|error| JournalError::Io { path: path.clone(), error })?;
                Ok(octets)
            }
        }
    }

    /// Replaces all of it.
    ///
    /// # Errors
    ///
    /// The octets are no journal, or the file cannot be written.
    pub fn replace(&mut self, octets: &[u8]) -> Result<Vec<Record>, JournalError> {
        let (records, length) = parse(octets, Path::new("the chain given"))?;
        match &mut self.place {
            Place::Memory(memory) => *memory = octets.to_vec(),
            Place::File { file, path } => {
                let failed = |error| JournalError::Io { path: path.clone(), error };
                // A new file takes the place of the old one at once, so that a crash leaves either.
                let mut beside = path.clone().into_os_string();
                beside.push(".new");
                let mut new = OpenOptions::new();
                let new = new.read(true).write(true).create(true).truncate(true);
                let mut fresh = new.open(&beside).map_err(failed)?;
                hold(&fresh).map_err(failed)?;
                fresh.write_all(octets).and_then(|()| fresh.sync_all()).map_err(failed)?;
                std::fs::rename(&beside, &*path).map_err(failed)?;
                *file = fresh;
            }
        }
        self.length = length;
        Ok(records)
    }
}

/// Keeps a file from other nodes until it is closed.
fn hold(file: &File) -> io::Result<()> {
    file.try_lock().map_err(|error| match error {
        std::fs::TryLockError::Error(error) => error,
        std::fs::TryLockError::WouldBlock => io::Error::other("another process has the chain open"),
    })
}

fn frame(octets: &[u8]) -> Vec<u8> {
    let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    let check = Hash::blake2b(octets);
    let check = check.0.get(..8).unwrap_or_default();
    [&length.to_le_bytes()[..], check, octets].concat()
}

/// The records, and how many octets they take; a last one that is cut short is left out.
fn parse(octets: &[u8], path: &Path) -> Result<(Vec<Record>, u64), JournalError> {
    let Some(mut rest) = octets.strip_prefix(MAGIC) else {
        return Err(JournalError::Foreign(path.to_owned()));
    };
    let mut records = Vec::new();
    let mut offset = MAGIC.len() as u64;
    while let Some((head, after)) = rest.split_at_checked(HEAD) {
        let (length, check) = head.split_at(4);
        let length = <[u8; 4]>::try_from(length).map_or(0, u32::from_le_bytes);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some((record, after)) = after.split_at_checked(length) else { break };
        let damaged = || JournalError::Damaged { path: path.to_owned(), offset };
        let is_whole = Hash::blake2b(record).0.get(..8) == Some(check) && length <= RECORD_LIMIT;
        if !is_whole {
            // The last record may have been cut in the middle; any other was damaged afterwards.
            if after.is_empty() {
                break;
            }
            return Err(damaged());
        }
        records.push(Record::decode(record).ok().flatten().ok_or_else(damaged)?);
        offset = offset.saturating_add(HEAD as u64).saturating_add(length as u64);
        rest = after;
    }
    Ok((records, offset))
}

//! Layout of the file.
//!
//! The file begins with a header, written once: format, revision, parameters. Two marks follow,
//! written in turn: each names the commit that was last known to be on the disk. Then come the
//! commits, each a head and its additions: values, and the pages of the tries that hold them. No
//! octet of a commit is ever overwritten. A head names the first page of every trie, so that the
//! last commit is the state.
//!
//! All parts are checked when read: header, marks, heads and pages against checksums that are
//! stored with the reference to them, values and pages against the hashes of the trie.

use jambox_types::Hash;

use crate::cursor::{Cursor, sum};

/// Version of the layout and encodings defined here. Format 1 was that of a redb database, format 2
/// had no records.
pub(crate) const FORMAT: u32 = 3;

/// First octets of a file of format 1.
pub(crate) const REDB_MAGIC: &[u8] = b"redb";
/// First octets of a file of any later format.
pub(crate) const MAGIC: &[u8; 16] = b"jambox-chain\n\x1a\n\0";

/// Offsets of the marks, each in a sector of its own.
pub(crate) const MARKS: [u64; 2] = [2048, 3072];
pub(crate) const MARK_LENGTH: usize = 24;
/// Offset of the first commit.
pub(crate) const COMMITS: u64 = 4096;

/// Tables, each a trie of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Table {
    /// Values by their state keys.
    Values,
    /// Encoded meanings of keys, by the same keys.
    Meanings,
    /// Names that users gave to services, by the service.
    Names,
    /// Exported segments, concatenated, by their segment root.
    Exports,
    /// Hash of an exporting package and its segment root, by the hash.
    Packages,
    /// Notes beside the state, by the hashes of their names.
    Notes,
    /// Records beside the state, by keys of their owners' choice.
    Records,
}

/// Number of tables.
const TABLES: usize = 7;

impl Table {
    pub(crate) const ALL: [Self; TABLES] = [
        Self::Values,
        Self::Meanings,
        Self::Names,
        Self::Exports,
        Self::Packages,
        Self::Notes,
        Self::Records,
    ];

    /// Name of an entry of the table, for messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Values => "value",
            Self::Meanings => "meaning",
            Self::Names => "service name",
            Self::Exports => "segments",
            Self::Packages => "package",
            Self::Notes => "note",
            Self::Records => "record",
        }
    }
}

/// Header of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// A header of this format: the revision's name, the encoded parameters.
    Known { revision: String, parameters: Vec<u8> },
    /// The file is of another format.
    Other { format: u32 },
    /// The file is no store.
    Foreign,
    /// The header is damaged.
    Damaged,
}

impl Header {
    /// Encodes a header, with all octets before the first mark.
    pub(crate) fn encode(revision: &str, parameters: &[u8]) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&FORMAT.to_le_bytes());
        for field in [revision.as_bytes(), parameters] {
            let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(field);
        }
        let hash = Hash::blake2b(&out);
        out.extend_from_slice(&hash.0);
        out
    }

    /// Decodes the header of a file that begins with `octets`.
    pub(crate) fn decode(octets: &[u8]) -> Self {
        if octets.starts_with(REDB_MAGIC) {
            return Self::Other { format: 1 };
        }
        let Some(rest) = octets.strip_prefix(MAGIC) else { return Self::Foreign };
        let mut cursor = Cursor(rest);
        match cursor.u32() {
            Some(FORMAT) => Self::fields(octets, cursor).unwrap_or(Self::Damaged),
            Some(format) => Self::Other { format },
            None => Self::Damaged,
        }
    }

    fn fields(octets: &[u8], mut cursor: Cursor<'_>) -> Option<Self> {
        let mut field = || {
            let length = usize::try_from(cursor.u32()?).ok()?;
            cursor.octets(length).map(<[u8]>::to_vec)
        };
        let (revision, parameters) = (field()?, field()?);
        let covered = octets.len().checked_sub(cursor.0.len())?;
        (cursor.hash()? == Hash::blake2b(octets.get(..covered)?)).then_some(())?;
        Some(Self::Known { revision: String::from_utf8(revision).ok()?, parameters })
    }
}

/// A mark: reference to the commit last known to be on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Number of the commit, and offset of its head.
    Commit(u64, u64),
    /// No mark was written here.
    Blank,
    /// The mark is damaged, or was half written when the system went down.
    Broken,
}

impl Mark {
    pub(crate) fn encode(number: u64, at: u64) -> [u8; MARK_LENGTH] {
        let mut out = [0; MARK_LENGTH];
        let octets = [number.to_le_bytes(), at.to_le_bytes()].concat();
        let sum = sum(&octets).to_le_bytes();
        out.iter_mut().zip(octets.iter().chain(&sum)).for_each(|(to, from)| *to = *from);
        out
    }

    pub(crate) fn decode(octets: &[u8; MARK_LENGTH]) -> Self {
        if *octets == [0; MARK_LENGTH] {
            return Self::Blank;
        }
        let mut cursor = Cursor(octets);
        match (cursor.u64(), cursor.u64(), cursor.u64()) {
            (Some(number), Some(at), Some(_)) if Self::encode(number, at) == *octets => {
                Self::Commit(number, at)
            }
            _ => Self::Broken,
        }
    }
}

/// Reference to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageAt {
    /// Offset in the file, in octets.
    pub(crate) at: u64,
    /// Length in octets.
    pub(crate) length: u32,
    /// Checksum of the octets.
    pub(crate) sum: u64,
}

/// Reference to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ValueAt {
    /// Offset in the file, in octets.
    pub(crate) at: u64,
    /// Length in octets.
    pub(crate) length: u32,
}

/// Reference to a trie, in a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TableHead {
    /// First page of the table.
    pub(crate) page: PageAt,
    /// Root hash of the table.
    pub(crate) hash: Hash,
    /// Number of entries.
    pub(crate) count: u64,
}

/// Head of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Number of the commit: one more than that of the commit before.
    pub(crate) number: u64,
    /// Number of octets that follow the head.
    pub(crate) length: u64,
    /// Hash of the hashes of these octets' chunks of [`CHUNK`] octets.
    pub(crate) payload: Hash,
    /// Hash of the head before.
    pub(crate) previous: Hash,
    /// Octets in use, of all commits together.
    pub(crate) live: u64,
    /// Tries in the order of [`Table::ALL`]; `None` for those without entries.
    pub(crate) tables: [Option<TableHead>; TABLES],
}

/// Size of a hashed chunk of a commit, in octets.
pub(crate) const CHUNK: usize = 1 << 20;

const HEAD_MAGIC: &[u8; 8] = b"\xffcommit\n";
/// Length of a head, in octets.
pub(crate) const HEAD_LENGTH: usize =
    8 + 8 + 8 + 32 + 32 + 8 + TABLES * (1 + 8 + 4 + 8 + 32 + 8) + 32;

impl Head {
    /// Head of a first commit, without entries.
    pub(crate) const fn first(number: u64) -> Self {
        let (payload, previous) = (Hash::ZERO, Hash::ZERO);
        Self { number, length: 0, payload, previous, live: 0, tables: [None; TABLES] }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = HEAD_MAGIC.to_vec();
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&self.length.to_le_bytes());
        out.extend_from_slice(&self.payload.0);
        out.extend_from_slice(&self.previous.0);
        out.extend_from_slice(&self.live.to_le_bytes());
        for table in &self.tables {
            let blank =
                TableHead { page: PageAt { at: 0, length: 0, sum: 0 }, hash: Hash::ZERO, count: 0 };
            let TableHead { page, hash, count } = table.unwrap_or(blank);
            out.push(u8::from(table.is_some()));
            out.extend_from_slice(&page.at.to_le_bytes());
            out.extend_from_slice(&page.length.to_le_bytes());
            out.extend_from_slice(&page.sum.to_le_bytes());
            out.extend_from_slice(&hash.0);
            out.extend_from_slice(&count.to_le_bytes());
        }
        let hash = Hash::blake2b(&out);
        out.extend_from_slice(&hash.0);
        out
    }

    /// Decodes a head, and gives its hash, too; `None` if the octets are no head.
    pub(crate) fn decode(octets: &[u8]) -> Option<(Self, Hash)> {
        let covered = octets.get(..HEAD_LENGTH.checked_sub(32)?)?;
        let mut cursor = Cursor(octets.get(..HEAD_LENGTH)?.strip_prefix(HEAD_MAGIC)?);
        let (number, length) = (cursor.u64()?, cursor.u64()?);
        let (payload, previous, live) = (cursor.hash()?, cursor.hash()?, cursor.u64()?);
        let mut tables = [None; TABLES];
        for table in &mut tables {
            let is_there = cursor.u8()? != 0;
            let page = PageAt { at: cursor.u64()?, length: cursor.u32()?, sum: cursor.u64()? };
            let (hash, count) = (cursor.hash()?, cursor.u64()?);
            *table = is_there.then_some(TableHead { page, hash, count });
        }
        let hash = cursor.hash()?;
        let head = Self { number, length, payload, previous, live, tables };
        (hash == Hash::blake2b(covered)).then_some((head, hash))
    }

    pub(crate) fn table(&self, table: Table) -> Option<&TableHead> {
        self.tables.get(table as usize)?.as_ref()
    }

    pub(crate) fn set_table(&mut self, table: Table, head: TableHead) {
        if let Some(old) = self.tables.get_mut(table as usize) {
            *old = Some(head);
        }
    }
}

/// Candidate offsets of heads, for files without valid marks.
pub(crate) fn heads_in(octets: &[u8]) -> impl Iterator<Item = usize> {
    octets
        .windows(HEAD_MAGIC.len())
        .enumerate()
        .filter_map(|(index, window)| (window == HEAD_MAGIC).then_some(index))
}

//! The commits of a file: finding the last one, and adding one.

use std::io;

use jambox_types::Hash;

use crate::Disk;
use crate::layout::{
    CHUNK, COMMITS, HEAD_LENGTH, Head, MARK_LENGTH, MARKS, Mark, PageAt, ValueAt, heads_in,
};

/// A commit whose octets are all in the file.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub(crate) head: Head,
    /// Hash of the head.
    pub(crate) hash: Hash,
    /// Offset of its end, where the next commit begins.
    pub(crate) end: u64,
}

/// The head at an offset; `None` if there is none, or its commit goes beyond the end of the file.
fn head_at(disk: &dyn Disk, at: u64, length: u64) -> io::Result<Option<Commit>> {
    if at.checked_add(HEAD_LENGTH as u64).is_none_or(|end| end > length) {
        return Ok(None);
    }
    let mut octets = vec![0; HEAD_LENGTH];
    disk.read(at, &mut octets)?;
    let Some((head, hash)) = Head::decode(&octets) else { return Ok(None) };
    let end = at.saturating_add(HEAD_LENGTH as u64).saturating_add(head.length);
    Ok((end <= length).then_some(Commit { head, hash, end }))
}

/// Tests whether the octets after a head have the hash that it gives.
fn is_whole(disk: &dyn Disk, commit: &Commit) -> io::Result<bool> {
    let mut at = commit.end.saturating_sub(commit.head.length);
    let mut hashes = Vec::new();
    let mut chunk = Vec::new();
    while at < commit.end {
        let length = usize::try_from(commit.end.saturating_sub(at)).unwrap_or(CHUNK).min(CHUNK);
        chunk.resize(length, 0);
        disk.read(at, &mut chunk)?;
        hashes.extend_from_slice(&Hash::blake2b(&chunk).0);
        at = at.saturating_add(length as u64);
    }
    Ok(Hash::blake2b(&hashes) == commit.head.payload)
}

/// Finds the last commit of a file; `None` if the file is damaged.
///
/// A mark is written once its commit is on the disk, so the commit it names must be there. A broken
/// mark was being written for the commit after that of the other mark. A commit after the marked
/// one counts if it is whole; otherwise its writing was interrupted.
pub(crate) fn last_commit(disk: &dyn Disk) -> io::Result<Option<Commit>> {
    let length = disk.len()?;
    let mut marks = [Mark::Broken; 2];
    for (mark, at) in marks.iter_mut().zip(MARKS) {
        let mut octets = [0; MARK_LENGTH];
        if at.saturating_add(MARK_LENGTH as u64) <= length {
            disk.read(at, &mut octets)?;
            *mark = Mark::decode(&octets);
        }
    }
    let (number, at, other) = match marks {
        [Mark::Commit(first, at), Mark::Commit(second, _)] if first > second => {
            (first, at, Mark::Commit(second, 0))
        }
        [Mark::Commit(..) | Mark::Blank | Mark::Broken, Mark::Commit(number, at)] => {
            (number, at, marks[0])
        }
        [Mark::Commit(number, at), other] => (number, at, other),
        _ => return Ok(None),
    };
    let required = match other {
        Mark::Commit(..) => number,
        Mark::Blank if at == COMMITS => number,
        Mark::Blank => return Ok(None),
        Mark::Broken => number.saturating_add(1),
    };
    let Some(mut last) = head_at(disk, at, length)? else { return Ok(None) };
    if last.head.number != number {
        return Ok(None);
    }
    while let Some(next) = head_at(disk, last.end, length)? {
        let is_next = last.head.number.checked_add(1) == Some(next.head.number)
            && next.head.previous == last.hash;
        if !is_next || !is_whole(disk, &next)? {
            break;
        }
        last = next;
    }
    Ok((last.head.number >= required).then_some(last))
}

/// Searches the whole file for heads, and gives the commit with the highest number; `None` if there
/// is none.
pub(crate) fn any_commit(disk: &dyn Disk) -> io::Result<Option<Commit>> {
    let length = disk.len()?;
    let mut best: Option<Commit> = None;
    let mut at = 0;
    while at < length {
        // Chunks overlap by more than the length of the pattern.
        let size = usize::try_from(length.saturating_sub(at)).unwrap_or(CHUNK).min(CHUNK + 16);
        let mut chunk = vec![0; size];
        disk.read(at, &mut chunk)?;
        for index in heads_in(&chunk) {
            let found = head_at(disk, at.saturating_add(index as u64), length)?;
            let newest = best.as_ref().map(|best| best.head.number);
            best = found.filter(|found| Some(found.head.number) > newest).or(best);
        }
        at = at.saturating_add(CHUNK as u64);
    }
    Ok(best)
}

/// A commit being written.
#[derive(Debug)]
pub(crate) struct Appender<'a> {
    disk: &'a dyn Disk,
    /// Offset for the head.
    start: u64,
    /// Octets not written yet.
    buffer: Vec<u8>,
    /// Offset for these octets.
    position: u64,
    /// Hashes of the chunks written.
    hashes: Vec<u8>,
}

impl<'a> Appender<'a> {
    pub(crate) fn new(disk: &'a dyn Disk, start: u64) -> Self {
        let position = start.saturating_add(HEAD_LENGTH as u64);
        Self { disk, start, buffer: Vec::new(), position, hashes: Vec::new() }
    }

    /// Adds octets, and gives their offset.
    pub(crate) fn add(&mut self, octets: &[u8]) -> io::Result<u64> {
        let at = self.position.saturating_add(self.buffer.len() as u64);
        self.buffer.extend_from_slice(octets);
        while let Some((chunk, rest)) = self.buffer.split_at_checked(CHUNK) {
            self.disk.write(self.position, chunk)?;
            self.hashes.extend_from_slice(&Hash::blake2b(chunk).0);
            self.position = self.position.saturating_add(CHUNK as u64);
            self.buffer = rest.to_vec();
        }
        Ok(at)
    }

    pub(crate) fn add_value(&mut self, value: &[u8]) -> io::Result<ValueAt> {
        let length = u32::try_from(value.len())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a value of 4 GiB or more"))?;
        Ok(ValueAt { at: self.add(value)?, length })
    }

    pub(crate) fn add_page(&mut self, octets: &[u8]) -> io::Result<PageAt> {
        let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
        Ok(PageAt { at: self.add(octets)?, length, sum: crate::cursor::sum(octets) })
    }

    /// Ends the commit: it is whole on the disk when this returns, and no commit if it fails.
    pub(crate) fn finish(mut self, mut head: Head) -> io::Result<Commit> {
        let end = self.position.saturating_add(self.buffer.len() as u64);
        if !self.buffer.is_empty() {
            self.hashes.extend_from_slice(&Hash::blake2b(&self.buffer).0);
        }
        let payload = self.start.saturating_add(HEAD_LENGTH as u64);
        head.length = end.saturating_sub(payload);
        head.payload = Hash::blake2b(&self.hashes);
        let mut octets = head.encode();
        let hash = Head::decode(&octets).map_or(Hash::ZERO, |(_, hash)| hash);
        if self.position == payload {
            octets.append(&mut self.buffer);
        } else {
            self.disk.write(self.position, &self.buffer)?;
        }
        let written = self.disk.write(self.start, &octets).and_then(|()| self.disk.flush());
        if let Err(error) = written {
            // The head may have reached the disk in spite of the error. Callers expect no commit
            // after an error; a disk that cannot write these zeros either may keep the commit.
            let _ = self.disk.write(self.start, &[0; HEAD_LENGTH]);
            return Err(error);
        }
        Ok(Commit { head, hash, end })
    }
}

/// Writes a mark: the commit is on the disk.
pub(crate) fn mark(disk: &dyn Disk, commit: &Commit) -> io::Result<()> {
    let number = commit.head.number;
    let start = commit.end.saturating_sub(commit.head.length).saturating_sub(HEAD_LENGTH as u64);
    let [even, odd] = MARKS;
    let at = if number.is_multiple_of(2) { even } else { odd };
    disk.write(at, &Mark::encode(number, start))
}

//! `export`.

use jambox_hostcall::{Reply, Slice, code, outcome, request};
use jambox_state::Blob;
use jambox_types::Parameters;

use crate::Stop;
use crate::guest::Guest;

/// Segments exported by one refinement.
#[derive(Clone, Debug)]
pub(crate) struct Exports {
    /// Segments so far.
    pub(crate) segments: Vec<Blob>,
    /// Number of segments exported by earlier items of the package.
    offset: u64,
    limit: u64,
    segment_size: usize,
}

impl Exports {
    /// No exports yet. Indices start at `offset`.
    pub(crate) fn new(offset: u64, parameters: &Parameters) -> Self {
        Self {
            segments: Vec::new(),
            offset,
            limit: u64::from(parameters.max_package_exports),
            segment_size: parameters.segment_size(),
        }
    }

    pub(crate) fn export(
        &mut self,
        guest: &mut Guest<'_>,
        request: &request::Export,
    ) -> Result<Reply, Stop> {
        let most = request.exact_length.unwrap_or(self.segment_size as u64);
        let is_exact = request.exact_length.is_none_or(|exact| exact == request.data.length);
        let length = request.data.length.min(most);
        guest.meter.keep(self.segment_size as u64)?;
        let mut segment = guest.read("the segment", Slice { length, ..request.data })?;
        if !is_exact {
            return Ok(Reply::Code(code!(Export, who)));
        }
        segment.resize(self.segment_size, 0);
        let index = self.offset.saturating_add(self.segments.len() as u64);
        if index >= self.limit {
            return Ok(Reply::Code(code!(Export, full)));
        }
        guest.observer.exported(index, &segment);
        self.segments.push(segment.into());
        Ok(Reply::Value(outcome!(Export, exported), index))
    }
}

//! The context of is-authorized: a stateless view of the package.

use jambox_hostcall::FetchKind;
use jambox_state::Blob;
use jambox_types::CoreIndex;

use crate::{Env, InCoreData, PackageData};

/// The context of `eq:isauthinvocation` (0.7.2). If the ABI offers calls about services here, they
/// find no services.
pub(crate) struct IsAuthorized<'a> {
    pub(crate) env: &'a Env,
    pub(crate) package: &'a PackageData,
    pub(crate) core: CoreIndex,
}

impl IsAuthorized<'_> {
    /// The data of a kind of `fetch`; `None` where there are no such data.
    pub(crate) fn fetch(&self, kind: FetchKind, first: u64) -> Option<Blob> {
        match kind {
            FetchKind::Constants => Some(self.env.constants()),
            _ => self.package.fetch(kind, first),
        }
    }
}

//! A work package with all its data, in the encodings of `fetch`.

use std::sync::Arc;

use jambox_codec::encode_with;
use jambox_hostcall::FetchKind;
use jambox_state::Blob;
use jambox_types::{Hash, Revision, WorkPackage};

/// A work package with the blobs of its items. Each encoding is kept whole, so that parts are
/// fetched without further copies.
#[derive(Clone, Debug)]
pub struct PackageData {
    package: WorkPackage,
    hash: Hash,
    encoded: Blob,
    configuration: Blob,
    token: Blob,
    context: Blob,
    summaries: Blob,
    items: Vec<ItemData>,
}

/// Data of one work item.
#[derive(Clone, Debug)]
struct ItemData {
    summary: Blob,
    payload: Blob,
    blobs: ItemBlobs,
}

/// Blobs that a work item refers to by hash, in the item's order.
#[derive(Clone, Debug, Default)]
pub struct ItemBlobs {
    /// The extrinsics.
    pub extrinsics: Vec<Blob>,
    /// The imported segments.
    pub imports: Vec<Blob>,
}

/// Package data for a refinement's `fetch`. Indices are claims of the guest.
pub trait InCoreData {
    /// Data of the package itself: kinds 7 to 13 of the Gray Paper.
    fn fetch(&self, kind: FetchKind, first: u64) -> Option<Blob>;

    /// One extrinsic of an item.
    fn extrinsic(&self, item: u64, index: u64) -> Option<Blob>;

    /// One imported segment of an item.
    fn import(&self, item: u64, index: u64) -> Option<Blob>;
}

impl PackageData {
    /// Encodes a package under a revision. `blobs` has an entry for each item. The caller has
    /// checked that they match the package.
    #[must_use]
    pub fn new(package: WorkPackage, blobs: Vec<ItemBlobs>, revision: Revision) -> Self {
        let encoded: Blob = encode_with(&package, &revision).into();
        let mut blobs = blobs.into_iter();
        let items = package.items.iter().map(|item| ItemData {
            summary: item.summary().into(),
            payload: Arc::from(item.payload.as_slice()),
            blobs: blobs.next().unwrap_or_default(),
        });
        Self {
            hash: Hash::blake2b(&encoded),
            encoded,
            configuration: Arc::from(package.auth_config.as_slice()),
            token: Arc::from(package.auth_token.as_slice()),
            context: encode_with(&package.context, &revision).into(),
            summaries: package.summaries().into(),
            items: items.collect(),
            package,
        }
    }

    /// The package.
    #[must_use]
    pub const fn package(&self) -> &WorkPackage {
        &self.package
    }

    /// Hash of the package.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// Encoding of the package.
    #[must_use]
    pub const fn encoded(&self) -> &Blob {
        &self.encoded
    }

    /// Blobs of each item.
    pub fn blobs(&self) -> impl Iterator<Item = &ItemBlobs> {
        self.items.iter().map(|item| &item.blobs)
    }

    fn item(&self, index: u64) -> Option<&ItemData> {
        at(&self.items, index)
    }
}

impl InCoreData for PackageData {
    fn fetch(&self, kind: FetchKind, first: u64) -> Option<Blob> {
        Some(match kind {
            FetchKind::WorkPackage => self.encoded.clone(),
            FetchKind::AuthorizerConfiguration => self.configuration.clone(),
            FetchKind::AuthorizationToken => self.token.clone(),
            FetchKind::RefineContext => self.context.clone(),
            FetchKind::ItemSummaries => self.summaries.clone(),
            FetchKind::ItemSummary => self.item(first)?.summary.clone(),
            FetchKind::ItemPayload => self.item(first)?.payload.clone(),
            _ => return None,
        })
    }

    fn extrinsic(&self, item: u64, index: u64) -> Option<Blob> {
        at(&self.item(item)?.blobs.extrinsics, index).cloned()
    }

    fn import(&self, item: u64, index: u64) -> Option<Blob> {
        at(&self.item(item)?.blobs.imports, index).cloned()
    }
}

/// The element with an index claimed by the guest; `None` beyond the last.
pub(crate) fn at<T>(items: &[T], index: u64) -> Option<&T> {
    usize::try_from(index).ok().and_then(|index| items.get(index))
}

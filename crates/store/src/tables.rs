//! What the file holds.

use redb::{ReadableDatabase, TableDefinition};

/// The version of all that is defined here, and of how it is encoded.
pub(crate) const FORMAT: u32 = 1;

/// Facts about the store, by name.
pub(crate) const FACTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("facts");
/// [`FORMAT`], four octets, little-endian. Every version, older or newer, keeps it here.
pub(crate) const FORMAT_FACT: &str = "format";
/// The encoded parameters.
pub(crate) const PARAMETERS_FACT: &str = "parameters";

/// Values by their state keys, those of a service together.
pub(crate) const VALUES: TableDefinition<'_, &[u8; 31], &[u8]> = TableDefinition::new("values");
/// Encoded meanings of keys, by the same keys.
pub(crate) const MEANINGS: TableDefinition<'_, &[u8; 31], &[u8]> = TableDefinition::new("meanings");
/// Pages of the trie.
pub(crate) const PAGES: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("pages");
/// Names that people gave to services.
pub(crate) const NAMES: TableDefinition<'_, u32, &str> = TableDefinition::new("names");
/// Exported segments, one after the other, by their segment root.
pub(crate) const EXPORTS: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("exports");
/// Segment roots by the hash of the package that exported.
pub(crate) const PACKAGES: TableDefinition<'_, &[u8; 32], &[u8; 32]> =
    TableDefinition::new("packages");

/// A fact, if there is any.
pub(crate) fn fact(
    database: &impl ReadableDatabase,
    name: &str,
) -> Result<Option<Vec<u8>>, redb::Error> {
    let transaction = database.begin_read()?;
    let facts = match transaction.open_table(FACTS) {
        Ok(facts) => facts,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(facts.get(name)?.map(|octets| octets.value().to_vec()))
}

//! A client of the node over the `Node` trait of `jam-std-common`: answers decode with the types of
//! that crate, and a package encoded with them is accepted and reported.

use std::env::args;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use codec::Encode;
use futures::StreamExt;
use jam_std_common::{
    BlockDesc, Node, NodeExt, SyncStatus, VersionedParameters, WorkPackageStatus, hash_raw,
};
use jam_types::{
    Authorizer, HeaderHash, RefineContext, WorkItem, WorkPackage, WorkPackageHash, core_count,
    max_accumulate_gas, max_refine_gas,
};
use jsonrpsee::ws_client::WsClientBuilder;
use tokio::time::timeout;

/// Longest duration of a case.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<()> {
    let Some(rpc) = args().nth(1) else { bail!("name the address of the node") };
    let node = WsClientBuilder::default().build(&rpc).await?;
    let (mut passed, mut failed) = (0, 0);
    let mut judge = |name: &str, outcome: Result<Result<()>, _>| {
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(elapsed) => Err(anyhow::Error::from(elapsed)),
        };
        match outcome {
            Ok(()) => {
                passed += 1;
                println!("passed {name}");
            }
            Err(error) => {
                failed += 1;
                println!("FAILED {name}: {error:#}");
            }
        }
    };
    // The types of the crate take their sizes from these parameters.
    judge("parameters", timeout(PATIENCE, parameters(&node)).await);
    judge("blocks", timeout(PATIENCE, blocks(&node)).await);
    judge("services", timeout(PATIENCE, services(&node)).await);
    judge("statistics", timeout(PATIENCE, statistics(&node)).await);
    judge("package", timeout(PATIENCE, package(&node)).await);
    judge("errors", timeout(PATIENCE, errors(&node)).await);
    println!("{passed} passed, {failed} failed");
    ensure!(failed == 0, "the node is not as `jam-std-common` has it");
    Ok(())
}

async fn parameters(node: &impl Node) -> Result<()> {
    let VersionedParameters::V1(parameters) = node.parameters().await?;
    parameters.apply().map_err(anyhow::Error::msg)?;
    ensure!(core_count() == 2, "{} cores", core_count());
    Ok(())
}

async fn blocks(node: &impl Node) -> Result<()> {
    let best = node.best_block().await?;
    let parent = node.parent(best.header_hash).await?;
    ensure!(parent.slot + 1 == best.slot, "{parent:?} is the parent of {best:?}");
    node.state_root(best.header_hash).await?;
    node.beefy_root(best.header_hash).await?;
    ensure!(node.sync_state().await?.status == SyncStatus::Completed, "it never catches up");
    let mut blocks = node.subscribe_best_block().await?;
    let (first, second) = (next(&mut blocks).await?, next(&mut blocks).await?);
    ensure!(first.slot < second.slot, "{first:?} before {second:?}");
    Ok(())
}

async fn next<T, E>(stream: &mut (impl futures::Stream<Item = Result<T, E>> + Unpin)) -> Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    match stream.next().await {
        Some(item) => Ok(item?),
        None => bail!("the subscription ends"),
    }
}

async fn services(node: &impl Node) -> Result<()> {
    let best = node.best_block().await?.header_hash;
    ensure!(node.list_services(best).await? == [0], "other services");
    let Some(service) = node.service_data(best, 0).await? else { bail!("no service 0") };
    let hash = service.code_hash.0;
    let Some(code) = node.service_preimage(best, 0, hash).await? else { bail!("no code") };
    ensure!(hash_raw(&code) == hash, "other code");
    let length = u32::try_from(code.len())?;
    ensure!(node.service_preimage_len(best, 0, hash).await? == Some(length), "another length");
    let request = node.service_request(best, 0, hash, length).await?;
    ensure!(request.as_deref() == Some(&[0]), "{request:?}");
    Ok(())
}

async fn statistics(node: &impl Node) -> Result<()> {
    let best = node.best_block().await?.header_hash;
    node.statistics(best).await?;
    let mut statistics = Box::pin(node.subscribe_statistics(false).await?);
    next(&mut statistics).await?;
    Ok(())
}

/// The context of a package, as `jamt` makes it.
async fn context(node: &impl Node) -> Result<RefineContext> {
    let lookup: BlockDesc = node.parent(node.finalized_block().await?.header_hash).await?;
    let anchor: BlockDesc = node.parent(node.best_block().await?.header_hash).await?;
    Ok(RefineContext {
        anchor: anchor.header_hash,
        anchor_slot: anchor.slot,
        state_root: node.state_root(anchor.header_hash).await?,
        beefy_root: node.beefy_root(anchor.header_hash).await?,
        lookup_anchor: lookup.header_hash,
        lookup_anchor_slot: lookup.slot,
        lookup_anchor_state_root: node.state_root(lookup.header_hash).await?,
        prerequisites: Default::default(),
    })
}

/// Submits a package for the bootstrap service; its report has to decode with the crate's types,
/// too.
async fn package(node: &impl Node) -> Result<()> {
    let best = node.best_block().await?.header_hash;
    let Some(service) = node.service_data(best, 0).await? else { bail!("no service 0") };
    let item = WorkItem {
        service: 0,
        code_hash: service.code_hash,
        refine_gas_limit: max_refine_gas(),
        accumulate_gas_limit: max_accumulate_gas(),
        export_count: 0,
        // No instruction, and a salt.
        payload: vec![0; 33].into(),
        import_segments: Default::default(),
        extrinsics: Default::default(),
    };
    let package = WorkPackage {
        authorization: Default::default(),
        auth_code_host: 0,
        authorizer: Authorizer {
            code_hash: jam_null_authorizer_bin::HASH.into(),
            config: Default::default(),
        },
        context: context(node).await?,
        items: vec![item].try_into().map_err(|_| anyhow::anyhow!("too many items"))?,
    };
    let hash = WorkPackageHash(hash_raw(&package.encode()));
    let anchor = package.context.anchor;
    let mut statuses = node.subscribe_work_package_status(hash, anchor, false).await?;
    // Results of the item, by the package and the item's index.
    let key = [&[2][..], &hash.0, &0_u16.to_le_bytes()].concat();
    let mut results = node.subscribe_service_value(0, &key, false).await?;
    node.submit_work_package(1, &package, &[]).await?;
    let report = loop {
        match next(&mut statuses).await?.value {
            WorkPackageStatus::Ready { report_hash, core: 1, .. } => break report_hash,
            WorkPackageStatus::Reportable { .. } | WorkPackageStatus::Reported { .. } => {}
            status => bail!("{status:?}"),
        }
    };
    let report = node.work_report(report).await?;
    ensure!(report.package_spec.hash == hash, "the report of another package");
    let results = loop {
        if let Some(results) = next(&mut results).await?.value {
            break results;
        }
    };
    ensure!(results[..] == [0], "results of no instruction: {results:?}");
    Ok(())
}

async fn errors(node: &impl Node) -> Result<()> {
    match node.state_root(HeaderHash([9; 32])).await {
        Err(jam_std_common::NodeError::BlockUnavailable(hash)) if hash.0 == [9; 32] => Ok(()),
        answer => bail!("an unknown block: {answer:?}"),
    }
}

//! Blocks on a chain, and steps of traces, which bring the state that they start from.

use std::collections::BTreeMap;

use jambox_chain::block::{self, BlockError};
use jambox_debug::{Recorder, Target};
use jambox_invocation::Env;
use jambox_types::{Parameters, Protocol, Revision};
use jambox_vectors::steps::{Step, decode_whole};
use jambox_vectors::traces;

use crate::chain::{self, Chain};
use crate::commands::block::{self as apply, Prepared};
use crate::commands::debug::Debug;
use crate::diagnosis::Diagnosis;
use crate::engine::environment;
use crate::input;
use crate::outcome::Result;
use crate::protocol::{ProtocolArgs, interface};

use super::{Ran, is_named_as_block};
use crate::commands::debug::ready::Ready;

/// A block with the state that it is applied to.
pub enum Loaded {
    OnChain(Box<Chain>),
    /// A step of a trace, under the protocol that it was decoded under.
    Step(Box<Step>, Protocol),
}

/// Protocol of steps: that which is asked for, with tiny parameters as of public traces otherwise.
fn of_steps(args: &ProtocolArgs) -> Result<Protocol> {
    let tiny = Protocol { parameters: Parameters::TINY, ..Protocol::default() };
    Ok(args.switches()?.over(tiny))
}

impl Debug {
    /// The subject as a block; `None` if it is something else. With a chain anything is a block.
    pub(super) fn load_block(&self, args: &ProtocolArgs) -> Result<Option<Loaded>> {
        if let Some(state) = &self.state {
            return Ok(Some(Loaded::OnChain(Box::new(Chain::open(state)?))));
        }
        if !is_named_as_block(&self.subject) {
            return Ok(None);
        }
        let octets = input::read(&self.subject)?;
        let given = of_steps(args)?;
        let mut revisions = vec![given.revision];
        if args.revision().is_none() {
            revisions.extend(Revision::ALL.into_iter().filter(|it| !it.is(given.revision)));
        }
        let step = revisions.into_iter().find_map(|revision| {
            let protocol = Protocol { revision, ..given };
            let step = decode_whole(&octets, &protocol).ok()?;
            Some(Loaded::Step(Box::new(step), protocol))
        });
        Ok(step)
    }

    /// Diagnosis of a file named as a step that is none, and no program either.
    pub(super) fn no_step(&self, args: &ProtocolArgs) -> Result<Diagnosis> {
        let protocol = of_steps(args)?;
        let octets = input::read(&self.subject)?;
        let why = decode_whole(&octets, &protocol).err().unwrap_or_default();
        let message =
            format!("it is no step of a trace under {}, and no program", protocol.revision);
        Ok(Diagnosis::new(message).in_file(&self.subject).expected(why).help(
            "--revision and --params say what a step was made under (unless they do, parameters are \
             tiny); a block without its state needs --state CHAIN",
        ))
    }

    pub(super) fn record_block(&self, loaded: &Loaded, args: &ProtocolArgs) -> Result<Ready> {
        let (names, protocol) = match loaded {
            Loaded::OnChain(chain) => {
                let state = self.state.as_deref().unwrap_or(&self.subject);
                let names = chain.state.names().map_err(|error| chain::failure(state, error))?;
                (names, chain.store.protocol())
            }
            Loaded::Step(_, protocol) => (BTreeMap::new(), *protocol),
        };
        let target = self.choice.target(&names)?.unwrap_or(Target::Number(0));
        let ran = self.run_block(loaded, target, args)?;
        self.ready(ran, interface(&protocol)?)
    }

    pub(super) fn run_block(
        &self,
        loaded: &Loaded,
        target: Target,
        args: &ProtocolArgs,
    ) -> Result<Ran> {
        let mut execution = args.execution();
        // A limit of time would cut the recorded runs short.
        execution.limits.time = None;
        let symbols = BTreeMap::new();
        let mut recorder = Recorder::new(target, self.bounds(), &symbols);
        let (why_not, note) = match loaded {
            Loaded::OnChain(chain) => {
                let state = self.state.as_deref().unwrap_or(&self.subject);
                let env = apply::env(chain, state, args, execution)?;
                (self.apply(chain, &env, &mut recorder)?, None)
            }
            Loaded::Step(step, protocol) => {
                let env = environment(*protocol, execution)?;
                let differs = traces::check_step(step, &env, &mut recorder).err();
                (
                    None,
                    differs.map(|it| format!("the step does not come out as its file says: {it}")),
                )
            }
        };
        let invocations = recorder.ran().to_vec();
        Ok(Ran { invocations, recording: recorder.finish(), why_not, note })
    }

    /// Applies a block to a chain, which stays as it is. The inner value is the refusal, if any.
    fn apply(
        &self,
        chain: &Chain,
        env: &Env,
        recorder: &mut Recorder<'_>,
    ) -> Result<Option<String>> {
        let state = self.state.as_deref().unwrap_or(&self.subject);
        let Prepared { block, checks, entropy } =
            apply::prepare(chain, state, &self.subject, env.protocol(), None)?;
        match block::apply(env, &chain.store.read(), &block, checks, entropy, recorder) {
            Ok(_) => Ok(None),
            Err(BlockError::Refused(refusal)) => {
                Ok(Some(format!("the block is refused: {refusal}")))
            }
            Err(error) => Err(Diagnosis::new(error.to_string()).in_file(state).into()),
        }
    }
}

//! The examples, run.

#[path = "../../examples/plugins.rs"]
mod plugins;
#[path = "../../examples/threads.rs"]
mod threads;

#[test]
fn plugins_move_or_lose_their_turn() {
    plugins::main().unwrap();
}

#[test]
#[cfg_attr(miri, ignore = "10,000 instances take Miri too long")]
fn threads_share_a_module() {
    threads::main().unwrap();
}

//! A run of the example.

#[path = "../../examples/service_loop.rs"]
mod service_loop;

#[test]
fn the_loop_of_a_node_counts_what_it_sees() {
    service_loop::main().unwrap();
}

//! Running one test on everything that executes programs.

/// Defines tests that run on each backend in turn.
macro_rules! on_every_backend {
    ($(fn $name:ident($backend:ident) $body:block)*) => {$(
        #[test]
        fn $name() {
            for $backend in jambox_engine::Backend::all_here() {
                println!("on {:?}", $backend);
                $body
            }
        }
    )*};
}

pub(crate) use on_every_backend;

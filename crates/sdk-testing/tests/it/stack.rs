//! Use of the stack, natively and compiled.

use jambox_sdk_testing::{Chain, Code, Item, Mode, Package, Record, Revision, StackUse};

use crate::overhead::assemble_text;

/// Writes 60,000 octets below the top of its stack, then nearer to it.
const WRITER: &str = "
.name \"writer\"
.version \"0.1.0\"
.stack_size 65536
.code
    jump start
.at 5
    trap
start:
    load_imm t0, 1
    store_ind_u8 [sp - 60000], t0
    store_ind_u8 [sp - 8], t0
    load_imm a0, 0
    load_imm a1, 0
    jump_ind ra
";

#[test]
fn a_compiled_run_tells_how_much_of_the_stack_it_wrote_to() {
    let mut chain = Chain::new(Mode::Compiled.under(Revision::GrayPaper072));
    chain.service(7, &Code::compiled(&assemble_text(WRITER)));
    let run = chain.refine(&Item::new(7));
    assert!(run.failure.is_none(), "{:?}", run.failure);
    assert_eq!(run.record.stack, Some(StackUse { used: 60_000, size: 65536 }));
}

#[test]
fn the_text_of_a_record_is_the_same_whatever_the_stack() {
    let text = |used| {
        let stack = Some(StackUse { used, size: 65536 });
        format!("{:?}", Record { stack, ..Record::default() })
    };
    assert_eq!(text(1), text(60_000));
}

/// Takes as much stack as its payload says.
mod deep {
    use jambox_sdk::prelude::*;

    fn refine(ctx: &RefineContext, arguments: RefineArguments) -> Vec<u8> {
        let mut buffer = [0_u8; 300_000];
        if arguments.payload == b"much" {
            let _ = ctx.remaining_gas();
            std::hint::black_box(&mut buffer);
        }
        arguments.payload
    }

    fn is_authorized(ctx: &AuthorizeContext, _: AuthorizeArguments) {
        let _ = ctx.remaining_gas();
    }

    entry_points! { refine = refine, is_authorized = is_authorized }
}

#[test]
fn a_native_run_tells_how_deep_its_host_calls_are() {
    let mut chain = Chain::new(Mode::Native.under(Revision::GrayPaper080));
    chain.service(7, &Code::native(deep::SERVICE));
    let used = |run: Option<StackUse>| {
        let StackUse { used, size } = run.expect("it ran");
        assert_eq!(size, 65536, "the default, for it has no blob");
        used
    };
    let much = used(chain.refine(&Item::new(7).payload("much")).record.stack);
    assert!((300_000..400_000).contains(&much), "{much}");
    let package = Package::new().authorizer(7).item(Item::new(7));
    let little = used(chain.authorize(&package).record.stack);
    assert!((1..65536).contains(&little), "{little}");
    // No host call, and so no place to measure at.
    assert_eq!(used(chain.refine(&Item::new(7)).record.stack), 0);
}

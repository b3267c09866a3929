//! Result codes, exits, levels and kinds.

use jambox_hostcall::{Abi, Context, FetchKind, InnerExit, LogLevel, ResultCode};

#[test]
fn result_codes_are_the_papers() {
    let expected = [
        ("NONE", u64::MAX),
        ("WHAT", u64::MAX - 1),
        ("OOB", u64::MAX - 2),
        ("WHO", u64::MAX - 3),
        ("FULL", u64::MAX - 4),
        ("CORE", u64::MAX - 5),
        ("CASH", u64::MAX - 6),
        ("LOW", u64::MAX - 7),
        ("HUH", u64::MAX - 8),
        ("OK", 0),
    ];
    let codes = ResultCode::ALL.iter().map(|code| (code.name(), code.value(Abi::GrayPaper)));
    assert!(codes.eq(expected));
    for code in ResultCode::ALL {
        let value = code.value(Abi::GrayPaper);
        assert_eq!(ResultCode::from_value(Abi::GrayPaper, value), Some(*code));
    }
    assert_eq!(ResultCode::from_value(Abi::GrayPaper, u64::MAX - 9), None);
    assert_eq!(ResultCode::from_value(Abi::GrayPaper, 1), None);
}

#[test]
fn exits_are_the_papers() {
    let expected = [("HALT", 0), ("PANIC", 1), ("FAULT", 2), ("HOST", 3), ("OOG", 4)];
    assert!(InnerExit::ALL.iter().map(|exit| (exit.name(), exit.value())).eq(expected));
    for exit in InnerExit::ALL {
        assert_eq!(InnerExit::from_value(exit.value()), Some(*exit));
    }
    assert_eq!(InnerExit::from_value(5), None);
}

#[test]
fn log_levels_end_at_four() {
    let names = [0, 1, 2, 3, 4, 5, u64::MAX].map(|level| LogLevel::from_register(level).name());
    assert_eq!(names, ["ERROR", "WARN", "INFO", "DEBUG", "TRACE", "TRACE", "TRACE"]);
}

#[test]
fn fetch_kinds_are_there_where_the_paper_has_them() {
    let paper = |context, number| FetchKind::available(Abi::GrayPaper, context, number).is_some();
    let offered = |context| (0..100).filter(|number| paper(context, *number)).collect::<Vec<_>>();
    assert_eq!(offered(Context::IsAuthorized), [0, 7, 8, 9, 10, 11, 12, 13]);
    assert_eq!(offered(Context::Refine), (0..=13).collect::<Vec<_>>());
    assert_eq!(offered(Context::Accumulate), [0, 1, 14, 15]);
    assert_eq!(FetchKind::from_number(Abi::GrayPaper, u64::MAX), None);
}

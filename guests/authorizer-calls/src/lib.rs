//! Makes every host call that is-authorized offers, through the SDK, and reports the answers in its
//! trace, a line for each.
#![no_std]

use core::fmt::{Debug, Write};

use jambox_sdk::prelude::*;

struct Report(String);

impl Report {
    fn line(&mut self, call: &str, answer: impl Debug) {
        let _ = writeln!(self.0, "{call}: {answer:?}");
    }
}

fn is_authorized(ctx: &AuthorizeContext, arguments: AuthorizeArguments) -> Result<String, Error> {
    let mut report = Report(String::new());
    let fetcher = ctx.fetcher();
    report.line("core", arguments.core.0);
    report.line("gas", ctx.remaining_gas() > 0);
    report.line("cores", fetcher.constants()?.cores);
    report.line("configuration", fetcher.authorizer_configuration()?);
    report.line("token", fetcher.authorization_token()?);
    report.line("items", fetcher.item_summaries()?.len());
    report.line("same context", fetcher.refine_context()? == fetcher.work_package()?.context);
    report.line("storage", ctx.storage().get("x"));
    Ok(report.0)
}

entry_points! { is_authorized = is_authorized }

//! A picture of the table: bars from zero, shorter is better.

use std::fmt::Write as _;

use crate::engines::{Entry, Kind, Owner};
use crate::table::{self, Row, duration};

/// Pixels.
const WIDTH: f64 = 860.0;
const LABELS: f64 = 250.0;
const VALUES: f64 = 90.0;
const BAR: f64 = 20.0;
const HEADING: f64 = 44.0;
const FOOTER: f64 = 36.0;

/// The note below the bars.
const NOTE: &str = "Shorter is better. Gas: jambox exact; polkavm exact, or by block under 0.7.2; \
                    javm in another model; native none.";

/// One group of bars.
struct Panel<'a> {
    title: &'static str,
    bars: Vec<(&'a Entry, f64)>,
    label: fn(f64) -> String,
}

/// The chart as SVG.
#[must_use]
pub fn svg(rows: &[Row]) -> String {
    let panels = panels(rows);
    let bars: usize = panels.iter().map(|panel| panel.bars.len()).sum();
    let height = panels.len() as f64 * HEADING + bars as f64 * BAR + FOOTER;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    let mut y = 0.0;
    for panel in &panels {
        y = draw(&mut svg, panel, y);
    }
    let _ = writeln!(svg, "<text x=\"12\" y=\"{}\" fill=\"#5f6b78\">{NOTE}</text>", y + 22.0);
    svg += "</svg>\n";
    svg
}

fn draw(svg: &mut String, panel: &Panel<'_>, top: f64) -> f64 {
    let mut y = top + HEADING;
    let title = panel.title;
    let _ = writeln!(
        svg,
        "<text x=\"12\" y=\"{}\" font-size=\"14\" font-weight=\"bold\">{title}</text>",
        y - 14.0
    );
    let most = panel.bars.iter().map(|(_, number)| *number).fold(0.0, f64::max);
    for (entry, number) in &panel.bars {
        let length = (WIDTH - LABELS - VALUES) * number / most;
        let color = match entry.owner {
            Owner::Ours => "#2563a8",
            Owner::Peer => "#b8bec6",
            Owner::Compiler => "#5f6b78",
        };
        let (name, label, text) = (entry.name, (panel.label)(*number), y + 14.0);
        let (from, to) = (LABELS, LABELS + length + 6.0);
        let thick = BAR - 4.0;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\">{name}</text>\
             <rect x=\"{from}\" y=\"{}\" width=\"{length:.1}\" height=\"{thick}\" \
             fill=\"{color}\"/>\
             <text x=\"{to:.1}\" y=\"{text}\">{label}</text>",
            LABELS - 8.0,
            y + 2.0
        );
        y += BAR;
    }
    y
}

fn panels(rows: &[Row]) -> Vec<Panel<'_>> {
    let native = table::native(rows);
    let of = |kinds: &[Kind], number: &dyn Fn(&Row) -> Option<f64>| -> Vec<(&Entry, f64)> {
        let rows = rows.iter().filter(|row| kinds.contains(&row.entry.kind) && row.is_right());
        rows.filter_map(|row| Some((&row.entry, number(row)?))).collect()
    };
    let compiled = [Kind::Native, Kind::Recompiler, Kind::Auto];
    let kernels = |row: &Row| row.kernels(native?);
    let times: fn(f64) -> String = |number| format!("{number:.2} x");
    let panels = [
        Panel {
            title: "Compute kernels, recompiled: time by native code",
            bars: of(&compiled, &kernels),
            label: times,
        },
        Panel {
            title: "63 service executions, recompiled, warm",
            bars: of(&compiled, &|row| row.logs("warm")),
            label: duration,
        },
        Panel {
            title: "63 service executions, recompiled, each compiled from scratch",
            bars: of(&compiled, &|row| row.logs("cold")),
            label: duration,
        },
        Panel {
            title: "Compute kernels, interpreted: time by native code",
            bars: of(&[Kind::Interpreter], &kernels),
            label: times,
        },
        Panel {
            title: "63 service executions, interpreted, warm",
            bars: of(&[Kind::Interpreter], &|row| row.logs("warm")),
            label: duration,
        },
    ];
    panels.into_iter().filter(|panel| !panel.bars.is_empty()).collect()
}

//! The chart page of a comparison: one file, no script, no network.

use super::comparison::{Comparison, Group};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = "
:root { color-scheme: light dark; --fg: #1b1f24; --bg: #fff; --bar: #57606a; --own: #0550ae; --line: #d0d7de; }
@media (prefers-color-scheme: dark) { :root { --fg: #e6edf3; --bg: #0d1117; --bar: #9da7b3; --own: #79c0ff; --line: #3a424c; } }
body { margin: 0 auto; max-width: 64rem; padding: 1.5rem; background: var(--bg); color: var(--fg); font: 16px/1.5 system-ui, 'Liberation Sans', sans-serif; }
h2 { margin: 2.2rem 0 .4rem; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .8rem 0 .2rem; }
th, td { text-align: right; padding: .15rem .5rem; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
td.bar { width: 45%; }
td.bar span { display: block; height: .8rem; background: var(--bar); min-width: 1px; }
tr.own td.bar span { background: var(--own); }
tr.own td { font-weight: 600; }
";

/// Draws it.
pub fn page(comparison: &Comparison) -> String {
    let markup: Markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Module proxies side by side" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "Module proxies side by side" }
                p { "One run on one machine: " (comparison.machine) ". Ratios are what counts; "
                    "other machines give other figures. Reproduce: " code { (comparison.command) } }
                h2 { "Warm store" }
                @for group in &comparison.groups { (bars(group)) }
                h2 { "Cold: many clients, one missing module version" }
                table {
                    thead { tr { th { "server" } th { "clients" } th { "answered right" } th { "upstream requests" } th { "for the zip" } th { "seconds" } } }
                    tbody { @for c in &comparison.cold {
                        tr.own[c.server == "twinproof"] {
                            td { (c.server) } td { (c.clients) } td { (c.right) }
                            td { (c.upstream) } td { (c.zips) } td { (format!("{:.2}", c.seconds)) }
                        }
                    } }
                }
                h2 { "go mod download, warm" }
                table {
                    thead { tr { th { "server" } th { "modules" } th { "seconds" } } }
                    tbody { @for d in &comparison.downloads {
                        tr.own[d.server == "twinproof"] {
                            td { (d.server) } td { (d.modules) } td { (format!("{:.2}", d.seconds)) }
                        }
                    } }
                }
                h2 { "Memory" }
                table {
                    thead { tr { th { "server" } th { "after start, MiB" } th { "after the warm run, MiB" } th { "with 10,000 idle connections, MiB" } } }
                    tbody { @for m in &comparison.memory {
                        tr.own[m.server == "twinproof"] {
                            td { (m.server) } td { (mib(m.idle)) } td { (mib(m.worked)) } td { (mib(m.connections)) }
                        }
                    } }
                }
            }
        }
    };
    markup.into_string()
}

/// The target and the number of connections of a group.
pub fn heading(group: &Group) -> String {
    let s = if group.connections == 1 { "" } else { "s" };
    format!("{}, {} connection{s}", group.target, group.connections)
}

fn bars(group: &Group) -> Markup {
    let most = group.rows.iter().map(|r| r.load.per_second).fold(1.0, f64::max);
    html! {
        table {
            caption { (heading(group)) }
            thead { tr { th { "server" } th { "requests/s" } th { "P99" } th { "twinproof / this" } th {} } }
            tbody {
                @for row in &group.rows {
                    tr.own[row.server == "twinproof"] {
                        td { (row.server) }
                        td { (format!("{:.0}", row.load.per_second)) }
                        td { (micros(row.load.p99_micros)) }
                        td { (row.ratio.map_or_else(|| "–".to_owned(), |r| format!("{r:.2}"))) }
                        td.bar { span style=(format!("width:{:.1}%", 100.0 * row.load.per_second / most)) {} }
                    }
                }
            }
        }
    }
}

fn mib(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:.0}"))
}

/// A duration in a unit that reads well.
pub fn micros(micros: f64) -> String {
    if micros < 1000.0 { format!("{micros:.0} µs") } else { format!("{:.1} ms", micros / 1000.0) }
}

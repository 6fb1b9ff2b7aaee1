//! Whether the policy fits both servers, and what is missing, as the statements that mend it.

use super::engine::{Prepared, Tie};
use super::fit::misfits;
use super::lock::{Lock, shape};
use crate::binlog::{Charsets, Flavour};
use crate::defect::{Defect, has};
use crate::flow::{PlanColumn, TablePlan};
use crate::mask::Keys;
use crate::policy::{Policy, TablePolicy, dotted, misfit};
use crate::server::{Failed, Session, Table, quoted_name, read_table};
use crate::sink::{Finding, Staging, Target};
use crate::value::ColumnType;

/// The result of comparing the policy with both servers.
pub struct Examined {
    /// Problems to mend before rows can flow.
    pub findings: Vec<Finding>,
    /// The tables, ready to be copied; those with findings are left out.
    pub tables: Vec<Prepared>,
    /// The source's collations.
    pub charsets: Charsets,
}

/// Looks at both servers.
///
/// # Errors
/// When one does not answer.
pub fn examine(
    policy: &Policy,
    keys: &Keys,
    source: &mut Session,
    staging: &mut dyn Staging,
) -> Result<Examined, Failed> {
    // All findings at once: an operator wants one list, not one message for each run.
    let mut findings = Vec::new();
    variables(source, &mut findings)?;
    rights(source, policy, &mut findings)?;
    findings.extend(staging.missing()?);
    let lock = match Lock::read(&policy.lock) {
        Ok(lock) => lock,
        Err(halt) => {
            findings.push(Finding { what: halt.to_string(), fix: String::new() });
            Lock::default()
        }
    };
    let charsets = source.charsets()?;
    let mut tables = Vec::new();
    for table in &policy.tables {
        let from = read_table(source, &table.source.0, &table.source.1)?;
        let to = staging.table(table, from.as_ref())?;
        let before = findings.len();
        if from.is_none() {
            findings.push(Finding {
                what: format!(
                    "the source has no table {}, or this user may not read it",
                    dotted(&table.source)
                ),
                fix: format!(
                    "GRANT SELECT ON {} TO {};",
                    quoted_name(&table.source),
                    user(source)?
                ),
            });
        }
        if to.is_none() {
            findings.push(Finding {
                what: format!("staging has no table {}", dotted(&table.staging)),
                fix: staging.remedy(table),
            });
        }
        let (Some(from), Some(to)) = (from, to) else { continue };
        if let Some(locked) = lock.table.get(&dotted(&table.source))
            && *locked != shape(&from)
            && !has(Defect::IgnoreShape)
        {
            findings.push(Finding {
                what: format!(
                    "table {} has changed since its classes were decided: {}",
                    dotted(&table.source),
                    changes(locked, &shape(&from))
                ),
                fix: format!(
                    "decide about the change in the policy and in staging, then `twinproof sync \
                     resnapshot {}`",
                    dotted(&table.source)
                ),
            });
        }
        let key = columns(table, &from, &to, &mut findings);
        let refused = from.columns.iter().filter_map(|column| staging.refuses(column));
        findings.extend(refused.map(|(what, fix)| Finding {
            what: format!("{}: {what}", dotted(&table.source)),
            fix,
        }));
        if findings.len() == before {
            match prepare(table, from, to, key, keys) {
                Ok(prepared) => tables.push(prepared),
                Err(finding) => findings.push(finding),
            }
        }
    }
    ties(&mut tables, &mut findings);
    references(&mut tables, staging.follows_keys(), &mut findings);
    Ok(Examined { findings, tables, charsets })
}

/// The lines that were removed or added between two shapes of a table.
fn changes(before: &[String], after: &[String]) -> String {
    let lines = |from: &[String], to: &[String], sign: &str| -> Vec<String> {
        from.iter().filter(|l| !to.contains(l)).map(|l| format!("{sign} {}", l.trim())).collect()
    };
    let all = [lines(before, after, "-"), lines(after, before, "+")].concat();
    if all.is_empty() { "the order of its columns".to_owned() } else { all.join(", ") }
}

fn user(session: &mut Session) -> Result<String, Failed> {
    let user = session.text("asking who this is", "SELECT CURRENT_USER()")?.unwrap_or_default();
    let (name, host) = user.split_once('@').unwrap_or((&user, "%"));
    Ok(format!("'{name}'@'{host}'"))
}

/// Checks the source's variables, without which the binlog lacks what the pipeline needs.
fn variables(source: &mut Session, findings: &mut Vec<Finding>) -> Result<(), Failed> {
    const COMMON: [(&str, &[&str]); 4] = [
        ("log_bin", &["1", "ON"]),
        ("binlog_format", &["ROW"]),
        ("binlog_row_image", &["FULL"]),
        // FULL names the columns, by which they are found again after an ALTER.
        ("binlog_row_metadata", &["FULL"]),
    ];
    const MYSQL: [(&str, &[&str]); 3] = [
        ("gtid_mode", &["ON"]),
        ("enforce_gtid_consistency", &["ON", "1"]),
        // PARTIAL_JSON logs what changed in a document, which cannot be masked without the rest
        // (PeerDB#4538).
        ("binlog_row_value_options", &[""]),
    ];
    const MARIADB: [(&str, &[&str]); 1] = [("log_bin_compress", &["0", "OFF"])];
    let own: &[(&str, &[&str])] = match source.flavour {
        Flavour::Mysql => &MYSQL,
        Flavour::Mariadb => &MARIADB,
    };
    for (name, wanted) in COMMON.iter().chain(own) {
        let sql = format!("SELECT CAST(@@GLOBAL.{name} AS CHAR)");
        let is = match source.text("reading the source's variables", &sql) {
            Ok(value) => value.unwrap_or_default(),
            // MySQL 9 may end a variable whose only value is left.
            Err(failed) if failed.code == Some(1193) => continue,
            Err(failed) => return Err(failed),
        };
        if !wanted.contains(&is.as_str()) {
            let value = wanted.last().copied().unwrap_or_default();
            let fix = match *name {
                "log_bin" => "start the source with --log-bin".to_owned(),
                "gtid_mode" => {
                    "SET GLOBAL gtid_mode = ON; -- step by step, as the manual says".to_owned()
                }
                _ => format!("SET GLOBAL {name} = '{value}';"),
            };
            findings.push(Finding { what: format!("the source's {name} is `{is}`"), fix });
        }
    }
    Ok(())
}

/// The rights of this user at the source.
fn rights(
    source: &mut Session,
    policy: &Policy,
    findings: &mut Vec<Finding>,
) -> Result<(), Failed> {
    let grants = source.texts("reading the grants", "SHOW GRANTS")?;
    let all: String = grants.into_iter().flatten().collect::<Vec<_>>().join("\n").to_uppercase();
    let has = |words: &[&str]| {
        all.contains("ALL PRIVILEGES ON *.*") || words.iter().any(|word| all.contains(word))
    };
    let user = user(source)?;
    if !has(&["REPLICATION SLAVE", "REPLICATION REPLICA"]) {
        findings.push(Finding {
            what: "this user may not read the source's binlog".to_owned(),
            fix: format!("GRANT REPLICATION SLAVE ON *.* TO {user};"),
        });
    }
    for table in &policy.tables {
        let name = quoted_name(&table.source);
        // By a query that reads no row: SHOW GRANTS names roles, not their privileges.
        let asked = source.run("asking", &format!("SELECT 1 FROM {name} LIMIT 0"));
        if asked.is_err_and(|failed| failed.code == Some(1142)) {
            findings.push(Finding {
                what: format!("this user may not read {}", dotted(&table.source)),
                fix: format!("GRANT SELECT ON {name} TO {user};"),
            });
        }
    }
    Ok(())
}

/// Whether every column has a class that fits, and the places of the key's columns.
fn columns(
    policy: &TablePolicy,
    source: &Table,
    staging: &Table,
    findings: &mut Vec<Finding>,
) -> Vec<usize> {
    let table = dotted(&policy.source);
    let mut wrong = |what: String, fix: &str| {
        findings.push(Finding { what: format!("{table}: {what}"), fix: fix.to_owned() });
    };
    let place = |name: &str| source.columns.iter().position(|c| &*c.name == name);
    for name in policy.columns.keys().filter(|name| place(name).is_none()) {
        wrong(format!("the source has no column `{name}`"), "take it out of the policy");
    }
    if !staging.triggers.is_empty() && !has(Defect::AutoNumber) {
        let names = staging.triggers.join("`, `");
        wrong(
            format!("staging has triggers on it: `{names}`"),
            "drop them: they would change rows",
        );
    }
    if !staging.engine.eq_ignore_ascii_case("innodb") {
        let fix = format!("ALTER TABLE {} ENGINE = InnoDB;", quoted_name(&policy.staging));
        wrong(format!("staging's engine is {}, without transactions", staging.engine), &fix);
    }
    for column in &source.columns {
        let name = &column.name;
        let Some(named) = policy.columns.get(&**name) else {
            let comment = if column.comment.is_empty() {
                String::new()
            } else {
                format!(", its comment is \"{}\"", column.comment)
            };
            wrong(
                format!("column `{name}` ({}) has no class{comment}", column.written),
                &format!("{name} = \"…\" under [table.columns], `public` or a class with a mask"),
            );
            continue;
        };
        if column.column.is_none() {
            wrong(
                format!("column `{name}` is {}, a type that is not known here", column.written),
                "leave the table out",
            );
            continue;
        }
        let Some(held) = staging.columns.iter().find(|c| c.name == *name) else {
            wrong(format!("staging has no column `{name}`"), "add it");
            continue;
        };
        if held.generated {
            if !named.transformer.is_keep() && !column.generated {
                wrong(format!("staging computes column `{name}` itself"), "make it a plain column");
            }
            continue;
        }
        for misfit in misfits(named, column, held) {
            wrong(misfit, "change staging's column, or the class");
        }
    }
    for held in &staging.columns {
        if !held.generated && place(&held.name).is_none() {
            wrong(
                format!("staging has a column `{}` that the source has not", held.name),
                "drop it",
            );
        }
    }
    if let Some(predicate) = &policy.predicate {
        for name in predicate.columns() {
            let kind = place(name).and_then(|i| source.columns[i].column.as_ref()).map(|c| c.kind);
            if let Some(literal) = kind.and_then(|kind| predicate.mismatch(name, kind)) {
                wrong(
                    format!(
                        "`where` compares column `{name}` with {literal}, which is not of its type"
                    ),
                    "write the literal in the column's type",
                );
            }
        }
    }
    let named: Vec<String> = match &policy.key[..] {
        [] => source.keys.first().cloned().unwrap_or_default(),
        named => named.to_vec(),
    };
    if named.is_empty() {
        wrong(
            "it has no primary key, and no unique key without NULL".to_owned(),
            "add one: without a key no row can be found again",
        );
    } else if !source
        .keys
        .iter()
        .any(|key| key.iter().all(|c| named.contains(c)) && key.len() == named.len())
    {
        wrong(
            format!("`{}` is no unique key without NULL", named.join("`, `")),
            "name one as `key`",
        );
    }
    let by = |key: &Vec<String>| key.len() == named.len() && key.iter().all(|c| named.contains(c));
    if !named.is_empty() && !staging.keys.iter().any(by) {
        wrong(
            format!("`{}` is no unique key in staging", named.join("`, `")),
            "make it staging's primary key",
        );
    }
    for name in &named {
        if let Some(class) = policy.columns.get(name)
            && !class.transformer.keeps_keys()
        {
            wrong(
                format!(
                    "key column `{name}` is of class `{}`, whose mask does not keep keys apart",
                    class.class
                ),
                "keys are public, `token`, `deterministic` or `format`",
            );
        }
    }
    named.iter().filter_map(|name| place(name)).collect()
}

fn prepare(
    policy: &TablePolicy,
    source: Table,
    staging: Table,
    key: Vec<usize>,
    keys: &Keys,
) -> Result<Prepared, Finding> {
    let columns = source.columns.iter().filter_map(|column| {
        Some(PlanColumn {
            name: column.name.clone(),
            column: column.column.clone()?,
            named: policy.columns.get(&*column.name)?.clone(),
        })
    });
    let columns: Vec<PlanColumn> = columns.collect();
    let types: Vec<ColumnType> = columns.iter().map(|c| c.column.clone()).collect();
    let name = dotted(&policy.source);
    let plan = TablePlan::new(name.as_str().into(), columns, key.clone(), keys).map_err(|e| {
        Finding { what: format!("{name}: {e}"), fix: "put the key into the ring".into() }
    })?;
    let written = source
        .columns
        .iter()
        .enumerate()
        .filter(|(_, c)| staging.columns.iter().any(|held| held.name == c.name && !held.generated))
        .map(|(i, _)| i)
        .collect();
    let asked = policy.predicate.as_ref().map(|predicate| {
        let place =
            |name: &String| source.columns.iter().position(|c| c.name.eq_ignore_ascii_case(name));
        predicate.columns().iter().filter_map(place).collect::<Vec<usize>>()
    });
    let target = Target {
        name: quoted_name(&policy.staging),
        place: policy.staging.clone(),
        columns: source
            .columns
            .iter()
            .zip(&types)
            .map(|(c, t)| (c.name.clone(), t.charset.clone()))
            .collect(),
        written,
        key,
        lenient: false,
        cascades: false,
    };
    Ok(Prepared::new(policy.clone(), source, staging, plan, target, asked))
}

/// Finds the tables that each table follows. A table that cannot follow is left out.
fn ties(tables: &mut Vec<Prepared>, findings: &mut Vec<Finding>) {
    let mut wrong = Vec::new();
    loop {
        let refused = tables.iter().position(|table| {
            table.policy.follows.iter().any(|follow| {
                let parent = tables.iter().find(|t| t.policy.source == follow.parent);
                let finding = match parent {
                    None => Some(Finding {
                        what: format!(
                            "{} follows {}, which is not copied yet",
                            dotted(&table.policy.source),
                            dotted(&follow.parent)
                        ),
                        fix: format!("mend what is said of {}", dotted(&follow.parent)),
                    }),
                    Some(parent) => tie_fits(table, follow, parent),
                };
                wrong.extend(finding);
                !wrong.is_empty()
            })
        });
        findings.append(&mut wrong);
        match refused {
            Some(place) => drop(tables.remove(place)),
            None => break,
        }
    }
    let place = |name: &(String, String)| tables.iter().position(|t| t.policy.source == *name);
    let mut all = Vec::new();
    for table in tables.iter() {
        let columns = &table.source.columns;
        let tie = |follow: &crate::policy::Follow| {
            let at = |name: &String| columns.iter().position(|c| *c.name == **name);
            Some(Tie {
                parent: place(&follow.parent)?,
                by: follow.by.iter().filter_map(at).collect(),
            })
        };
        all.push(table.policy.follows.iter().filter_map(tie).collect::<Vec<Tie>>());
    }
    for (child, ties) in all.into_iter().enumerate() {
        for tie in &ties {
            if !tables[tie.parent].followers.contains(&child) {
                tables[tie.parent].followers.push(child);
            }
        }
        // Rows that the source changes may not be in staging, because their parent is not.
        tables[child].target.lenient |= !ties.is_empty();
        tables[child].follows = ties;
    }
}

/// The reason why a table cannot follow another; `None` if it can.
fn tie_fits(
    table: &Prepared,
    follow: &crate::policy::Follow,
    parent: &Prepared,
) -> Option<Finding> {
    let key: Vec<String> =
        parent.target.key.iter().map(|k| parent.source.columns[*k].name.to_string()).collect();
    if let Some((what, fix)) = misfit(&table.policy, follow, &parent.policy, &key) {
        return Some(Finding { what, fix });
    }
    let name = dotted(&table.policy.source);
    let kind = |table: &Prepared, column: &String| {
        let column = table.source.columns.iter().find(|c| *c.name == **column)?;
        column.column.as_ref().map(|c| c.kind)
    };
    let mut pairs = follow.by.iter().zip(&key);
    if let Some((by, of)) = pairs.find(|(by, of)| kind(table, by) != kind(parent, of)) {
        return Some(Finding {
            what: format!(
                "{name}: column `{by}` is of another type than {}'s `{of}`",
                dotted(&follow.parent)
            ),
            fix: "give both columns one type".to_owned(),
        });
    }
    let refers = table.source.parents.iter().find(|key| {
        key.parent == follow.parent && key.columns.iter().any(|(from, _)| follow.by.contains(from))
    });
    refers.filter(|key| key.on_delete.starts_with("SET ")).map(|key| Finding {
        what: format!(
            "{name}: foreign key `{}` changes rows when their parent goes, which the binlog may not \
             tell; rows of a parent that does not pass would come without it",
            key.name
        ),
        fix: "make it ON DELETE RESTRICT or CASCADE at the source, or take `follows` out".to_owned(),
    })
}

/// Checks foreign keys whose actions change rows at the source: not every binlog records these
/// changes.
fn references(tables: &mut [Prepared], follows_keys: bool, findings: &mut Vec<Finding>) {
    let names: Vec<(String, String)> = tables.iter().map(|t| t.policy.source.clone()).collect();
    for child in 0..tables.len() {
        for foreign in tables[child].source.parents.clone() {
            let Some(parent) = names.iter().position(|name| *name == foreign.parent) else {
                continue;
            };
            let acts = |rule: &str| matches!(rule, "CASCADE" | "SET NULL" | "SET DEFAULT");
            let table = dotted(&names[child]);
            if acts(&foreign.on_update) {
                findings.push(Finding {
                    what: format!("{table}: foreign key `{}` changes rows when its parent's key changes, which the binlog may not tell", foreign.name),
                    fix: "make it ON UPDATE RESTRICT at the source, or leave the table out".to_owned(),
                });
            }
            if !acts(&foreign.on_delete) {
                continue;
            }
            let staged = tables[child].staging.parents.iter().any(|held| {
                held.columns == foreign.columns
                    && held.on_delete == foreign.on_delete
                    && held.parent == tables[parent].policy.staging
            });
            if !staged {
                findings.push(Finding {
                    what: format!("{table}: foreign key `{}` takes rows with their parent, and staging has none like it", foreign.name),
                    fix: match follows_keys {
                        true => format!("add the same foreign key, ON DELETE {}, in staging", foreign.on_delete),
                        false => "make it ON DELETE RESTRICT at the source, or leave the table out: topics have no foreign keys, and the binlog may not tell of these rows".to_owned(),
                    },
                });
            }
            let filtered =
                tables[parent].policy.predicate.is_some() || !tables[parent].follows.is_empty();
            // Where staging has no foreign keys, they are refused above in any case.
            if follows_keys
                && filtered
                && !tables[child].follows.iter().any(|tie| tie.parent == parent)
            {
                let columns: Vec<String> =
                    foreign.columns.iter().map(|(column, _)| format!("\"{column}\"")).collect();
                findings.push(Finding {
                    what: format!("{table}: foreign key `{}` takes rows with their parent, also with one that does not pass and is not in staging, where nothing would take them", foreign.name),
                    fix: format!("follows = [{{ table = \"{}\", by = [{}] }}] in the table's part of the policy", dotted(&foreign.parent), columns.join(", ")),
                });
            }
            tables[parent].target.cascades = true;
            tables[child].target.lenient = true;
        }
    }
}

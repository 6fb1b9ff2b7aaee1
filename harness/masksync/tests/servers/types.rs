//! Every column type: the same value gives the same cell, by snapshot and by stream.

use crate::world::{World, each};
use twinproof_pipeline::Flavour;
use twinproof_testkit::Outcome;

const COLUMNS: [(&str, &str, &str); 27] = [
    ("tiny", "TINYINT", "-128"),
    ("utiny", "TINYINT UNSIGNED", "255"),
    ("small", "SMALLINT", "-32768"),
    ("medium", "MEDIUMINT", "-8388608"),
    ("umedium", "MEDIUMINT UNSIGNED", "16777215"),
    ("big", "BIGINT", "-9223372036854775808"),
    ("ubig", "BIGINT UNSIGNED", "18446744073709551615"),
    ("y", "YEAR", "0"),
    ("b", "BIT(10)", "b'1100110011'"),
    ("deci", "DECIMAL(20,5)", "-1234567.10000"),
    ("f", "FLOAT", "0.1"),
    ("d", "DOUBLE", "-1.0E-300"),
    ("da", "DATE", "'0000-00-00'"),
    ("da2", "DATE", "'2023-00-15'"),
    ("ti", "TIME(3)", "'-838:59:58.999'"),
    ("dt", "DATETIME(6)", "'2026-11-26 12:00:00.000001'"),
    ("ts", "TIMESTAMP(2) NULL", "'2026-11-26 12:00:00.99'"),
    ("c", "CHAR(5) CHARACTER SET utf8mb4", "'é '"),
    ("l", "VARCHAR(9) CHARACTER SET latin1", "x'80e9'"),
    ("u", "VARCHAR(9) CHARACTER SET utf16", "'€😀'"),
    ("t", "TEXT CHARACTER SET utf8mb4", "'emoji 😀, quote \\', back \\\\, nul \\0'"),
    ("bi", "BINARY(5)", "x'ff00'"),
    ("vb", "VARBINARY(9)", "x'00ff'"),
    ("bl", "BLOB", "x'deadbeef'"),
    ("e", "ENUM('VIP','NÖRMAL') CHARACTER SET latin1", "'NÖRMAL'"),
    ("s", "SET('a','b','c')", "'a,c'"),
    ("empty", "VARCHAR(9)", "''"),
];

fn definition(columns: &[(&str, &str, &str)], of: impl Fn(&str) -> String) -> String {
    let columns: Vec<String> =
        columns.iter().map(|(name, kind, _)| format!("`{name}` {}", of(kind))).collect();
    format!("(id INT PRIMARY KEY, {}) DEFAULT CHARSET utf8mb4", columns.join(", "))
}

fn policy(columns: &[(&str, &str, &str)], class: &str) -> String {
    let lines: Vec<String> =
        columns.iter().map(|(name, ..)| format!("{name} = \"{class}\"")).collect();
    format!("[table.columns]\nid = \"public\"\n{}\n", lines.join("\n"))
}

#[test]
fn the_same_value_gives_the_same_cell_by_snapshot_and_by_stream() -> Outcome {
    each(|mut world| {
        let mut columns = COLUMNS.to_vec();
        if world.kind == Flavour::Mysql {
            let document =
                "'{\"tel\": \"138\", \"n\": [1, 2.50, 1e3, -7, null, true], \"long name\": {}}'";
            columns.push(("j", "JSON", document));
        }
        let columns = &columns[..];
        let kept = definition(columns, str::to_owned);
        world.table("kept", &kept, &kept, &policy(columns, "public"));
        let token = |_: &str| "VARCHAR(1000) CHARACTER SET ascii COLLATE ascii_bin".to_owned();
        let tokens = definition(columns, |kind| match kind {
            "TEXT CHARACTER SET utf8mb4" | "BLOB" | "JSON" => {
                "LONGTEXT CHARACTER SET ascii COLLATE ascii_bin".to_owned()
            }
            kind => token(kind),
        });
        world.table("masked", &kept, &tokens, &policy(columns, "mail"));
        let values: Vec<&str> = columns.iter().map(|(.., value)| *value).collect();
        let names: Vec<String> = columns.iter().map(|(name, ..)| format!("`{name}`")).collect();
        let nulls = vec!["NULL"; columns.len()];
        let insert = |id: i32| {
            let mut statements = vec![
                "SET time_zone = 'SYSTEM'".to_owned(),
                "SET sql_mode = 'ALLOW_INVALID_DATES'".to_owned(),
            ];
            for table in ["kept", "masked"] {
                let (values, nulls) = (values.join(", "), nulls.join(", "));
                statements.push(format!(
                    "INSERT INTO shop.{table} VALUES ({id}, {values}), ({}, {nulls})",
                    id + 100
                ));
            }
            statements
        };
        let run = |world: &World, id| {
            let statements = insert(id);
            let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
            world.at_source(&statements);
            world.sync().unwrap();
        };
        run(&world, 1);
        run(&world, 2);
        for table in ["kept", "masked"] {
            for name in &names {
                let of = |id: i32| {
                    world.staged(&format!("SELECT HEX({name}) FROM shop.{table} WHERE id = {id}"))
                };
                assert_eq!(of(1), of(2), "{:?}: {table}.{name}", world.kind);
                assert_eq!(of(101), ["NULL"], "{table}.{name}");
                assert_eq!(of(102), ["NULL"], "{table}.{name}");
            }
        }
        world.assert_equal();
        // An update of another column leaves all cells as they are.
        world.at_source(&["UPDATE shop.kept SET tiny = 1", "UPDATE shop.masked SET tiny = 1"]);
        world.sync().unwrap();
        world.assert_equal();
    })
}

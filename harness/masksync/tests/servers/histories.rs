//! Histories that went wrong elsewhere, each with its kind, and what halts the stream.

use crate::world::{World, each, programs, run_all};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use twinproof_masksync::pipeline::{Difference, VerifyOptions};
use twinproof_masksync::server::Role;
use twinproof_masksync::value::Cell;
use twinproof_pipeline::Flavour;
use twinproof_testkit::Outcome;

const USERS: &str = "(id BIGINT UNSIGNED PRIMARY KEY, user_type VARCHAR(16), \
    phone VARCHAR(20), mail VARCHAR(40)) DEFAULT CHARSET utf8mb4";
const STAGED: &str = "(id BIGINT UNSIGNED PRIMARY KEY, user_type VARCHAR(16), \
    phone VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin, \
    mail VARCHAR(300) CHARACTER SET ascii COLLATE ascii_bin) DEFAULT CHARSET utf8mb4";
const POLICY: &str = "where = \"user_type NOT IN ('VIP', 'CORP')\"\n[table.columns]\n\
    id = \"public\"\nuser_type = \"public\"\nphone = \"phone\"\nmail = \"mail\"\n";

fn users(world: &mut World) {
    world.table("users", USERS, STAGED, POLICY);
    world.at_source(&["INSERT INTO shop.users VALUES (1, 'N', '13800001111', 'a@x')"]);
    world.sync().unwrap();
}

fn count(world: &World) -> usize {
    world.staged("SELECT id FROM shop.users").len()
}

const STAGED_ROWS: &str = "SELECT * FROM shop.users ORDER BY id";

/// The stream halts with this in its message, names no value, and stays where it is.
fn assert_halts(world: &World, with: &str) {
    let before = count(world);
    for _ in 0..2 {
        let halt = world.sync().unwrap_err().to_string();
        assert!(halt.contains(with), "{:?}: {halt}", world.kind);
        assert!(!halt.contains("138"), "{halt}");
        assert_eq!(count(world), before);
    }
}

#[test]
fn a_row_image_that_is_not_full_halts_with_its_remedy_until_the_snapshot_is_renewed() -> Outcome {
    each(|mut world| {
        users(&mut world);
        world.at_source(&[
            "SET SESSION binlog_row_image = MINIMAL",
            "UPDATE shop.users SET user_type = 'VIP' WHERE id = 1",
        ]);
        assert_halts(&world, "SET GLOBAL binlog_row_image = FULL");
        world.resnapshot("shop.users").unwrap();
        world.at_source(&["INSERT INTO shop.users VALUES (2, 'N', '13800002222', 'b')"]);
        world.sync().unwrap();
        assert_eq!(world.staged("SELECT id FROM shop.users"), ["Bytes(\"2\")"].map(|_| "2"));
        world.assert_equal();
    })
}

#[test]
fn rows_without_blobs_in_their_image_halt() -> Outcome {
    each(|mut world| {
        world.table("users", &USERS.replace("mail VARCHAR(40)", "mail TEXT"), STAGED, "");
        world.set_policy(|p| format!("{p}{POLICY}").replace("mail = \"mail\"", "mail = \"name\""));
        world.at_source(&["INSERT INTO shop.users VALUES (1, 'N', '13800001111', 'a@x')"]);
        world.sync().unwrap();
        world.at_source(&[
            "SET SESSION binlog_row_image = NOBLOB",
            "UPDATE shop.users SET user_type = 'M' WHERE id = 1",
        ]);
        assert_halts(&world, "binlog_row_image");
    })
}

#[test]
fn statements_instead_of_rows_halt() -> Outcome {
    each(|mut world| {
        users(&mut world);
        world.at_source(&[
            "SET SESSION binlog_format = STATEMENT",
            "INSERT INTO shop.users VALUES (2, 'N', '13800002222', 'b')",
        ]);
        assert_halts(&world, "logged as a statement");
    })
}

#[test]
fn a_new_column_halts_and_is_named() -> Outcome {
    each(|mut world| {
        users(&mut world);
        world.at_source(&["ALTER TABLE shop.users ADD tel VARCHAR(20) DEFAULT '13899998888'"]);
        let halt = world.sync().unwrap_err().to_string();
        assert!(halt.contains("column `tel` (varchar(20)) has no class"), "{halt}");
        assert!(!halt.contains("13899998888"), "{halt}");
        world.staging_is(&[
            "ALTER TABLE shop.users ADD tel VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin",
        ]);
        world.set_policy(|policy| format!("{policy}tel = \"phone\"\n"));
        // A decision is made for the shape that the lock has, not for any that comes.
        let halt = world.sync().unwrap_err().to_string();
        assert!(halt.contains("has changed since its classes were decided"), "{halt}");
        world.resnapshot("shop.users").unwrap();
        world.sync().unwrap();
        assert_eq!(
            world.staged("SELECT tel IS NOT NULL AND tel <> '13899998888' FROM shop.users"),
            ["1"]
        );
        world.assert_equal();
    })
}

#[test]
fn a_table_that_is_filled_aside_and_renamed_halts() -> Outcome {
    each(|mut world| {
        users(&mut world);
        world.at_source(&[
            "USE shop",
            "CREATE TABLE _u_gho LIKE users",
            "INSERT INTO _u_gho SELECT * FROM users",
            "INSERT INTO _u_gho VALUES (7, 'N', '13800007777', 'g')",
            "RENAME TABLE users TO _u_del, _u_gho TO users",
        ]);
        assert_halts(&world, "changes the shape or name of shop.users");
    })
}

#[test]
fn an_enum_whose_labels_were_reordered_keeps_the_label_of_the_event() -> Outcome {
    each(|mut world| {
        let kind = "user_type ENUM('VIP','NORMAL')";
        let source = USERS.replace("user_type VARCHAR(16)", kind);
        world.table("users", &source, &STAGED.replace("user_type VARCHAR(16)", kind), POLICY);
        world.at_source(&["INSERT INTO shop.users VALUES (1, 'NORMAL', '1', 'a')"]);
        world.sync().unwrap();
        assert_eq!(count(&world), 1);
        world.at_source(&[
            "INSERT INTO shop.users VALUES (2, 'VIP', '13800001111', 'b')",
            "ALTER TABLE shop.users MODIFY user_type ENUM('NORMAL','VIP')",
            "INSERT INTO shop.users VALUES (3, 'NORMAL', '1', 'c')",
        ]);
        // The change of shape is reported; what came before it is decided by its own labels.
        assert!(world.sync().is_err());
        assert_eq!(count(&world), 1);
    })
}

#[test]
fn compressed_transactions_are_read() -> Outcome {
    each(|mut world| {
        if world.kind != Flavour::Mysql {
            return;
        }
        users(&mut world);
        let rows: Vec<String> =
            (10..2010).map(|i| format!("({i}, 'N', '138{i:08}', 'm{i}')")).collect();
        world.at_source(&[
            "SET SESSION binlog_transaction_compression = ON",
            &format!("INSERT INTO shop.users VALUES {}", rows.join(",")),
        ]);
        world.sync().unwrap();
        assert_eq!(count(&world), 2001);
        world.assert_equal();
    })
}

#[test]
fn prepared_transactions_arrive_when_they_are_committed_and_not_before() -> Outcome {
    each(|mut world| {
        users(&mut world);
        let begin = [
            "XA START 'x'",
            "INSERT INTO shop.users VALUES (5, 'N', '1', 'a')",
            "XA END 'x'",
            "XA PREPARE 'x'",
        ];
        if world.kind == Flavour::Mariadb {
            world.at_source(&[&begin[..], &["XA ROLLBACK 'x'"]].concat());
            assert_halts(&world, "prepared transaction (XA)");
            return;
        }
        world.at_source(&[&begin[..], &["XA ROLLBACK 'x'"]].concat());
        world.sync().unwrap();
        assert_eq!(count(&world), 1);
        world.at_source(&begin);
        world.at_source(&["INSERT INTO shop.users VALUES (6, 'N', '1', 'a')"]);
        // The one that is open is left out of the position, and read again.
        let halfway = world.sync_for(std::time::Duration::from_secs(3));
        assert!(halfway.is_ok(), "{halfway:?}");
        assert_eq!(world.staged("SELECT id FROM shop.users"), ["1", "6"]);
        world.at_source(&["XA COMMIT 'x'"]);
        world.sync().unwrap();
        assert_eq!(world.staged("SELECT id FROM shop.users"), ["1", "5", "6"]);
        world.assert_equal();
    })
}

#[test]
fn tagged_transactions_are_resumed_exactly() -> Outcome {
    each(|mut world| {
        if world.kind != Flavour::Mysql {
            return;
        }
        users(&mut world);
        for i in 2..6 {
            world.at_source(&[
                "SET gtid_next = 'AUTOMATIC:ops'",
                &format!("INSERT INTO shop.users VALUES ({i}, 'N', '1', 'a')"),
            ]);
            world.sync().unwrap();
        }
        assert_eq!(count(&world), 5);
        assert!(world.staged("SELECT position FROM twinproof_sync.state")[0].contains(":ops:"));
        world.assert_equal();
    })
}

#[test]
fn partial_json_halts_with_its_remedy() -> Outcome {
    each(|mut world| {
        if world.kind != Flavour::Mysql {
            return;
        }
        world.table(
            "docs",
            "(id INT PRIMARY KEY, d JSON)",
            "(id INT PRIMARY KEY, d JSON)",
            "[table.columns]\nid = \"public\"\nd = \"profile\"\n",
        );
        let class = "[class.profile]\nmask = { json = { paths = [{ path = \"$..tel\", class = \"name\" }] } }\n";
        world.set_policy(|policy| {
            policy.replacen("[class.note]", &format!("{class}[class.note]"), 1)
        });
        world.at_source(&["INSERT INTO shop.docs VALUES (1, '{\"tel\": \"13800001111\", \"a\": \"13800001111\"}')"]);
        world.sync().unwrap();
        assert!(!world.staged("SELECT d FROM shop.docs")[0].contains("138"));
        world.assert_equal();
        world.at_source(&[
            "SET SESSION binlog_row_value_options = PARTIAL_JSON",
            "UPDATE shop.docs SET d = JSON_SET(d, '$.tel', '13800002222')",
        ]);
        let halt = world.sync().unwrap_err().to_string();
        assert!(halt.contains("binlog_row_value_options"), "{halt}");
    })
}

#[test]
fn children_go_with_their_parent_once() -> Outcome {
    each(|mut world| {
        users(&mut world);
        let orders = "(id INT PRIMARY KEY, user_id BIGINT UNSIGNED, \
                      FOREIGN KEY (user_id) REFERENCES shop.users (id) ON DELETE CASCADE)";
        let policy = "follows = [{ table = \"shop.users\", by = [\"user_id\"] }]\n\
                      [table.columns]\nid = \"public\"\nuser_id = \"public\"\n";
        world.table("orders", orders, orders, policy);
        world.at_source(&[
            "INSERT INTO shop.users VALUES (2, 'N', '1', 'b')",
            "INSERT INTO shop.orders VALUES (1, 1), (2, 1), (3, 2)",
        ]);
        world.sync().unwrap();
        world.at_source(&["DELETE FROM shop.users WHERE id = 1"]);
        world.sync().unwrap();
        assert_eq!(world.staged("SELECT id FROM shop.orders"), ["3"]);
        world.assert_equal();
    })
}

#[test]
fn rows_that_the_source_changed_in_silence_are_found() -> Outcome {
    each(|mut world| {
        users(&mut world);
        world.at_source(&[
            "INSERT INTO shop.users VALUES (2, 'N', '13800002222', 'b'), (3, 'N', '13800003333', 'c'), \
             (4, 'VIP', '13800004444', 'd'), (5, 'N', '13800005555', 'e'), (6, 'N', '13800006666', 'f')",
        ]);
        world.sync().unwrap();
        world.assert_equal();
        world.staging_is(&[
            "UPDATE shop.users SET user_type = 'M' WHERE id = 1",
            "DELETE FROM shop.users WHERE id = 2",
            "INSERT INTO shop.users VALUES (9, 'N', NULL, NULL), (4, 'VIP', NULL, NULL)",
            "UPDATE shop.users SET phone = '13800003333' WHERE id = 3",
            "UPDATE shop.users a JOIN shop.users b ON b.id = 6 SET a.phone = b.phone WHERE a.id = 5",
        ]);
        let found: Vec<(Difference, String)> =
            world.verify().differences.into_keys().map(|(d, _, column)| (d, column)).collect();
        let expected = [
            (Difference::Forbidden, ""),
            (Difference::Missing, ""),
            (Difference::Extra, ""),
            (Difference::Differs, "user_type"),
            (Difference::Plaintext, "phone"),
            (Difference::MovedToken, "phone"),
        ];
        assert_eq!(found, expected.map(|(d, column)| (d, column.to_owned())));
        let repairing = VerifyOptions { repair: true, ..VerifyOptions::default() };
        let verified = world.verify_with(repairing);
        assert_eq!((verified.differences.len(), verified.queued), (6, 6));
        assert!(verified.unrepaired.is_empty());
        let queue = "SELECT HEX(sealed) FROM twinproof_sync.repairs";
        assert_eq!(world.staged(queue).len(), 6);
        world.sync().unwrap();
        assert!(world.staged(queue).is_empty());
        world.assert_equal();
        // Changes that the source does not log are found by comparing only.
        world.at_source(&["SET sql_log_bin = 0", "UPDATE shop.users SET mail = 'z' WHERE id = 1"]);
        world.sync().unwrap();
        let found = world.verify().differences.into_keys().next().unwrap();
        assert_eq!((found.0, found.2.as_str()), (Difference::Differs, "mail"));
    })
}

#[test]
fn rows_are_copied_again_while_the_source_changes_them() -> Outcome {
    each(|mut world| {
        // A unique value moves from row to row.
        let unique = |shape: &str| shape.replace("VARCHAR(16)", "VARCHAR(16) UNIQUE");
        world.table("users", &unique(USERS), &unique(STAGED), POLICY);
        world.at_source(&[
            "INSERT INTO shop.users VALUES (1, 'A', '138', 'a'), (2, 'B', '138', 'b'), \
            (3, 'C', '138', 'c'), (4, 'VIP', '138', 'd')",
        ]);
        world.sync().unwrap();
        let running = world.start();
        let stop = Arc::new(AtomicBool::new(false));
        let writer = {
            let (mut conn, stop) = (world.source(), Arc::clone(&stop));
            std::thread::spawn(move || {
                let mut round = 0;
                while !stop.load(Ordering::SeqCst) {
                    round += 1;
                    run_all(
                        &mut conn,
                        &[
                            "START TRANSACTION",
                            "UPDATE shop.users SET user_type = 'X' WHERE id = 1",
                            "UPDATE shop.users SET user_type = 'A' WHERE id = 2",
                            "UPDATE shop.users SET user_type = 'B' WHERE id = 1",
                            "COMMIT",
                            &format!("UPDATE shop.users SET mail = 'c{round}' WHERE id = 3"),
                            "UPDATE shop.users SET user_type = IF(user_type = 'VIP', 'D', 'VIP') WHERE id = 4",
                            "START TRANSACTION",
                            "UPDATE shop.users SET user_type = 'X' WHERE id = 2",
                            "UPDATE shop.users SET user_type = 'A' WHERE id = 1",
                            "UPDATE shop.users SET user_type = 'B' WHERE id = 2",
                            "COMMIT",
                        ],
                    );
                }
                round
            })
        };
        let setting = world.setting().unwrap();
        let mut staging = setting.staging.connect(Role::Write).unwrap();
        for _ in 0..5 {
            let key = |id: u64| vec![Cell::UInt(id)];
            let keys: Vec<_> = (1..=5).map(key).collect();
            setting.state.add_repairs(&mut staging, "shop.users", &keys).unwrap();
            world.wait_for("SELECT id FROM twinproof_sync.repairs", 0);
        }
        stop.store(true, Ordering::SeqCst);
        assert!(writer.join().unwrap() > 5);
        world.assert_equal();
        running.stop.set();
        running.join().unwrap().unwrap();
    })
}

#[test]
fn a_row_that_follows_others_or_has_a_masked_key_is_not_copied_alone() -> Outcome {
    each(|mut world| {
        let shape = "(mail VARCHAR(40) PRIMARY KEY, n INT) DEFAULT CHARSET utf8mb4";
        let staged = shape.replace("(40)", "(300) CHARACTER SET ascii COLLATE ascii_bin");
        world.table("keyed", shape, &staged, "[table.columns]\nmail = \"mail\"\nn = \"public\"\n");
        world.at_source(&["INSERT INTO shop.keyed VALUES ('a@x', 1), ('b@x', 2)"]);
        world.sync().unwrap();
        world.staging_is(&[
            "INSERT INTO shop.keyed VALUES ('extra', 1)",
            "UPDATE shop.keyed SET n = 7 WHERE n = 2",
        ]);
        let repairing = VerifyOptions { repair: true, ..VerifyOptions::default() };
        let verified = world.verify_with(repairing);
        assert_eq!(verified.queued, 1);
        let unrepaired = verified.unrepaired.join("; ");
        assert!(unrepaired.starts_with("shop.keyed: 1 rows whose key"), "{unrepaired}");
        // The queue is in staging, and has no key in plain.
        let sealed = world.staged("SELECT HEX(sealed) FROM twinproof_sync.repairs").concat();
        assert!(!sealed.contains("6240") && !sealed.contains("39382C"), "{sealed}");
        world.sync().unwrap();
        assert_eq!(world.staged("SELECT n FROM shop.keyed ORDER BY n"), ["1", "1", "2"]);
    })
}

#[test]
fn an_instance_that_was_replaced_does_not_write() -> Outcome {
    each(|mut world| {
        users(&mut world);
        let running = world.start();
        world.at_source(&["INSERT INTO shop.users VALUES (2, 'N', '1', 'b')"]);
        world.wait_for("SELECT id FROM shop.users", 2);
        // The second instance takes over and ends; the first may not write any more.
        world.sync().unwrap();
        world.at_source(&["INSERT INTO shop.users VALUES (3, 'N', '1', 'c')"]);
        let halt = running.join().unwrap().unwrap_err().to_string();
        let fenced = halt.contains("another instance has taken over");
        // The source itself ends the stream of a second reader with the same number.
        assert!(fenced || halt.contains("same server"), "{halt}");
        assert_eq!(count(&world), 2);
        world.sync().unwrap();
        world.assert_equal();
    })
}

#[test]
fn a_source_that_restarts_is_waited_for() -> Outcome {
    each(|mut world| {
        users(&mut world);
        let running = world.start();
        world.at_source(&["INSERT INTO shop.users VALUES (2, 'N', '1', 'b')"]);
        world.wait_for("SELECT id FROM shop.users", 2);
        world.source.restart().unwrap();
        world.at_source(&["INSERT INTO shop.users VALUES (3, 'N', '1', 'c')"]);
        world.wait_for("SELECT id FROM shop.users", 3);
        world.staging.restart().unwrap();
        world.at_source(&["INSERT INTO shop.users VALUES (4, 'N', '1', 'd')"]);
        world.wait_for("SELECT id FROM shop.users", 4);
        running.stop.set();
        running.join().unwrap().unwrap();
        world.assert_equal();
    })
}

#[test]
fn a_purged_binlog_is_reported() -> Outcome {
    each(|mut world| {
        users(&mut world);
        world.at_source(&["INSERT INTO shop.users VALUES (2, 'N', '1', 'b')", "FLUSH BINARY LOGS"]);
        world.at_source(&["INSERT INTO shop.users VALUES (3, 'N', '1', 'b')"]);
        let last = {
            let mut source = world.source();
            let rows: Vec<mysql::Row> =
                mysql::prelude::Queryable::query(&mut source, "SHOW BINARY LOGS").unwrap();
            rows.last().unwrap().get::<String, _>(0).unwrap()
        };
        // A file that is still being read is not purged.
        std::thread::sleep(std::time::Duration::from_secs(2));
        run_all(&mut world.source(), &[&format!("PURGE BINARY LOGS TO '{last}'")]);
        let halt = world.sync().unwrap_err().to_string();
        assert!(halt.contains("1236"), "{halt}");
        // With every table's snapshot renewed the stream begins after what was purged.
        world.resnapshot("shop.users").unwrap();
        world.at_source(&["INSERT INTO shop.users VALUES (4, 'N', '1', 'b')"]);
        world.sync().unwrap();
        assert_eq!(count(&world), 4);
        world.assert_equal();
    })
}

#[test]
fn a_position_that_was_set_back_is_refused_until_the_snapshots_are_renewed() -> Outcome {
    each(|mut world| {
        users(&mut world);
        let position = "SELECT position FROM twinproof_sync.state";
        let before = world.staged(position).concat();
        world.at_source(&["UPDATE shop.users SET phone = '13800005555' WHERE id = 1"]);
        world.sync().unwrap();
        let (last, staged) = (world.staged(position).concat(), world.staged(STAGED_ROWS));
        let set = |to: &str| {
            world.staging_is(&[&format!("UPDATE twinproof_sync.state SET position = '{to}'")]);
        };
        set(&before);
        assert_halts(&world, "the position in staging is not the one that this program wrote last");
        assert_eq!(world.staged(STAGED_ROWS), staged);
        // Put back, it goes on as if nothing had been.
        set(&last);
        world.sync().unwrap();
        assert_eq!(world.staged(STAGED_ROWS), staged);
        set(&before);
        world.resnapshot("shop.users").unwrap();
        world.at_source(&["INSERT INTO shop.users VALUES (2, 'N', '13800002222', 'b')"]);
        world.sync().unwrap();
        assert_eq!(count(&world), 2);
        world.assert_equal();
    })
}

#[test]
fn a_staging_column_that_is_too_short_is_refused_before_the_first_row() -> Outcome {
    each(|mut world| {
        world.table(
            "users",
            USERS,
            &STAGED.replace("phone VARCHAR(160)", "phone VARCHAR(20)"),
            POLICY,
        );
        world.at_source(&["INSERT INTO shop.users VALUES (1, 'N', '13800001111', 'a@x')"]);
        assert_halts(&world, "column `phone`: class `phone` makes up to 151 characters");
        assert_eq!(count(&world), 0);
    })
}

#[test]
fn a_full_disk_in_staging_halts_with_the_position_before_it() -> Outcome {
    // A limit on the file's size has the effect of a full disk.
    let flags =
        ["--innodb-file-per-table=0", "--innodb-data-file-path=ibdata1:12M:autoextend:max:20M"];
    for program in programs()? {
        let mut world = World::new(&program, &flags);
        let wide = |table: &str| table.replace("mail VARCHAR(", "note LONGTEXT, mail VARCHAR(");
        let policy = format!("{POLICY}note = \"public\"\n");
        world.table("users", &wide(USERS), &wide(STAGED), &policy);
        world.at_source(&[
            "INSERT INTO shop.users (id, user_type, phone) VALUES (1, 'N', '13800001111')",
        ]);
        world.sync().unwrap();
        let mut staging = world.staging();
        run_all(&mut staging, &["CREATE TABLE shop.filler (id INT PRIMARY KEY, b LONGBLOB)"]);
        let mut filled = 0;
        let fill = |n| format!("INSERT INTO shop.filler VALUES ({n}, REPEAT('x', 500000))");
        while filled < 100
            && mysql::prelude::Queryable::query_drop(&mut staging, fill(filled)).is_ok()
        {
            filled += 1;
        }
        assert!((1..100).contains(&filled), "{filled}");
        world.at_source(&[
            "INSERT INTO shop.users VALUES (2, 'N', '13800002222', REPEAT('y', 1000000), 'b')",
        ]);
        let position = "SELECT position FROM twinproof_sync.state";
        let before = world.staged(position);
        assert_halts(&world, "the disk is full");
        assert_eq!(world.staged(position), before);
    }
    Ok(())
}

/// The first packet of a server that offers no TLS.
const WITHOUT_TLS: &[u8] = b"\x0a8.4.0\0\x01\0\0\0saltsalt\0\x00\x82\x21\x02\0\x08\0\x15\
    \0\0\0\0\0\0\0\0\0\0saltsaltsalt\0mysql_native_password\0";

#[test]
fn a_server_that_refuses_tls_is_reported() -> Outcome {
    each(|mut world| {
        world.table("users", USERS, STAGED, POLICY);
        let packet = [&[WITHOUT_TLS.len() as u8, 0, 0, 0], WITHOUT_TLS].concat();
        let address = speaker(packet);
        let socket = format!("mysql://sync@{}\"", world.source.socket().display());
        let tcp = format!("mysql://sync@{address}\"\nca = \"keys.toml\"");
        world.set_policy(|p| p.replacen(&socket, &tcp, 1));
        let halt = world.sync().unwrap_err().to_string();
        assert!(halt.contains("connecting to the source: the server offers no TLS"), "{halt}");
    })
}

/// The address of something that says this to whoever connects, and nothing else.
fn speaker(words: Vec<u8>) -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            let _ = std::io::Write::write_all(&mut stream, &words);
            let _ = std::io::Read::read(&mut stream, &mut [0; 64]);
        }
    });
    address
}

#[test]
fn a_server_of_another_protocol_is_reported() -> Outcome {
    each(|mut world| {
        world.table("users", USERS, STAGED, POLICY);
        let address = speaker(b"220 mail ready 13800001111\r\n".to_vec());
        let socket = world.source.socket().display().to_string();
        world.set_policy(|p| p.replacen(&socket, &address.to_string(), 1));
        let halt = world.sync().unwrap_err().to_string();
        let told =
            "connecting to the source: nothing that answers as MySQL or MariaDB do within 20 s";
        assert!(halt.starts_with(told), "{halt}");
        assert!(!halt.contains("138"), "{halt}");
    })
}

#[test]
fn a_transaction_larger_than_memory_should_hold_is_one_in_staging() -> Outcome {
    each(|mut world| {
        users(&mut world);
        let rows = "INSERT INTO shop.users SELECT seq, 'N', CONCAT('138', seq), CONCAT('m', seq) FROM shop.numbers";
        world.at_source(
            &[
                "CREATE TABLE shop.numbers (seq INT PRIMARY KEY)",
                "SET SESSION cte_max_recursion_depth = 100000",
            ][..1],
        );
        let numbers: Vec<String> = (10..20_010).map(|i| format!("({i})")).collect();
        world.at_source(&[&format!("INSERT INTO shop.numbers VALUES {}", numbers.join(","))]);
        world.at_source(&[rows, "UPDATE shop.users SET mail = CONCAT(mail, 'x') WHERE id > 100"]);
        world.sync().unwrap();
        assert_eq!(count(&world), 20_001);
        world.assert_equal();
    })
}

#[test]
fn a_transaction_of_whole_parts_is_committed_before_the_next_one_comes() -> Outcome {
    each(|mut world| {
        users(&mut world);
        let running = world.start();
        world.at_source(&["INSERT INTO shop.users VALUES (2, 'N', '1', 'b')"]);
        world.wait_for("SELECT id FROM shop.users", 2);
        // Twice as many rows as are written at once: nothing is left for the part with the end.
        let inserts: Vec<String> = (10..8_010)
            .step_by(1000)
            .map(|from| {
                let rows: Vec<_> =
                    (from..from + 1000).map(|n| format!("({n}, 'N', NULL, 'm{n}')")).collect();
                format!("INSERT INTO shop.users VALUES {}", rows.join(","))
            })
            .collect();
        let inserts: Vec<&str> = inserts.iter().map(String::as_str).collect();
        world.at_source(&[&["START TRANSACTION"], inserts.as_slice(), &["COMMIT"]].concat());
        world.wait_for("SELECT id FROM shop.users", 8_002);
        running.stop.set();
        running.join().unwrap().unwrap();
        world.assert_equal();
    })
}

#[test]
fn a_cell_a_row_too_many_one_too_few_and_a_plain_one_are_found_by_sums_too() -> Outcome {
    each(|mut world| {
        users(&mut world);
        // More than two chunks, so that ranges at both ends and between are compared.
        let rows: Vec<String> =
            (2..12_000).map(|n| format!("({n}, 'N', NULL, 'mail{n}@x')")).collect();
        world.at_source(&[&format!("INSERT INTO shop.users VALUES {}", rows.join(","))]);
        world.sync().unwrap();
        let fast = VerifyOptions { fast: true, ..VerifyOptions::default() };
        let verified = world.verify_with(fast);
        assert!(verified.differences.is_empty(), "{:?}", verified.differences);
        assert_eq!(verified.rows, 11_999);
        let skipped = "shop.users.phone, whose tokens are opened without --fast only";
        assert_eq!(verified.skipped, [skipped]);
        world.staging_is(&[
            "UPDATE shop.users SET mail = 'x' WHERE id = 3",
            "DELETE FROM shop.users WHERE id = 6000",
            "INSERT INTO shop.users VALUES (20000, 'N', NULL, NULL)",
            "UPDATE shop.users SET mail = 'mail7000@x' WHERE id = 7000",
        ]);
        let found = |options| {
            let differences = world.verify_with(options).differences.into_iter();
            let count = |((what, _, column), keys): ((Difference, _, String), Vec<String>)| {
                (what, column, keys.len())
            };
            differences.map(count).collect::<Vec<_>>()
        };
        let expected = [
            (Difference::Missing, String::new(), 1),
            (Difference::Extra, String::new(), 1),
            (Difference::Differs, "mail".to_owned(), 1),
            (Difference::Plaintext, "mail".to_owned(), 1),
        ];
        assert_eq!(found(fast), expected);
        assert_eq!(found(VerifyOptions::default()), expected);
    })
}

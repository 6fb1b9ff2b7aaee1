//! Rows that follow rows of other tables: a dropped user's orders, and the items of those.

use crate::world::{World, each};
use std::time::Duration;
use twinproof_masksync::pipeline::Difference;
use twinproof_testkit::Outcome;

const USERS: &str = "(id BIGINT UNSIGNED PRIMARY KEY, user_type VARCHAR(16), \
    phone VARCHAR(20)) DEFAULT CHARSET utf8mb4";
const STAGED_USERS: &str = "(id BIGINT UNSIGNED PRIMARY KEY, user_type VARCHAR(16), \
    phone VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin) DEFAULT CHARSET utf8mb4";
const USERS_POLICY: &str = "where = \"user_type NOT IN ('VIP', 'CORP')\"\n[table.columns]\n\
    id = \"public\"\nuser_type = \"public\"\nphone = \"phone\"\n";
const ORDERS: &str = "(id INT PRIMARY KEY, user_id BIGINT UNSIGNED, state VARCHAR(10), \
    KEY (user_id)FOREIGN)";
const ORDERS_POLICY: &str = "where = \"state <> 'draft'\"\n\
    follows = [{ table = \"shop.users\", by = [\"user_id\"] }]\n[table.columns]\n\
    id = \"public\"\nuser_id = \"public\"\nstate = \"public\"\n";
const ITEMS: &str =
    "(order_id INT, line INT, name VARCHAR(20), PRIMARY KEY (order_id, line)FOREIGN)";
const ITEMS_POLICY: &str = "follows = [{ table = \"shop.orders\", by = [\"order_id\"] }]\n\
    [table.columns]\norder_id = \"public\"\nline = \"public\"\nname = \"public\"\n";

/// Users, their orders and the items of those; with foreign keys of that rule, or with none.
fn family(world: &mut World, rule: Option<&str>) {
    let foreign = |by: &str, parent: &str| {
        rule.map_or_else(String::new, |rule| {
            format!(", FOREIGN KEY ({by}) REFERENCES shop.{parent} (id) {rule}")
        })
    };
    world.table("users", USERS, STAGED_USERS, USERS_POLICY);
    let orders = ORDERS.replace("FOREIGN", &foreign("user_id", "users"));
    world.table("orders", &orders, &orders, ORDERS_POLICY);
    let items = ITEMS.replace("FOREIGN", &foreign("order_id", "orders"));
    world.table("items", &items, &items, ITEMS_POLICY);
}

const ROWS: [&str; 3] = [
    "INSERT INTO shop.users VALUES (1, 'NORMAL', '13800001111'), (2, 'VIP', '13800002222')",
    "INSERT INTO shop.orders VALUES (10, 1, 'paid'), (11, 1, 'draft'), (20, 2, 'paid'), \
     (21, 2, 'paid'), (30, NULL, 'paid')",
    "INSERT INTO shop.items VALUES (10, 1, 'a'), (11, 1, 'b'), (20, 1, 'c'), (20, 2, 'd'), \
     (21, 1, 'e'), (30, 1, 'f')",
];

/// The orders and items in staging, and that `verify` finds nothing.
fn assert_staged(world: &World, orders: &[&str], items: &[&str]) {
    let said = format!("{:?}", world.kind);
    assert_eq!(
        world.staged("SELECT CAST(id AS CHAR) FROM shop.orders ORDER BY id"),
        orders,
        "{said}"
    );
    let sql = "SELECT CONCAT(order_id, '.', line) FROM shop.items ORDER BY order_id, line";
    assert_eq!(world.staged(sql), items, "{said}");
    world.assert_equal();
}

#[test]
fn orders_follow_their_user_out_and_back() -> Outcome {
    each(|mut world| {
        for rule in [None, Some("ON DELETE RESTRICT"), Some("ON DELETE CASCADE")] {
            family(&mut world, rule);
            world.at_source(&ROWS);
            world.sync().unwrap();
            assert_staged(&world, &["10", "30"], &["10.1", "30.1"]);
            world.at_source(&["UPDATE shop.users SET user_type = 'CORP' WHERE id = 1"]);
            world.sync().unwrap();
            assert_staged(&world, &["30"], &["30.1"]);
            world.at_source(&["UPDATE shop.users SET user_type = 'NORMAL'"]);
            world.sync().unwrap();
            let all = ["10.1", "20.1", "20.2", "21.1", "30.1"];
            assert_staged(&world, &["10", "20", "21", "30"], &all);
            // An order's own condition takes its items, and gives them back.
            world.at_source(&["UPDATE shop.orders SET state = 'draft' WHERE id = 20"]);
            world.sync().unwrap();
            assert_staged(&world, &["10", "21", "30"], &["10.1", "21.1", "30.1"]);
            world.at_source(&["UPDATE shop.orders SET state = 'paid'"]);
            world.sync().unwrap();
            assert_staged(
                &world,
                &["10", "11", "20", "21", "30"],
                &["10.1", "11.1", "20.1", "20.2", "21.1", "30.1"],
            );
            world.forget(&["items", "orders", "users"]);
        }
    })
}

#[test]
fn orders_change_hands_between_users_who_pass_and_who_do_not() -> Outcome {
    each(|mut world| {
        family(&mut world, Some(""));
        world.at_source(&ROWS);
        world.sync().unwrap();
        world.at_source(&["UPDATE shop.orders SET user_id = 1 WHERE id = 20"]);
        world.sync().unwrap();
        assert_staged(&world, &["10", "20", "30"], &["10.1", "20.1", "20.2", "30.1"]);
        world.at_source(&["UPDATE shop.orders SET user_id = 2 WHERE id IN (10, 20)"]);
        world.sync().unwrap();
        assert_staged(&world, &["30"], &["30.1"]);
        // Snapshots leave staging's own foreign keys where they are.
        let parents = "SELECT REFERENCED_TABLE_NAME FROM information_schema.KEY_COLUMN_USAGE \
                       WHERE TABLE_SCHEMA = 'shop' AND REFERENCED_TABLE_NAME IS NOT NULL ORDER BY 1";
        assert_eq!(world.staged(parents), ["orders", "users"]);
        world.at_source(&["UPDATE shop.orders SET user_id = NULL WHERE id = 10"]);
        world.sync().unwrap();
        assert_staged(&world, &["10", "30"], &["10.1", "30.1"]);
    })
}

#[test]
fn rows_that_come_before_their_parent_are_brought_when_it_comes() -> Outcome {
    each(|mut world| {
        for rule in [None, Some("")] {
            family(&mut world, rule);
            world.at_source(&ROWS);
            world.sync().unwrap();
            world.at_source(&[
                "SET SESSION foreign_key_checks = 0",
                "INSERT INTO shop.items VALUES (40, 1, 'g')",
                "INSERT INTO shop.orders VALUES (40, 4, 'paid')",
            ]);
            world.sync().unwrap();
            assert_staged(&world, &["10", "30"], &["10.1", "30.1"]);
            world.at_source(&["INSERT INTO shop.users VALUES (4, 'NORMAL', NULL)"]);
            world.sync().unwrap();
            assert_staged(&world, &["10", "30", "40"], &["10.1", "30.1", "40.1"]);
            world.forget(&["items", "orders", "users"]);
        }
    })
}

#[test]
fn rows_that_return_are_those_of_the_position_and_not_of_now() -> Outcome {
    each(|mut world| {
        family(&mut world, None);
        world.at_source(&ROWS);
        world.sync().unwrap();
        // All of it is the stream's future when the user comes back: what is read of the source shows
        // the end, and every state of staging has to be one of the source.
        world.at_source(&[
            "UPDATE shop.users SET user_type = 'NORMAL' WHERE id = 2",
            "UPDATE shop.orders SET state = 'sent' WHERE id = 20",
            "DELETE FROM shop.items WHERE order_id = 21",
            "DELETE FROM shop.orders WHERE id = 21",
            "INSERT INTO shop.orders VALUES (22, 2, 'paid')",
            "UPDATE shop.orders SET id = 23 WHERE id = 20",
        ]);
        let states = world.watch(
            "SELECT CONCAT((SELECT COUNT(*) FROM shop.users WHERE id = 2), ':', \
             COALESCE(GROUP_CONCAT(CONCAT(id, state) ORDER BY id), '')) FROM shop.orders \
             WHERE user_id = 2",
        );
        world.sync().unwrap();
        let states = states.stop();
        let known = [
            "0:",
            "1:20paid,21paid",
            "1:20sent,21paid",
            "1:20sent",
            "1:20sent,22paid",
            "1:22paid,23sent",
        ];
        for state in &states {
            assert!(known.contains(&state.as_str()), "{:?}: {states:?}", world.kind);
        }
        assert_eq!(states.last().map(String::as_str), Some("1:22paid,23sent"));
        world.assert_equal();
    })
}

#[test]
fn a_running_pipeline_keeps_references_closed_at_every_moment() -> Outcome {
    each(|mut world| {
        family(&mut world, Some(""));
        world.at_source(&ROWS);
        let running = world.start();
        world.wait_for("SELECT 1 FROM shop.orders WHERE id = 10", 1);
        let states = world.watch(
            "SELECT CAST(COUNT(*) AS CHAR) FROM shop.orders o LEFT JOIN shop.users u ON u.id = o.user_id \
             WHERE o.user_id IS NOT NULL AND u.id IS NULL",
        );
        for n in 0..60 {
            let class = if n % 2 == 0 { "NORMAL" } else { "VIP" };
            world.at_source(&[
                &format!("UPDATE shop.users SET user_type = '{class}' WHERE id = 2"),
                &format!("INSERT INTO shop.orders VALUES ({}, 2, 'paid')", 100 + n),
                &format!("INSERT INTO shop.items VALUES ({}, 1, 'x')", 100 + n),
                &format!("DELETE FROM shop.items WHERE order_id = {}", 98 + n),
                &format!("DELETE FROM shop.orders WHERE id = {}", 98 + n),
            ]);
        }
        world.at_source(&["UPDATE shop.users SET user_type = 'NORMAL' WHERE id = 2"]);
        world.wait_for("SELECT 1 FROM shop.items WHERE order_id = 159", 1);
        running.stop.set();
        running.join().unwrap().unwrap();
        world.sync().unwrap();
        let states = states.stop();
        assert!(states.iter().all(|n| n == "0"), "{:?}: {states:?}", world.kind);
        world.assert_equal();
    })
}

#[test]
fn a_parent_that_goes_takes_what_the_binlog_does_not_tell() -> Outcome {
    each(|mut world| {
        family(&mut world, Some("ON DELETE CASCADE"));
        world.at_source(&ROWS);
        world.sync().unwrap();
        // The order of the old user 1 is gone, that of the new one is there, in one batch.
        world.at_source(&[
            "START TRANSACTION",
            "UPDATE shop.orders SET state = 'sent' WHERE id = 10",
            "DELETE FROM shop.users WHERE id = 1",
            "INSERT INTO shop.users VALUES (1, 'NORMAL', NULL)",
            "INSERT INTO shop.orders VALUES (12, 1, 'paid')",
            "COMMIT",
            "DELETE FROM shop.users WHERE id = 2",
        ]);
        world.sync().unwrap();
        assert_staged(&world, &["12", "30"], &["30.1"]);
    })
}

#[test]
fn renewing_the_users_renews_what_follows_them() -> Outcome {
    each(|mut world| {
        family(&mut world, None);
        world.at_source(&ROWS);
        world.sync().unwrap();
        // In the silence of the binlog: only a snapshot brings it.
        world.at_source(&[
            "SET SESSION sql_log_bin = 0",
            "UPDATE shop.users SET user_type = 'NORMAL' WHERE id = 2",
        ]);
        let found: Vec<Difference> =
            world.verify().differences.into_keys().map(|(what, ..)| what).collect();
        assert_eq!(found, [Difference::Missing; 3]);
        world.resnapshot("shop.users").unwrap();
        world.sync().unwrap();
        assert_staged(&world, &["10", "20", "21", "30"], &["10.1", "20.1", "20.2", "21.1", "30.1"]);
    })
}

#[test]
fn emptying_the_users_empties_their_orders() -> Outcome {
    each(|mut world| {
        family(&mut world, None);
        world.at_source(&ROWS);
        world.sync().unwrap();
        world.at_source(&["TRUNCATE shop.users"]);
        world.sync().unwrap();
        assert_staged(&world, &["30"], &["30.1"]);
    })
}

#[test]
fn a_cascade_from_a_filtered_parent_is_refused_unless_the_rows_follow() -> Outcome {
    each(|mut world| {
        family(&mut world, Some("ON DELETE CASCADE"));
        let follows = "follows = [{ table = \"shop.users\", by = [\"user_id\"] }]\n";
        world.set_policy(|policy| policy.replace(follows, ""));
        let halt = world.sync().unwrap_err().to_string();
        assert!(halt.contains("nothing would take them"), "{halt}");
        assert!(halt.contains(follows.trim_end()), "{halt}");
        world.forget(&["items", "orders", "users"]);
        world.table("users", USERS, STAGED_USERS, USERS_POLICY);
        let foreign = ", FOREIGN KEY (user_id) REFERENCES shop.users (id) ON DELETE SET NULL";
        let orders = ORDERS.replace("FOREIGN", foreign);
        world.table("orders", &orders, &orders, ORDERS_POLICY);
        let halt = world.sync().unwrap_err().to_string();
        assert!(halt.contains("make it ON DELETE RESTRICT or CASCADE"), "{halt}");
    })
}

#[test]
fn a_pipeline_that_ends_between_flips_goes_on_where_it_was() -> Outcome {
    each(|mut world| {
        family(&mut world, None);
        world.at_source(&ROWS);
        for n in 0..6 {
            let class = if n % 2 == 0 { "NORMAL" } else { "VIP" };
            world.at_source(&[&format!("UPDATE shop.users SET user_type = '{class}'")]);
            world.sync_for(Duration::from_millis(150 * n)).unwrap();
        }
        world.sync().unwrap();
        assert_staged(&world, &["30"], &["30.1"]);
    })
}

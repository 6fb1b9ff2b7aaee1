//! The pipeline between real servers: what is in staging after what happened at the source.

use crate::world::{World, each, run_all};
use mysql::prelude::Queryable as _;
use twinproof_testkit::Outcome;

const USERS: &str = "(id BIGINT UNSIGNED PRIMARY KEY, user_type VARCHAR(16) \
    CHARACTER SET latin1, phone VARCHAR(20), mail VARCHAR(40), note VARCHAR(40)) \
    DEFAULT CHARSET utf8mb4";
const STAGED: &str = "(id BIGINT UNSIGNED PRIMARY KEY, user_type VARCHAR(16) \
    CHARACTER SET latin1, phone VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin, \
    mail VARCHAR(300) CHARACTER SET ascii COLLATE ascii_bin, note VARCHAR(40)) \
    DEFAULT CHARSET utf8mb4";
const POLICY: &str = "where = \"user_type NOT IN ('VIP', 'CORP')\"\n[table.columns]\n\
    id = \"public\"\nuser_type = \"public\"\nphone = \"phone\"\nmail = \"mail\"\nnote = \"note\"\n";

fn users(world: &mut World) {
    world.table("users", USERS, STAGED, POLICY);
}

fn ids(world: &World) -> String {
    world.staged("SELECT id FROM shop.users ORDER BY id").join(",")
}

#[test]
fn staging_is_the_masked_and_filtered_source() -> Outcome {
    each(|mut world| {
        users(&mut world);
        world.at_source(&[
            "INSERT INTO shop.users VALUES (1, 'NORMAL', '13800001111', 'a@x', 'n'), \
             (2, 'VIP', '13800002222', 'b@x', 'n'), (3, 'vip', '13800003333', 'c@x', 'n'), \
             (4, NULL, '13800004444', 'd@x', 'n'), (5, '', NULL, '', '')",
        ]);
        world.sync().unwrap();
        assert_eq!(ids(&world), "1,5");
        world.assert_equal();
        world.at_source(&[
            "INSERT INTO shop.users VALUES (18446744073709551615, 'x', '13800006666', 'a@x', 'n')",
            "UPDATE shop.users SET user_type = 'VIP' WHERE id = 1",
            "UPDATE shop.users SET user_type = 'NORMAL' WHERE id = 2",
            "UPDATE shop.users SET id = 6 WHERE id = 5",
            "DELETE FROM shop.users WHERE id = 3",
        ]);
        world.sync().unwrap();
        assert_eq!(ids(&world), "2,6,18446744073709551615");
        world.assert_equal();
        let held = world.staged("SELECT phone, mail, note FROM shop.users");
        assert!(held.iter().all(|row| !row.contains("138") && !row.contains('@')), "{held:?}");
    })
}

#[test]
fn flips_moves_and_swaps_within_a_transaction_have_their_net_effect() -> Outcome {
    each(|mut world| {
        world.table(
            "users",
            &USERS.replace("mail VARCHAR(40)", "mail VARCHAR(40) UNIQUE"),
            &STAGED.replace("ascii_bin, note", "ascii_bin UNIQUE, note"),
            POLICY,
        );
        world.at_source(&[
            "INSERT INTO shop.users VALUES (1, 'N', '1', 'a', ''), (2, 'N', '2', 'b', ''), \
             (3, 'VIP', '3', 'c', '')",
        ]);
        world.sync().unwrap();
        world.at_source(&[
            "START TRANSACTION",
            "UPDATE shop.users SET mail = NULL WHERE id = 1",
            "UPDATE shop.users SET mail = 'a' WHERE id = 2",
            "UPDATE shop.users SET mail = 'b' WHERE id = 1",
            "UPDATE shop.users SET user_type = 'VIP' WHERE id = 1",
            "UPDATE shop.users SET user_type = 'N' WHERE id = 1",
            "UPDATE shop.users SET id = 9 WHERE id = 3",
            "UPDATE shop.users SET id = 3 WHERE id = 2",
            "UPDATE shop.users SET user_type = 'N' WHERE id = 9",
            "INSERT INTO shop.users VALUES (2, 'N', '4', 'd', '')",
            "DELETE FROM shop.users WHERE id = 2",
            "COMMIT",
            "UPDATE shop.users SET id = id + 1 ORDER BY id DESC",
        ]);
        world.sync().unwrap();
        assert_eq!(ids(&world), "2,4,10");
        world.assert_equal();
    })
}

#[test]
fn uncommitted_rows_never_arrive() -> Outcome {
    each(|mut world| {
        users(&mut world);
        world.sync().unwrap();
        world.at_source(&[
            "START TRANSACTION",
            "INSERT INTO shop.users VALUES (1, 'N', '1', 'a', '')",
            "ROLLBACK",
            "START TRANSACTION",
            "INSERT INTO shop.users VALUES (2, 'N', '1', 'a', '')",
            "SAVEPOINT s",
            "INSERT INTO shop.users VALUES (3, 'N', '1', 'a', '')",
            "ROLLBACK TO s",
            "COMMIT",
        ]);
        world.sync().unwrap();
        assert_eq!(ids(&world), "2");
        world.assert_equal();
    })
}

#[test]
fn truncate_empties_staging() -> Outcome {
    each(|mut world| {
        users(&mut world);
        world.at_source(&["INSERT INTO shop.users VALUES (1, 'N', '1', 'a', '')"]);
        world.sync().unwrap();
        world.at_source(&[
            "USE shop",
            "INSERT INTO users VALUES (2, 'N', '1', 'a', '')",
            "TRUNCATE users",
            "INSERT INTO users VALUES (3, 'N', '1', 'a', '')",
        ]);
        world.sync().unwrap();
        assert_eq!(ids(&world), "3");
        world.assert_equal();
    })
}

#[test]
fn every_state_of_staging_is_one_of_the_source() -> Outcome {
    each(|mut world| {
        let accounts = "(id INT PRIMARY KEY, user_type VARCHAR(16), amount INT)";
        let policy = "where = \"user_type <> 'VIP'\"\n[table.columns]\nid = \"public\"\n\
                      user_type = \"public\"\namount = \"public\"\n";
        world.table("accounts", accounts, accounts, policy);
        let rows: Vec<String> = (0..20).map(|i| format!("({i}, 'N', 100)")).collect();
        world.at_source(&[&format!("INSERT INTO shop.accounts VALUES {}", rows.join(","))]);
        world.sync().unwrap();
        let running = world.start();
        let mut source = world.source();
        let mut staging = world.staging();
        let mut states = std::collections::BTreeSet::new();
        for i in 0..400 {
            let (from, to) = (i % 20, (i * 7 + 3) % 20);
            run_all(
                &mut source,
                &[
                    "START TRANSACTION",
                    &format!("UPDATE shop.accounts SET amount = amount - 1 WHERE id = {from}"),
                    // For a moment it would not pass; nobody may see that it is gone.
                    &format!("UPDATE shop.accounts SET user_type = 'VIP' WHERE id = {to}"),
                    &format!(
                        "UPDATE shop.accounts SET amount = amount + 1, user_type = 'N' WHERE id = {to}"
                    ),
                    "COMMIT",
                ],
            );
            let state: Option<(i64, i64, String)> = staging
                .query_first(
                    "SELECT COUNT(*), CAST(SUM(amount) AS SIGNED), \
                     GROUP_CONCAT(amount ORDER BY id) FROM shop.accounts",
                )
                .unwrap();
            let (count, sum, amounts) = state.unwrap();
            assert_eq!((count, sum), (20, 2000));
            states.insert(amounts);
        }
        // The stream was really looked at on its way.
        assert!(states.len() > 10, "{}", states.len());
        running.stop.set();
        running.join().unwrap().unwrap();
        world.sync().unwrap();
        world.assert_equal();
    })
}

//! The pipeline with topics of a real broker as staging.

use crate::topics::{Record, Topics};
use crate::world::{World, programs};
use mysql::prelude::Queryable as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use twinproof_masksync::pipeline::{Halt, VerifyOptions, verify};
use twinproof_pipeline::{Broker, Kafka};
use twinproof_testkit::{Outcome, Requirement, Unavailable};

const USERS: &str = "(id BIGINT UNSIGNED PRIMARY KEY, user_type VARCHAR(16), phone VARCHAR(40), \
    mail VARCHAR(60), note VARCHAR(40)) DEFAULT CHARSET utf8mb4";
const POLICY: &str = "where = \"user_type NOT IN ('VIP', 'CORP')\"\n[table.columns]\n\
    id = \"public\"\nuser_type = \"public\"\nphone = \"phone\"\nmail = \"mail\"\nnote = \"note\"\n";
const TOPIC: &str = "masked.shop.users";
const STATE: &str = "masked.twinproof_sync";

fn kafka() -> Result<Kafka, Unavailable> {
    Kafka::find().map_err(|error| Requirement::Kafka.unavailable(error))
}

/// A source, a broker, and a policy between them.
struct Place {
    world: World,
    broker: Broker,
    topics: Topics,
}

impl Place {
    fn new(settings: &[(&str, &str)], more: &str) -> Result<Self, Unavailable> {
        let (kafka, program) = (kafka()?, programs()?.swap_remove(0));
        let broker = Broker::start(&kafka, settings).unwrap();
        let mut world = World::new(&program, &[]);
        world.set_policy(|policy| format!("{}{more}", with_topics(policy, broker.port())));
        world.table("users", USERS, USERS, POLICY);
        let topics = Topics::new(broker.port());
        Ok(Self { world, broker, topics })
    }

    fn users(&self) -> Vec<Record> {
        self.topics.read(TOPIC)
    }

    /// The table as a consumer has it after reading all records.
    fn now(&self) -> BTreeMap<String, Value> {
        let mut rows = BTreeMap::new();
        for record in self.users() {
            match (&record.value, record.op().as_str()) {
                (None, _) => {}
                (Some(_), "t") => rows.clear(),
                (Some(_), "d") => assert!(rows.remove(&record.key).is_some(), "{record:?}"),
                (Some(value), _) => {
                    rows.insert(record.key.clone(), value["after"].clone());
                }
            }
        }
        rows
    }
}

/// A policy whose staging is topics.
fn with_topics(policy: &str, port: u16) -> String {
    let (before, rest) = policy.split_once("[staging]\n").unwrap();
    let (_, rest) = rest.split_once('\n').unwrap();
    format!("{before}[staging]\nurl = \"kafka://127.0.0.1:{port}\"\n{rest}")
}

fn ops(records: &[Record]) -> Vec<(String, String)> {
    records.iter().map(|r| (r.op(), r.key.clone())).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(op, key)| ((*op).to_owned(), (*key).to_owned())).collect()
}

#[test]
fn topics_have_the_masked_and_filtered_source_and_nothing_else() -> Outcome {
    let place = Place::new(&[], "")?;
    place.world.at_source(&[
        "INSERT INTO shop.users VALUES (1, 'NORMAL', '13800001111', 'one@canary', 'plain-note'), \
         (2, 'VIP', '13800002222', 'two@canary', 'n'), (3, 'vip', '13800003333', 'x@canary', 'n')",
    ]);
    place.world.sync().unwrap();
    place.world.at_source(&[
        "INSERT INTO shop.users VALUES (4, 'N', '13800004444', 'four@canary', 'n')",
        "UPDATE shop.users SET phone = '13800005555' WHERE id = 4",
        "UPDATE shop.users SET user_type = 'VIP' WHERE id = 1",
        "UPDATE shop.users SET user_type = 'N' WHERE id = 2",
        "UPDATE shop.users SET phone = '13800006666' WHERE id = 3",
        "UPDATE shop.users SET id = 5 WHERE id = 4",
        "DELETE FROM shop.users WHERE id = 5",
    ]);
    place.world.sync().unwrap();
    let records = place.users();
    assert_eq!(
        ops(&records),
        pairs(&[
            ("r", "{\"id\":1}"),
            ("c", "{\"id\":4}"),
            ("u", "{\"id\":4}"),
            ("d", "{\"id\":1}"),
            ("", "{\"id\":1}"),
            ("c", "{\"id\":2}"),
            ("d", "{\"id\":4}"),
            ("", "{\"id\":4}"),
            ("c", "{\"id\":5}"),
            ("d", "{\"id\":5}"),
            ("", "{\"id\":5}"),
        ])
    );
    assert!(records.iter().all(|record| record.headers == 0));
    let update = records[2].value.as_ref().unwrap();
    assert_eq!(update["source"]["connector"], "twinproof");
    assert_eq!(
        (&update["source"]["db"], &update["source"]["table"]),
        (&json!("shop"), &json!("users"))
    );
    assert_eq!(update["source"]["snapshot"], "false");
    assert_eq!(update["transaction"]["total_order"], 1);
    assert_eq!(update["after"]["note"], Value::Null);
    // Deterministic masks are equal before and after, randomised ones are not.
    assert_eq!(update["before"]["mail"], update["after"]["mail"]);
    assert_ne!(update["before"]["phone"], update["after"]["phone"]);
    let transactions: Vec<&Value> = records[1..]
        .iter()
        .filter_map(|r| r.value.as_ref())
        .map(|value| &value["transaction"]["id"])
        .collect();
    assert!(transactions.iter().all(|id| id.as_str().unwrap().len() == 32));
    assert_eq!(transactions[4], transactions[5], "a key that moves is one transaction");
    let bytes = place.broker.segments("").unwrap();
    assert!(bytes.windows(5).any(|w| w == b"after"), "the segments are looked at");
    for canary in ["1380000", "@canary", "plain-note", "sync@localhost", "server_uuid"] {
        let there = bytes.windows(canary.len()).any(|w| w == canary.as_bytes());
        assert!(!there, "{canary} is in a segment");
    }
    Ok(())
}

#[test]
fn keys_are_masked_as_the_policy_says() -> Outcome {
    let mut place = Place::new(&[], "[staging.kafka]\nbefore = \"null\"\n")?;
    let table = "(name VARCHAR(40) PRIMARY KEY, n INT) DEFAULT CHARSET utf8mb4";
    let policy = "[table.columns]\nname = \"name\"\nn = \"public\"\n";
    place.world.table("people", table, &table.replace("40", "80"), policy);
    place.world.at_source(&["INSERT INTO shop.people VALUES ('canary-name', 1)"]);
    place.world.sync().unwrap();
    place.world.at_source(&["UPDATE shop.people SET n = 2"]);
    place.world.sync().unwrap();
    let records = place.topics.read("masked.shop.people");
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].key, records[1].key);
    assert_eq!(records[1].op(), "u");
    assert_eq!(records[1].value.as_ref().unwrap()["before"], Value::Null);
    let key: Value = serde_json::from_str(&records[0].key).unwrap();
    assert_eq!(key["name"], records[0].value.as_ref().unwrap()["after"]["name"]);
    let bytes = place.broker.segments("").unwrap();
    assert!(!bytes.windows(11).any(|w| w == b"canary-name"));
    Ok(())
}

/// Transactions that each insert a row and change another, until it is told to stop.
fn work(place: &Place, from: u64, until: impl Fn() -> bool) -> u64 {
    let mut conn = place.world.source();
    let mut n = from;
    while !until() {
        n += 1;
        conn.query_drop("START TRANSACTION").unwrap();
        conn.query_drop(format!("INSERT INTO shop.users VALUES ({n}, 'N', '1', 'm{n}', '')"))
            .unwrap();
        if n > 10 {
            let sql = format!("UPDATE shop.users SET user_type = 't{n}' WHERE id = {}", n - 10);
            conn.query_drop(sql).unwrap();
        }
        conn.query_drop("COMMIT").unwrap();
        std::thread::sleep(Duration::from_millis(1));
    }
    n
}

/// Each transaction up to the last one is there once, whole, and in its order.
fn assert_once(place: &Place, last: u64) {
    let records = place.users();
    let mut inserted: BTreeMap<u64, u32> = BTreeMap::new();
    let mut updated: BTreeMap<String, u32> = BTreeMap::new();
    let mut order = 0;
    for record in &records {
        let after = &record.value.as_ref().unwrap()["after"];
        match record.op().as_str() {
            "r" | "c" => {
                let id = after["id"].as_u64().unwrap();
                *inserted.entry(id).or_default() += 1;
                if record.op() == "c" {
                    assert!(id > order, "{id} comes after {order}");
                    order = id;
                }
            }
            "u" => {
                *updated.entry(after["user_type"].as_str().unwrap().to_owned()).or_default() += 1
            }
            other => unreachable!("{other}: {record:?}"),
        }
    }
    assert_eq!(inserted.len() as u64, last, "none is lost");
    assert!(inserted.values().all(|count| *count == 1), "none comes twice");
    assert!(updated.values().all(|count| *count == 1), "no change comes twice");
    let expected = last.saturating_sub(10);
    let there = updated.len() as u64;
    assert!(there == expected, "{there} of {expected} changes");
}

#[test]
fn each_change_is_read_once_however_often_the_pipeline_is_killed() -> Outcome {
    let place = Place::new(&[], "")?;
    place.world.sync().unwrap();
    let kills = 8;
    let done = std::sync::atomic::AtomicBool::new(false);
    let last = std::thread::scope(|scope| {
        let worker =
            scope.spawn(|| work(&place, 0, || done.load(std::sync::atomic::Ordering::Relaxed)));
        let mut wrote = 0;
        for kill in 0..kills {
            let before = place.topics.end(TOPIC);
            let mut child = place.world.child();
            // Killed at another moment each time, after it has begun to write.
            let until = Instant::now() + Duration::from_secs(60);
            while place.topics.end(TOPIC) == before && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(20));
            }
            wrote += u32::from(place.topics.end(TOPIC) > before);
            std::thread::sleep(Duration::from_millis(kill * 37 % 211));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert_eq!(wrote, kills as u32, "each instance wrote before it was killed");
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        worker.join().unwrap()
    });
    place.world.sync().unwrap();
    assert!(last > 100, "{last} transactions");
    assert_once(&place, last);
    Ok(())
}

#[test]
fn each_change_is_read_once_when_the_broker_is_killed_and_comes_back() -> Outcome {
    let mut place = Place::new(&[], "")?;
    place.world.sync().unwrap();
    let running = place.world.start();
    let mut last = 0;
    for _ in 0..2 {
        let until = Instant::now() + Duration::from_millis(700);
        last = work(&place, last, || Instant::now() > until);
        place.broker.kill();
        let until = Instant::now() + Duration::from_millis(300);
        last = work(&place, last, || Instant::now() > until);
        place.broker.restart().unwrap();
    }
    let until = Instant::now() + Duration::from_millis(700);
    last = work(&place, last, || Instant::now() > until);
    running.stop.set();
    let _ = running.join();
    place.world.sync().unwrap();
    assert_once(&place, last);
    Ok(())
}

#[test]
fn an_instance_that_is_taken_over_from_ends_and_writes_nothing_more() -> Outcome {
    let place = Place::new(&[], "")?;
    place.world.sync().unwrap();
    let old = place.world.start();
    place.world.at_source(&["INSERT INTO shop.users VALUES (1, 'N', '1', 'm1', '')"]);
    place.topics.wait_for(TOPIC, 1);
    let new = place.world.start();
    let until = Instant::now() + Duration::from_secs(60);
    let mut n = 1;
    while !old.is_finished() {
        assert!(Instant::now() < until, "the old instance does not end");
        n += 1;
        let sql = format!("INSERT INTO shop.users VALUES ({n}, 'N', '1', 'm{n}', '')");
        place.world.at_source(&[&sql]);
        std::thread::sleep(Duration::from_millis(20));
    }
    let ended = old.join().unwrap();
    assert!(matches!(ended, Err(Halt::Fenced)), "{ended:?}");
    place.topics.wait_for(TOPIC, n);
    new.stop.set();
    new.join().unwrap().unwrap();
    let records = place.users();
    let ids: Vec<u64> = records
        .iter()
        .map(|r| r.value.as_ref().unwrap()["after"]["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids, (1..=n as u64).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn a_row_that_the_topic_does_not_take_halts_and_goes_through_when_it_does() -> Outcome {
    let place = Place::new(&[("message.max.bytes", "20000")], "")?;
    place.world.at_source(&["ALTER TABLE shop.users MODIFY user_type TEXT"]);
    place.world.sync().unwrap();
    place.world.at_source(&[
        "INSERT INTO shop.users VALUES (1, 'N', '1', 'm1', '')",
        "INSERT INTO shop.users VALUES (2, REPEAT('x', 60000), '1', 'm2', '')",
        "INSERT INTO shop.users VALUES (3, 'N', '1', 'm3', '')",
    ]);
    for _ in 0..2 {
        let halt = place.world.sync().unwrap_err();
        let text = halt.to_string();
        assert!(text.contains("max.message.bytes") && !halt.is_temporary(), "{text}");
        assert!(!text.contains("xxx"), "{text}");
    }
    place.topics.set(TOPIC, "max.message.bytes", "1000000");
    place.world.sync().unwrap();
    assert_eq!(ops(&place.users()).len(), 3, "each row once");
    assert_eq!(place.now().len(), 3);
    Ok(())
}

#[test]
fn a_transaction_larger_than_memory_holds_is_one_transaction_of_the_topic() -> Outcome {
    let place = Place::new(&[], "")?;
    place.world.sync().unwrap();
    place.world.at_source(&[
        "INSERT INTO shop.users SELECT seq, 'N', '1', CONCAT('m', seq), '' FROM \
         (WITH RECURSIVE s AS (SELECT 1 AS seq UNION ALL SELECT seq + 1 FROM s WHERE seq < 900) \
          SELECT seq FROM s) AS a",
        "INSERT INTO shop.users SELECT 1000 + a.id * 900 + b.id, 'N', '1', 'm', '' \
         FROM (SELECT id FROM shop.users WHERE id <= 15) AS a, shop.users AS b",
    ]);
    place.world.sync().unwrap();
    let records = place.users();
    let transaction = |r: &Record| r.value.as_ref().unwrap()["transaction"].clone();
    let last = transaction(records.last().unwrap());
    assert_eq!(last["total_order"], 13_500);
    let whole = records.iter().filter(|r| transaction(r)["id"] == last["id"]).count();
    assert_eq!(whole, 13_500);
    Ok(())
}

#[test]
fn emptied_and_renewed_tables_say_so_in_every_partition() -> Outcome {
    let place = Place::new(&[], "[staging.kafka]\npartitions = 3\n")?;
    place.world.at_source(&[
        "INSERT INTO shop.users VALUES (1, 'N', '1', 'a', ''), (2, 'N', '1', 'b', '')",
    ]);
    place.world.sync().unwrap();
    place.world.at_source(&[
        "TRUNCATE shop.users",
        "INSERT INTO shop.users VALUES (3, 'N', '1', 'c', '')",
    ]);
    place.world.sync().unwrap();
    let count = |op: &str| place.users().iter().filter(|r| r.op() == op).count();
    assert_eq!((count("r"), count("t"), count("c")), (2, 3, 1));
    place.world.resnapshot("shop.users").unwrap();
    assert_eq!((count("r"), count("t"), count("c")), (3, 6, 1));
    place.world.at_source(&["DELETE FROM shop.users WHERE id = 3"]);
    place.world.sync().unwrap();
    assert_eq!(count("d"), 1);
    let partitions: std::collections::BTreeSet<i32> =
        place.users().iter().filter(|r| r.op() == "t").map(|r| r.partition).collect();
    assert_eq!(partitions.len(), 3);
    Ok(())
}

#[test]
fn topics_are_not_compared_with_the_source() -> Outcome {
    let place = Place::new(&[], "")?;
    place.world.sync().unwrap();
    let setting = place.world.setting().unwrap();
    let halt = verify(&setting, VerifyOptions::default()).unwrap_err();
    let text = halt.to_string();
    assert!(!halt.is_temporary() && text.contains("topics of Kafka, which have no rows"), "{text}");
    Ok(())
}

#[test]
fn a_position_that_was_set_back_is_refused() -> Outcome {
    let place = Place::new(&[], "")?;
    place.world.sync().unwrap();
    let before = place.topics.read(STATE).pop().unwrap();
    place.world.at_source(&["INSERT INTO shop.users VALUES (1, 'N', '1', 'a', '')"]);
    place.world.sync().unwrap();
    let after = place.topics.read(STATE).pop().unwrap();
    let mut forged = after.value.clone().unwrap();
    forged["position"] = before.value.unwrap()["position"].clone();
    place.topics.write(STATE, &after.key, &forged.to_string());
    let text = place.world.sync().unwrap_err().to_string();
    assert!(text.contains("is not the one that this program wrote last"), "{text}");
    assert_eq!(place.users().len(), 1);
    Ok(())
}

#[test]
fn what_is_wrong_with_the_broker_is_said_with_a_remedy() -> Outcome {
    let mut place = Place::new(&[], "[staging.kafka]\ncreate = false\n")?;
    let halt = |place: &Place| place.world.sync().unwrap_err();
    let text = halt(&place).to_string();
    assert!(text.contains("there is no topic masked.twinproof_sync"), "{text}");
    assert!(text.contains("staging has no table shop.users"), "{text}");
    assert!(text.contains("kafka-topics.sh --create --topic masked.shop.users"), "{text}");
    // Nobody is there.
    place.broker.kill();
    let nobody = halt(&place);
    assert!(nobody.is_temporary(), "{nobody}");
    let port = place.broker.port().to_string();
    assert!(nobody.to_string().contains(&port), "{nobody}");
    // Somebody else is there.
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let other = listener.local_addr().unwrap().port().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            use std::io::{Read as _, Write as _};
            let mut stream = stream;
            let _ = stream.read(&mut [0; 64]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    place.world.set_policy(|policy| policy.replace(&port, &other));
    let begun = Instant::now();
    let text = halt(&place).to_string();
    assert!(text.contains("broker of Kafka"), "{text}");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    Ok(())
}

#[test]
fn a_certificate_is_checked_against_the_roots_that_the_policy_names() -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let mut place = {
        let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let pem = own.cert.pem() + &own.signing_key.serialize_pem();
        std::fs::write(folder.path().join("broker.pem"), pem).unwrap();
        std::fs::write(folder.path().join("own.pem"), own.cert.pem()).unwrap();
        std::fs::write(folder.path().join("other.pem"), other.cert.pem()).unwrap();
        let keys = folder.path().join("broker.pem").display().to_string();
        let settings = [
            ("listeners", "SSL://127.0.0.1:{port}"),
            ("advertised.listeners", "SSL://127.0.0.1:{port}"),
            ("ssl.keystore.type", "PEM"),
            ("ssl.keystore.location", keys.as_str()),
        ];
        Place::new(&settings, "")?
    };
    let plain = format!("kafka://127.0.0.1:{}", place.broker.port());
    let tls = |ca: &str| {
        let ca = folder.path().join(ca).display().to_string();
        format!("kafka://127.0.0.1:{}\"\nca = \"{ca}", place.broker.other_port())
    };
    let (right, wrong) = (tls("own.pem"), tls("other.pem"));
    let policy = std::cell::RefCell::new(plain.clone());
    let through = |place: &mut Place, to: &str| {
        place.world.set_policy(|text| text.replace(&*policy.borrow(), to));
        *policy.borrow_mut() = to.to_owned();
        place.world.sync()
    };
    let halt = through(&mut place, &wrong).unwrap_err();
    assert!(!halt.is_temporary() && halt.to_string().contains("`ca` names"), "{halt}");
    place.world.at_source(&["INSERT INTO shop.users VALUES (1, 'N', '1', 'a', '')"]);
    through(&mut place, &right).unwrap();
    assert_eq!(place.users().len(), 1);
    Ok(())
}

#[test]
fn a_user_without_rights_is_told_which() -> Outcome {
    let users = "org.apache.kafka.common.security.plain.PlainLoginModule required \
                 user_sync=\"right\";";
    let settings = [
        ("listeners", "SASL_PLAINTEXT://127.0.0.1:{port}"),
        ("advertised.listeners", "SASL_PLAINTEXT://127.0.0.1:{port}"),
        ("sasl.enabled.mechanisms", "PLAIN"),
        ("listener.name.sasl_plaintext.plain.sasl.jaas.config", users),
        ("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"),
        ("super.users", "User:ANONYMOUS"),
    ];
    let mut place = Place::new(&settings, "[staging.kafka]\nmechanism = \"plain\"\n")?;
    let plain = format!("kafka://127.0.0.1:{}", place.broker.port());
    let other = format!(
        "kafka://sync@127.0.0.1:{}\"\npassword-file = \"password",
        place.broker.other_port()
    );
    place.world.set_policy(|text| text.replace(&plain, &other));
    let file = place.world.folder.path().join("password");
    std::fs::write(&file, "wrong\n").unwrap();
    let halt = place.world.sync().unwrap_err();
    assert!(!halt.is_temporary() && halt.to_string().contains("`password-file`"), "{halt}");
    std::fs::write(&file, "right\n").unwrap();
    let halt = place.world.sync().unwrap_err();
    assert!(!halt.is_temporary() && halt.to_string().contains("this user needs"), "{halt}");
    Ok(())
}

//! The cost of masking: each transformer, and the whole way of a row from the bytes of its event to
//! the statement for staging.
//!
//! `cargo bench -p twinproof-masksync`

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Arc;
use twinproof_masksync::binlog::{Body, Charsets, Event, Flavour, Header, TableMap};
use twinproof_masksync::flow::{Change, Net, PlanColumn, TablePlan, change};
use twinproof_masksync::keys::{Ring, Unbounded};
use twinproof_masksync::mask::{
    Alphabet, Binding, Encoding, FakeKind, Fallback, Keyed, Keys, Masker, Named, RowContext,
    Transformer,
};
use twinproof_masksync::predicate::{Ask, AskError, Decider, Truth};
use twinproof_masksync::server::literal;
use twinproof_masksync::value::{Cell, Charset, ColumnType};

const RING: &str = "[[key]]\nid = 1\nstate = \"primary\"\n\
    secret = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\n";
/// Rows of an event, about what fits into the server's 8 KiB.
const ROWS: u64 = 100;

fn keys() -> Keys {
    let ring = Ring::from_text(RING).map(Arc::new);
    let Ok(ring) = ring else { unreachable!("the ring above is right") };
    Keys { ring, tenant: "acme".into(), reserve: Arc::new(Unbounded) }
}

fn named(transformer: Transformer) -> Named {
    Named { class: "phone".into(), transformer }
}

fn masks(c: &mut Criterion) {
    let keyed = || Keyed { key: 1, domain: "phone".into() };
    let encoding = Encoding::Text;
    let all = [
        ("redact", Transformer::Redact { with: '*', length: None }),
        ("partial", Transformer::Partial { first: 3, last: 4, with: '*', hidden: 4 }),
        ("token", Transformer::Token { keyed: keyed(), length: 16, encoding }),
        ("deterministic", Transformer::Deterministic { keyed: keyed(), encoding }),
        ("randomised", Transformer::Randomised { encoding }),
        (
            "format",
            Transformer::Format {
                keyed: keyed(),
                alphabet: Alphabet::Digits,
                fallback: Fallback::Halt,
            },
        ),
        ("fake", Transformer::Fake { keyed: keyed(), kind: FakeKind::Email }),
    ];
    let mut group = c.benchmark_group("mask of 11 digits");
    let mut row = Vec::new();
    // Randomised masks are bound to the key of their row.
    Binding::row_part(b"1234567", &mut row);
    let kind = ColumnType::text(Charset::Utf8);
    for (name, transformer) in all {
        let masker = Masker::new(&named(transformer), &keys(), "shop.users", "phone", &[]);
        let Ok(mut masker) = masker else { continue };
        let cell = Cell::Text(b"13800001111".as_slice().into());
        let place = RowContext { row: &row, cells: &[], types: &[] };
        group.bench_function(name, |b| {
            b.iter(|| masker.apply(black_box(&cell), &kind, place).map(Cell::into_owned));
        });
    }
}

/// A table map of (id BIGINT, user_type VARCHAR(16), phone VARCHAR(20), mail VARCHAR(40), n INT).
fn table_map() -> Option<TableMap> {
    let mut body = vec![7, 0, 0, 0, 0, 0, 1, 0];
    for name in ["shop", "users"] {
        body.push(name.len() as u8);
        body.extend_from_slice(name.as_bytes());
        body.push(0);
    }
    body.extend_from_slice(&[5, 8, 15, 15, 15, 3, 6, 64, 0, 80, 0, 160, 0, 0x1e]);
    // All character columns have collation 45, utf8mb4.
    body.extend_from_slice(&[2, 1, 45]);
    let names = ["id", "user_type", "phone", "mail", "n"];
    body.extend_from_slice(&[4, names.iter().map(|n| n.len() as u8 + 1).sum()]);
    for name in names {
        body.push(name.len() as u8);
        body.extend_from_slice(name.as_bytes());
    }
    let event = Event { header: header(19), body: &body };
    match event.meaning(Flavour::Mysql) {
        Ok(Body::Map(map)) => map.read(&Charsets::new([(45, "utf8mb4")])).ok(),
        _ => None,
    }
}

fn header(kind: u8) -> Header {
    Header { timestamp: 0, kind, server: 1, next: 0 }
}

/// An event of updates: each row before and after.
fn updates() -> Vec<u8> {
    let mut body = vec![7, 0, 0, 0, 0, 0, 1, 0, 2, 0, 5, 0xff, 0xff];
    for i in 0..ROWS {
        for n in 0..2_u32 {
            body.push(0);
            body.extend_from_slice(&i.to_le_bytes());
            for text in ["NORMAL", &format!("138{i:08}"), &format!("user{i:06}@example.com")] {
                body.push(text.len() as u8);
                body.extend_from_slice(text.as_bytes());
            }
            body.extend_from_slice(&n.to_le_bytes());
        }
    }
    body
}

/// The source is not asked here: the one class passes.
struct Passes;

impl Ask for Passes {
    fn ask(&mut self, tuples: &[Vec<Cell<'_>>]) -> Result<Vec<Truth>, AskError> {
        Ok(vec![Truth::True; tuples.len()])
    }
}

fn hot_path(c: &mut Criterion) {
    let (Some(map), body) = (table_map(), updates()) else { return };
    let mail = Keyed { key: 1, domain: "mail".into() };
    let encoding = Encoding::Text;
    let transformers = [
        Transformer::Keep,
        Transformer::Keep,
        Transformer::Randomised { encoding },
        Transformer::Deterministic { keyed: mail, encoding },
        Transformer::Keep,
    ];
    let columns = map.columns.iter().zip(transformers).map(|(column, transformer)| PlanColumn {
        name: column.name.clone(),
        column: column.column.clone(),
        named: named(transformer),
    });
    let plan = TablePlan::new("shop.users".into(), columns.collect(), vec![0], &keys());
    let Ok(mut plan) = plan else { return };
    let mut decider = Decider::new(vec![1]);
    let mut group = c.benchmark_group("hot path");
    group.throughput(Throughput::Elements(ROWS));
    group.bench_function("decode 100 updates", |b| {
        b.iter(|| {
            let event = Event { header: header(31), body: black_box(&body) };
            let Ok(Body::Rows(rows)) = event.meaning(Flavour::Mysql) else { return 0 };
            rows.iter(&map).map_or(0, Iterator::count)
        });
    });
    group.bench_function("decode, decide, mask two columns, write SQL", |b| {
        b.iter_batched(
            || String::with_capacity(64 << 10),
            |mut sql| {
                let event = Event { header: header(31), body: black_box(&body) };
                let Ok(Body::Rows(rows)) = event.meaning(Flavour::Mysql) else { return sql };
                let Ok(rows) = rows.iter(&map) else { return sql };
                let pairs: Vec<_> = rows.filter_map(Result::ok).collect();
                let images = pairs.iter().flat_map(|p| p.before.iter().chain(&p.after));
                // The filter sees rows before and after, since a row may enter or leave the
                // selection.
                let images: Vec<&[Cell<'_>]> = images.map(Vec::as_slice).collect();
                let truths = decider.decide(&images, &mut Passes).unwrap_or_default();
                // Changes of one row within a transaction are brought together before they are
                // written.
                let mut net: Net<(), Vec<Cell<'_>>> = Net::default();
                for (pair, truth) in pairs.iter().zip(truths.chunks(2)) {
                    let Some(after) = &pair.after else { continue };
                    if change(truth.first().copied(), truth.last().copied()) == Change::Update
                        && let Ok(row) = plan.mask(after)
                    {
                        net.update(&row.key, (), row.cells, None);
                    }
                }
                for effect in net.take() {
                    for (i, cell) in effect.row.iter().flatten().enumerate() {
                        literal(cell, plan.charset(i), &mut sql);
                    }
                }
                sql
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, masks, hot_path);
criterion_main!(benches);

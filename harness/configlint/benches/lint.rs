//! 1,000 files of all kinds, linted.

use criterion::{Criterion, criterion_group, criterion_main};
use twinproof_configlint::rules::all;
use twinproof_configlint::{Options, Set, lint};

fn thousand_files(criterion: &mut Criterion) {
    let samples: Vec<(&str, &str)> =
        all().into_iter().flat_map(|rule| rule.bad.iter().chain(rule.good)).copied().collect();
    // Repeated to a round number, since the catalogue grows with each rule.
    let files: Vec<(&str, &str)> = samples.iter().copied().cycle().take(1000).collect();
    criterion.bench_function("lint 1,000 files", |bencher| {
        bencher.iter(|| lint(&Set::of_texts(&files, Options::default())).len());
    });
}

criterion_group!(benches, thousand_files);
criterion_main!(benches);

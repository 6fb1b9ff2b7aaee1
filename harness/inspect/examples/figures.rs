//! Measures what the documentation promises, on a Go program of a hundred megabytes that is generated
//! and built first, beside the tools that one would use otherwise.
//!
//! `cargo run --release -p twinproof-inspect --example figures [-- FILE [FILE]]`
//!
//! It needs `go` and `readelf`. The runs of everything alternate, so that what else the machine does is the same
//! for all. Each time is the best of seven runs; processor time is that of all runs, divided by their number,
//! and says more where others use the machine.

#![expect(clippy::unwrap_used, reason = "a measurement fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use twinproof_inspect::{CompareOptions, Options, compare, describe};

/// Number of packages, and of types in each, that make about a hundred megabytes.
const PACKAGES: usize = 72;
const TYPES: usize = 700;
const RUNS: u32 = 7;

fn main() {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let a = args.next().unwrap_or_else(|| build("a", "1"));
    let b = args.next().unwrap_or_else(|| build("b", "2"));
    let size = fs::metadata(&a).unwrap().len();
    println!("{size} bytes");
    let deep = Options { deep: true, leaks: Vec::new() };
    let mut ours: [(&str, Action<'_>); 3] = [
        ("headers", Box::new(|| drop(describe(&a, &Options::default()).unwrap()))),
        ("--deep", Box::new(|| drop(describe(&a, &deep).unwrap()))),
        ("diff", Box::new(|| drop(compare(&a, &b, &CompareOptions::default()).unwrap()))),
    ];
    let tools: [(&str, &[&str]); 3] =
        [("readelf", &["-a"]), ("go", &["tool", "nm"]), ("go", &["version", "-m"])];
    let mut times = [Times::default(); 6];
    for _ in 0..RUNS {
        for (at, (_, action)) in ours.iter_mut().enumerate() {
            times[at].measure(action);
        }
        for (at, (tool, args)) in tools.iter().enumerate() {
            times[3 + at].measure(|| {
                let mut command = Command::new(tool);
                let done = command.args(*args).arg(&a).stdout(Stdio::null()).status().unwrap();
                assert!(done.success());
            });
        }
    }
    let names = ours.iter().map(|(name, _)| (*name).to_owned());
    let names = names.chain(tools.iter().map(|(tool, args)| format!("{tool} {}", args.join(" "))));
    println!("{:<24} {:>12} {:>12}", "", "elapsed", "processor");
    for (name, times) in names.zip(&times) {
        println!("{name:<24} {:>12.2?} {:>12.2?}", times.best(), times.processor());
    }
    let sum = |of: &dyn Fn(&Times) -> Duration| times[3..].iter().map(of).sum::<Duration>();
    let ratio =
        |of: &dyn Fn(&Times) -> Duration| sum(of).as_secs_f64() / of(&times[1]).as_secs_f64();
    println!(
        "{:<24} {:>12.2?} {:>12.2?}",
        "the three together",
        sum(&Times::best),
        sum(&Times::processor)
    );
    println!(
        "times --deep             {:>12.1} {:>12.1}",
        ratio(&Times::best),
        ratio(&Times::processor)
    );
    println!("resident {} KiB at most", peak());
}

/// The action of a measurement.
type Action<'a> = Box<dyn FnMut() + 'a>;

/// The times of several runs of one action.
#[derive(Clone, Copy, Default)]
struct Times {
    best: Option<Duration>,
    ticks: u64,
}

impl Times {
    fn measure(&mut self, mut action: impl FnMut()) {
        let (start, before) = (Instant::now(), ticks());
        action();
        let elapsed = start.elapsed();
        self.ticks += ticks() - before;
        self.best = Some(self.best.map_or(elapsed, |best| best.min(elapsed)));
    }

    fn best(&self) -> Duration {
        self.best.unwrap_or_default()
    }

    fn processor(&self) -> Duration {
        Duration::from_millis(self.ticks * MILLIS_OF_A_TICK) / RUNS
    }
}

/// Linux counts processor time in hundredths of a second for programs to read.
const MILLIS_OF_A_TICK: u64 = 10;

/// The processor time of this process and of those that it waited for, in ticks.
fn ticks() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is the program's name in parentheses; utime is the fourteenth, cstime the seventeenth.
    let fields = stat.rsplit(')').next().unwrap_or_default().split(' ').skip(12).take(4);
    fields.filter_map(|field| field.parse::<u64>().ok()).sum()
}

/// The most memory that this process had, in KiB.
fn peak() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("?".into(), |line| line.trim().trim_end_matches(" kB").to_owned())
}

/// Builds a program whose constants depend on a seed.
fn build(name: &str, seed: &str) -> PathBuf {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/inspect-measure").join(name);
    let output = folder.join("program");
    if output.is_file() {
        return output;
    }
    println!("building {}", output.display());
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("go.mod"), "module example.com/big\n\ngo 1.24\n").unwrap();
    let (mut imports, mut calls) = (String::new(), String::new());
    for package in 0..PACKAGES {
        let dir = folder.join(format!("p{package}"));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("p.go"), source(package, seed)).unwrap();
        writeln!(imports, "\t\"example.com/big/p{package}\"").unwrap();
        writeln!(calls, "\tn += show(p{package}.All)").unwrap();
    }
    let main = format!(
        "package main\n\nimport (\n\t\"reflect\"\n{imports})\n\nfunc show(all []any) (n int) {{\n\
         \tfor _, x := range all {{ n += reflect.TypeOf(x).NumMethod() }}\n\
         \tprintln(reflect.ValueOf(all[0]).Method(0).IsValid())\n\treturn n\n}}\n\n\
         func main() {{\n\tn := 0\n{calls}\tprintln(n)\n}}\n"
    );
    fs::write(folder.join("main.go"), main).unwrap();
    let mut command = Command::new("go");
    command.args(["build", "-buildvcs=false", "-o"]).arg(&output).arg(".").current_dir(&folder);
    command.env("CGO_ENABLED", "0").env("GOFLAGS", "").env("GOWORK", "off");
    command.env("GOOS", "linux").env("GOARCH", "amd64");
    assert!(command.status().unwrap().success(), "{command:?}");
    output
}

fn source(package: usize, seed: &str) -> String {
    let mut text =
        format!("package p{package}\n\nimport (\n\t\"fmt\"\n\t\"sort\"\n\t\"strings\"\n)\n");
    for number in 0..TYPES {
        write!(
            text,
            "type T{number} struct {{ A, B int; Name string; Next *T{number}; M map[string]int }}\n\n\
             func (t *T{number}) Do{number}(n int, words []string) (string, error) {{\n\
             \tif n < {number} {{ return \"\", fmt.Errorf(\"p{package} {seed} too small: %d %s\", n, t.Name) }}\n\
             \tsort.Slice(words, func(i, j int) bool {{ return words[i] < words[j] }})\n\
             \tfor i, w := range words {{ t.M[w] += i * {number}; t.A ^= len(w) + {package} + {seed} }}\n\
             \tfor x := t; x != nil; x = x.Next {{ t.B += x.A }}\n\
             \treturn strings.Join(words, \"{package}-{number}\") + fmt.Sprint(t.A, t.B), nil\n}}\n\n"
        )
        .unwrap();
    }
    let all: Vec<String> = (0..TYPES).map(|number| format!("&T{number}{{}}")).collect();
    writeln!(text, "var All = []any{{{}}}", all.join(", ")).unwrap();
    text
}

//! Writes a small capture of Process Monitor, for tests: `go install` with GOBIN set, as PowerShell
//! starts it. `cargo run -p twinproof-trace --example pml -- FILE.pml FILE.csv`

#![expect(clippy::unwrap_used, reason = "an example ends with the error")]

mod writer;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (pml, csv) = (arguments.next().unwrap(), arguments.next().unwrap());
    let capture = writer::install();
    std::fs::write(pml, capture.pml()).unwrap();
    std::fs::write(csv, capture.csv()).unwrap();
}

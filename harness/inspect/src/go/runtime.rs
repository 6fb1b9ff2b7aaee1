//! Tells exported symbols of the toolchains from those of the program's author.

use crate::facts::{Export, Exports};

/// Names that the C start-up code, the linker, Go's runtime and cgo bring along.
const NAMES: [&str; 33] = [
    "_init",
    "_fini",
    "_start",
    "_end",
    "__bss_start",
    "_edata",
    "__data_start",
    "data_start",
    "__gmon_start__",
    "_mh_execute_header",
    "_mh_dylib_header",
    "__mh_execute_header",
    "__mh_dylib_header",
    "_IO_stdin_used",
    "__dso_handle",
    "__TMC_END__",
    "main",
    "_main",
    "crosscall1",
    "crosscall2",
    "crosscall_386",
    "crosscall_amd64",
    "crosscall_arm1",
    "crosscall_ppc64",
    "crosscall_s390x",
    "fatalf",
    "catch_exception_raise",
    "threadentry",
    "authentication",
    "iscgo",
    "_rt0_amd64_lib",
    "_GoStringLen",
    "_GoStringPtr",
];

/// Beginnings of such names.
const PREFIXES: [&str; 14] = [
    "_cgo",
    "__cgo",
    "cgo_",
    "x_cgo_",
    "x_crosscall",
    "_cgoexp_",
    "runtime.",
    "runtime/",
    "go:",
    "type:",
    "go.",
    "_rt0_",
    "darwin_arm_init_",
    "__cgofn__",
];

/// Whether a symbol is a toolchain's. Some systems put an underscore before names of C.
fn is_runtime(name: &str) -> bool {
    let bare = name.strip_prefix('_').unwrap_or(name);
    let known = |n: &str| NAMES.contains(&n) || PREFIXES.iter().any(|p| n.starts_with(p));
    known(name) || known(bare)
}

/// Exported symbols, the author's apart from the toolchains'.
pub(crate) fn exports(all: Vec<Export>) -> Exports {
    let (runtime, own): (Vec<Export>, Vec<Export>) =
        all.into_iter().partition(|export| is_runtime(&export.name));
    let mut runtime: Vec<String> = runtime.into_iter().map(|export| export.name).collect();
    runtime.dedup();
    Exports { own, runtime }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// What files of `runtime/cgo` in Go 1.22 and 1.27 define, and names of an author.
    #[rstest]
    #[case("threadentry", true)]
    #[case("fatalf", true)]
    #[case("catch_exception_raise", true)]
    #[case("_cgo_sys_thread_start", true)]
    #[case("x_cgo_notify_runtime_init_done", true)]
    #[case("crosscall2", true)]
    #[case("thread", false)]
    #[case("Add", false)]
    #[case("MyThreadentry", false)]
    fn names_of_the_runtime_are_the_toolchains(#[case] name: &str, #[case] expected: bool) {
        assert_eq!(is_runtime(name), expected);
    }
}

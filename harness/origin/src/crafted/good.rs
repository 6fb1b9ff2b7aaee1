//! Well-formed modules of ordinary size.

use crate::release::{Module, Release};

fn module(path: &str, version: &str, files: &[(&str, &str)]) -> Module {
    let files = files.iter().map(|(name, data)| ((*name).to_owned(), data.as_bytes().to_vec()));
    Module {
        path: path.to_owned(),
        version: version.to_owned(),
        files: files.collect(),
        ..Module::default()
    }
}

/// A module with a go.mod that says `more`, and one package that knows where it is from.
fn usual(path: &str, version: &str, more: &str) -> Module {
    let go_mod = format!("module {path}\n\ngo 1.21\n{more}");
    let package = format!(
        "// Package crafted is {path}.\npackage crafted\n\n// Version is the module's version.\nconst Version = {version:?}\n"
    );
    module(path, version, &[("go.mod", &go_mod), ("crafted.go", &package)])
}

/// The same without a go.mod.
fn bare(path: &str, version: &str) -> Module {
    let mut module = usual(path, version, "");
    module.files.retain(|(name, _)| name != "go.mod");
    module
}

/// A name that is no version: its info is that of the version it stands for.
fn named(path: &str, name: &str, version: &str) -> Module {
    let info = crate::release::default_info(version).into_bytes();
    Module { version: name.to_owned(), info: Some(info), ..usual(path, version, "") }
}

pub(super) fn releases() -> Vec<Release> {
    let at = |name: &str| format!("crafted.example/{name}");
    let plain = |name: &str, version: &str| usual(&at(name), version, "");
    let branch = "v1.0.1-0.20240301000000-0123456789ab";
    let app = "\nrequire (\n\tcrafted.example/Upper v1.0.0\n\tcrafted.example/hello v1.1.0\n\tcrafted.example/incompatible v2.0.0+incompatible\n\tcrafted.example/major/v2 v2.1.0\n\tcrafted.example/upper v1.0.0\n)\n";
    let retract = "\nretract (\n\tv1.1.0 // v1.1.0 loses data.\n\tv1.2.0 // v1.2.0 is only here to retract.\n)\n";
    let mut deprecated = plain("deprecated", "v1.1.0");
    for (name, data) in &mut deprecated.files {
        if name == "go.mod" {
            *data = [b"// Deprecated: use crafted.example/hello.\n", data.as_slice()].concat();
        }
    }
    let toolchain = module(
        "golang.org/toolchain",
        "v0.0.1-go1.99.0.linux-amd64",
        &[
            ("bin/go", "#!/bin/sh\necho go version go1.99.0 linux/amd64\n"),
            ("go.mod", "module golang.org/toolchain\n"),
            ("pkg/tool/linux_amd64/compile", "#!/bin/sh\n"),
            ("pkg/tool/linux_amd64/link", "#!/bin/sh\n"),
        ],
    );
    let modules = vec![
        plain("hello", "v1.0.0"),
        plain("hello", "v1.1.0"),
        usual(&at("app"), "v1.0.0", app),
        plain("Upper", "v1.0.0"),
        plain("upper", "v1.0.0"),
        plain("capital", "v1.0.0-RC1"),
        plain("capital", "v1.0.0-rc1"),
        plain("incompatible", "v1.0.0"),
        bare(&at("incompatible"), "v2.0.0+incompatible"),
        bare(&at("incompatible"), "v3.1.0+incompatible"),
        plain("major", "v1.0.0"),
        plain("major/v2", "v2.0.0"),
        plain("major/v2", "v2.1.0"),
        usual("gopkg.in/crafted.v1", "v0.0.0-20190101000000-abcdef012345", ""),
        usual("gopkg.in/crafted.v1", "v1.0.0", ""),
        usual("gopkg.in/crafted.v2-unstable", "v2.0.0", ""),
        plain("retracted", "v1.0.0"),
        plain("retracted", "v1.1.0"),
        usual(&at("retracted"), "v1.2.0", retract),
        plain("deprecated", "v1.0.0"),
        deprecated,
        // Not in the order of their times: @latest must not take the last one of the list.
        plain("pseudo", "v0.0.0-20190101000000-aaaaaaaaaaaa"),
        plain("pseudo", "v0.0.0-20210101000000-cccccccccccc"),
        plain("pseudo", "v0.0.0-20200101000000-bbbbbbbbbbbb"),
        plain("prerelease", "v1.0.0-alpha"),
        // By SemVer beta.11 is newer than beta.2, by text it is older.
        plain("prerelease", "v1.0.0-beta.2"),
        plain("prerelease", "v1.0.0-beta.11"),
        bare(&at("nomod"), "v1.0.0"),
        plain("branches", "v1.0.0"),
        plain("branches", branch),
        named(&at("branches"), "main", branch),
        named(&at("branches"), "release-1", "v1.0.0"),
        toolchain,
    ];
    modules.into_iter().map(Release::completed).collect()
}

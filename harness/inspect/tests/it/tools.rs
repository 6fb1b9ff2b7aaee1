//! Facts about a file as other tools print them.

use std::path::Path;
use std::process::Command;

use twinproof_inspect::{Content, Description, Image, Options, describe};

/// The output of a tool, or `None` where it is not there.
pub fn tool(name: &'static str, args: &[&str], file: &Path) -> Option<String> {
    let program = twinproof_testkit::program(name).unwrap_or_else(|absent| absent.end_test());
    let output = Command::new(program).args(args).arg(file).env("LC_ALL", "C").output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The headers of a file.
pub fn headers(file: &Path) -> Description {
    describe(file, &Options::default()).unwrap()
}

/// Everything of a file.
pub fn deep(file: &Path) -> Image {
    let options = Options { deep: true, leaks: Vec::new() };
    image(describe(file, &options).unwrap())
}

/// The one image of a file.
pub fn image(description: Description) -> Image {
    match description.content {
        Content::Image(image) => *image,
        other => panic!("no image: {other:?}"),
    }
}

//! Go in images: variables of a Dockerfile against those of its base image.

use super::go::folders;
use super::words::shown;
use crate::document::Document;
use crate::rule::{Check, Findings, Level, Rule};
use crate::views::image::{Image, Misread, is_official};
use crate::views::variables::{Origin, Variable, of_commands};

/// Folders that are on PATH in every image.
const USUAL_PATH: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// The rules.
pub const RULES: &[Rule] = &[
    Rule {
        id: "CONF-054",
        level: Level::Error,
        title: "ENV GOROOT that is not the base image's",
        effect: "Every go command exits 2 (`go: cannot find GOROOT directory`), `go version` too. The official images have /usr/local/go; go finds its own GOROOT without a setting.",
        advice: "Take GOROOT out.",
        claims: &["SRC-31", "SRC-32"],
        check: Check::File(foreign_goroot),
        bad: &[("Dockerfile", "FROM golang:1.27-alpine\nENV GOROOT=/usr/lib/go\nRUN go version\n")],
        good: &[("Dockerfile", "FROM golang:1.27-alpine\nRUN go version\n")],
    },
    Rule {
        id: "CONF-055",
        level: Level::Warning,
        title: "GOBIN off PATH, or another one in each stage",
        effect: "`go install` writes programs where no shell finds them; a stage that copies them from another folder gets none.",
        advice: "Add GOBIN to PATH, and take one folder in all stages; the official images have /go/bin on PATH.",
        claims: &["SRC-30"],
        check: Check::File(gobin_off_path),
        bad: &[(
            "Dockerfile",
            "FROM golang:1.27 AS a\nENV GOBIN=/opt/tools\nRUN go install ./...\nFROM golang:1.27\nENV GOBIN=/usr/local/tools\n",
        )],
        good: &[(
            "Dockerfile",
            "FROM golang:1.27 AS a\nENV GOBIN=/opt/tools\nENV PATH=$PATH:$GOBIN\nRUN go install ./...\n",
        )],
    },
    Rule {
        id: "CONF-056",
        level: Level::Warning,
        title: "GOFLAGS or GOSUMDB=off left in an image",
        effect: "They hold for every user of the image: `-mod=mod` and `-insecure` change what is built, and with GOSUMDB=off nothing new is verified.",
        advice: "Set them for the one RUN that needs them: `RUN GOFLAGS=-mod=mod go build`.",
        claims: &["SRC-83"],
        check: Check::File(left_in_image),
        bad: &[("Dockerfile", "FROM golang:1.27\nENV GOFLAGS=-mod=mod GOSUMDB=off\n")],
        good: &[("Dockerfile", "FROM golang:1.27\nRUN GOFLAGS=-mod=mod go build ./...\n")],
    },
    Rule {
        id: "CONF-088",
        level: Level::Error,
        title: "A variable of an image with another value than it seems to have",
        effect: "The builder replaces `$NAME` and nothing else: it runs no command in a value and expands no `~`; an ARG in front of the first FROM is not known in a stage, a variable has its new value only behind its own ENV, and what a RUN exports ends with it.",
        advice: "Write the folder itself, declare the ARG in the stage again (`ARG NAME`), set variables that need each other by an ENV each, and use ENV for what must last.",
        claims: &[],
        check: Check::File(misread),
        bad: &[(
            "Dockerfile",
            "ARG TOOLS=/opt/tools\nFROM golang:1.27\nENV GOBIN=$TOOLS/bin\nENV PATH=\"$PATH:$(go env GOPATH)/bin\"\nRUN export GOFLAGS=-mod=mod\n",
        )],
        good: &[(
            "Dockerfile",
            "ARG TOOLS=/opt/tools\nFROM golang:1.27\nARG TOOLS\nENV GOBIN=$TOOLS/bin\nENV PATH=\"$PATH:$GOBIN\"\nRUN export GOFLAGS=-mod=mod && go build ./...\n",
        )],
    },
];

/// GOROOT in a base image; `None` when it is not known.
fn goroot_of(image: Option<&str>) -> Option<&'static str> {
    let Some(image) = image else { return Some("/usr/local/go") };
    is_official(image).then_some("/usr/local/go")
}

/// Whether an image installs Go by itself, so that its GOROOT is its own affair.
fn installs_go(image: &Image, stage: usize) -> bool {
    let words = image.stages[stage].commands.iter().flat_map(|command| &command.words);
    let mut packages = words.filter(|word| {
        matches!(word.text.as_str(), "golang" | "golang-go" | "go")
            || word.text.contains("linux-amd64.tar.gz")
    });
    let manager = image.stages[stage].commands.iter().any(|command| {
        matches!(
            command.program().first(),
            Some(&("apt-get" | "apt" | "apk" | "dnf" | "yum" | "tar" | "curl" | "wget"))
        )
    });
    manager && packages.next().is_some()
}

fn foreign_goroot(document: &Document, findings: &mut Findings<'_>) {
    let Some(image) = &document.image else { return };
    for (index, stage) in image.stages.iter().enumerate() {
        // An image of an unknown name may have Go anywhere: report nothing.
        let Some(goroot) = goroot_of(image.root(index)) else { continue };
        if installs_go(image, index) {
            continue;
        }
        for variable in stage.variables.iter().filter(|variable| variable.name == "GOROOT") {
            let value = variable.value.trim_end_matches('/');
            // A value with a variable left in it is known at build time only.
            if value == goroot || value.is_empty() || value.contains('$') {
                continue;
            }
            let base = image
                .root(index)
                .map_or("the official image".to_owned(), |base| format!("`{base}`"));
            let line = document.source.whole_line_at(variable.range.start);
            let alone = document.source.slice(line.clone()).matches('=').count() == 1;
            let finding = findings.add(
                variable.range.clone(),
                format!("`{}` is not the GOROOT of {base}, which is {goroot}", shown(value)),
            );
            if alone {
                finding.replace("take GOROOT out", line, "");
            }
        }
    }
}

fn gobin_off_path(document: &Document, findings: &mut Findings<'_>) {
    let Some(image) = &document.image else { return };
    let mut first: Option<(&str, usize)> = None;
    for (index, stage) in image.stages.iter().enumerate() {
        // An empty one is unset.
        let gobin = stage.variables.iter().rev().find(|variable| variable.name == "GOBIN");
        let Some(gobin) = gobin.filter(|variable| !variable.value.is_empty()) else { continue };
        if let Some((other, at)) = first.filter(|(other, _)| *other != gobin.value) {
            let line = document.source.position(at).line;
            findings.add(
                gobin.range.clone(),
                format!(
                    "GOBIN is `{other}` in the stage of line {line}, and `{}` here",
                    shown(&gobin.value)
                ),
            );
        }
        first = first.or(Some((&gobin.value, gobin.range.start)));
        let effective = image.effective(index);
        let value =
            |name: &str| effective.iter().rev().find(|v| v.name == name).map(|v| v.value.as_str());
        // PATH is inherited from earlier stages that this one is built from, so the effective
        // variables count, not this stage's own lines.
        let path: Vec<&str> =
            effective.iter().filter(|v| v.name == "PATH").flat_map(|v| folders(&v.value)).collect();
        let official = goroot_of(image.root(index)).is_some();
        let on_path = path.iter().chain(&USUAL_PATH).any(|folder| {
            *folder == gobin.value
                || matches!(*folder, "$GOBIN" | "${GOBIN}")
                || folder.replace("$GOPATH", value("GOPATH").unwrap_or("/go")) == gobin.value
        });
        let known = official && gobin.value == "/go/bin" || gobin.value.contains('$');
        if !on_path && !known {
            findings.add(
                gobin.range.clone(),
                format!("GOBIN `{}` is not on PATH", shown(&gobin.value)),
            );
        }
    }
}

fn left_in_image(document: &Document, findings: &mut Findings<'_>) {
    let Some(image) = &document.image else { return };
    // `RUN go env -w` writes a file, which stays in the image as `ENV` does.
    let written: Vec<Variable> = image
        .stages
        .iter()
        .flat_map(|stage| of_commands(&stage.commands))
        .filter(|variable| variable.origin == Origin::GoCommand)
        .collect();
    for variable in image.stages.iter().flat_map(|stage| &stage.variables).chain(&written) {
        let left = match variable.name.as_str() {
            "GOFLAGS" | "GOINSECURE" => !variable.value.is_empty(),
            "GOSUMDB" => variable.value == "off",
            "GONOSUMCHECK" => true,
            _ => false,
        };
        if left {
            findings.add(
                variable.range.clone(),
                format!("`{}={}` stays in the image", variable.name, shown(&variable.value)),
            );
        }
    }
}

fn misread(document: &Document, findings: &mut Findings<'_>) {
    for (misread, range) in document.image.iter().flat_map(|image| &image.misread) {
        let text = shown(document.source.slice(range.clone()));
        let message = match misread {
            Misread::Command => format!("`{text}` is a text: the builder runs no command in it"),
            Misread::Global(name) => {
                format!("`${name}` is empty: this stage does not declare it (`ARG {name}`)")
            }
            Misread::SameLine(name) => {
                format!("`${name}` has the value that it had in front of this instruction")
            }
            Misread::Quoted => format!("`'` keeps the variable in `{text}` from being replaced"),
            Misread::Home => format!("`~` of `{text}` is a character like others"),
            Misread::Exported(name) => format!("`{name}` ends with this RUN"),
        };
        let finding = findings.add(range.clone(), message);
        // The old value may well be the same, where the base image sets it.
        if matches!(misread, Misread::Exported(_) | Misread::SameLine(_)) {
            finding.only(Level::Warning);
        }
    }
}

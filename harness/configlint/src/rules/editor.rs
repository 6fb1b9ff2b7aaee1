//! Visual Studio Code: which settings reach which twin.

use super::words::{is_linux_path, is_windows_path, shown};
use crate::document::Document;
use crate::kind::Kind;
use crate::rule::{Check, Findings, Level, Rule};
use crate::set::Set;
use crate::views::commands::Word;
use crate::views::json::{Node, Property};
use crate::views::words::lines;

/// The rules.
pub const RULES: &[Rule] = &[
    Rule {
        id: "CONF-043",
        level: Level::Error,
        title: "An absolute go.goroot, go.gopath or go.toolsGopath for both twins",
        effect: "A workspace's setting reaches the editor on Windows and in WSL, and the path is one on one of them only; as a user setting it must be a path of that system.",
        advice: "Leave go.goroot out (go finds its own), or set it in each system's user settings.",
        claims: &[],
        check: Check::File(absolute_folder),
        bad: &[(".vscode/settings.json", "{ \"go.goroot\": \"/usr/local/go\" }\n")],
        good: &[(".vscode/settings.json", "{ \"go.buildTags\": \"x\" }\n")],
    },
    Rule {
        id: "CONF-044",
        level: Level::Error,
        title: "Windows' go in WSL",
        effect: "go.alternateTools and go.toolsEnvVars are of resource scope: as user settings of Windows they reach into WSL, whose extension then starts Windows' programs; so does a PATH with Windows' go first.",
        advice: "Set them in WSL's own settings; put a Linux go in front of PATH, or `[interop] appendWindowsPath=false`.",
        claims: &[],
        check: Check::File(foreign_go),
        bad: &[(
            "environment",
            "WSL_DISTRO_NAME=Ubuntu\nPATH=/mnt/c/tools/go/bin:/usr/local/go/bin:/usr/bin\n",
        )],
        good: &[(
            "environment",
            "WSL_DISTRO_NAME=Ubuntu\nPATH=/usr/local/go/bin:/usr/bin:/mnt/c/tools/go/bin\n",
        )],
    },
    Rule {
        id: "CONF-045",
        level: Level::Warning,
        title: "go.gopath taken for the toolchain",
        effect: "The setting overrides GOPATH alone; which go runs is decided by PATH, go.goroot and go.alternateTools.",
        advice: "Take it out, or give it a folder for modules and tools.",
        claims: &["SRC-06"],
        check: Check::File(gopath_as_toolchain),
        bad: &[(".vscode/settings.json", "{ \"go.gopath\": \"C:\\\\Program Files\\\\Go\" }\n")],
        good: &[("Code/User/settings.json", "{ \"go.gopath\": \"\" }\n")],
    },
    Rule {
        id: "CONF-046",
        level: Level::Warning,
        title: "A terminal of WSL in the editor on Windows",
        effect: "The terminal is in WSL and the editor, its Go extension and its debugger stay on Windows: two toolchains over one folder.",
        advice: "Open the folder in WSL (extension WSL, `code .` in WSL).",
        claims: &[],
        check: Check::File(terminal),
        bad: &[(
            "AppData/Roaming/Code/User/settings.json",
            "{ \"terminal.integrated.shell.windows\": \"C:\\\\WINDOWS\\\\sysnative\\\\bash.exe\" }\n",
        )],
        good: &[(
            "AppData/Roaming/Code/User/settings.json",
            "{ \"terminal.integrated.defaultProfile.windows\": \"PowerShell\" }\n",
        )],
    },
    Rule {
        id: "CONF-047",
        level: Level::Error,
        title: "GOOS or GOARCH in a launch configuration's env",
        effect: "`env` is the environment of the build and of the program: the debugger stays where the editor is, and a program of another system ends in `exec format error`.",
        advice: "Open the folder on the system to debug on.",
        claims: &["SRC-12"],
        check: Check::File(launch_target),
        bad: &[(
            ".vscode/launch.json",
            "{ \"configurations\": [{ \"name\": \"a\", \"type\": \"go\", \"request\": \"launch\", \"env\": { \"GOOS\": \"linux\" } }] }\n",
        )],
        good: &[(
            ".vscode/launch.json",
            "{ \"configurations\": [{ \"name\": \"a\", \"type\": \"go\", \"request\": \"launch\", \"env\": { \"A\": \"1\" } }] }\n",
        )],
    },
    Rule {
        id: "CONF-048",
        level: Level::Warning,
        title: "substitutePath that mixes systems",
        effect: "Without a remote debugger both sides are paths of one system, and breakpoints are not found; mixed separators match nothing.",
        advice: "Attach remotely (`\"request\": \"attach\", \"mode\": \"remote\"`), or take it out.",
        claims: &[],
        check: Check::File(substituted_path),
        bad: &[(
            ".vscode/launch.json",
            "{ \"configurations\": [{ \"request\": \"launch\", \"substitutePath\": [{ \"from\": \"C:\\\\src\", \"to\": \"/home/u/src\" }] }] }\n",
        )],
        good: &[(
            ".vscode/launch.json",
            "{ \"configurations\": [{ \"request\": \"attach\", \"mode\": \"remote\", \"substitutePath\": [{ \"from\": \"C:\\\\src\", \"to\": \"/home/u/src\" }] }] }\n",
        )],
    },
    Rule {
        id: "CONF-049",
        level: Level::Warning,
        title: "go.toolsEnvVars against go's own settings",
        effect: "The editor installs and runs tools with one value, go on the command line with another.",
        advice: "Keep the setting in one place: `go env -w`.",
        claims: &["SRC-11"],
        check: Check::All(two_settings),
        bad: &[
            (".vscode/settings.json", "{ \"go.toolsEnvVars\": { \"GOFLAGS\": \"-tags=a\" } }\n"),
            (".config/go/env", "GOFLAGS=-tags=b\n"),
        ],
        good: &[
            (".vscode/settings.json", "{ \"go.toolsEnvVars\": { \"GOFLAGS\": \"-tags=b\" } }\n"),
            (".config/go/env", "GOFLAGS=-tags=b\n"),
        ],
    },
    Rule {
        id: "CONF-075",
        level: Level::Warning,
        title: "The Go extension is not in WSL",
        effect: "Extensions are installed for each host: in a window of WSL none of Windows' language extensions run. There is no WSL variant of it.",
        advice: "`code --install-extension golang.go` in WSL.",
        claims: &["SRC-05"],
        check: Check::File(missing_extension),
        bad: &[("extensions.txt", "ms-python.python\nredhat.vscode-yaml\n")],
        good: &[("extensions.txt", "golang.go\nredhat.vscode-yaml\n")],
    },
    Rule {
        id: "CONF-079",
        level: Level::Warning,
        title: "Settings that cannot be read, are double or are gone",
        effect: "What cannot be read holds in parts or not at all; of a double key the last counts; a setting that is gone does nothing.",
        advice: "Put it right; the editor's own problem list shows the same.",
        claims: &[],
        check: Check::File(json_mistakes),
        bad: &[("settings.json", "{ \"go.docsTool\": \"gogetdoc\", \"a\": 1, \"a\": 2, }\n")],
        good: &[("settings.json", "{ \"a\": 2 // c\n}\n")],
    },
];

/// Scope of a settings file: workspace, or user settings of one system.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Workspace,
    Windows,
    Linux,
    Unknown,
}

// VS Code merges user, remote and workspace settings. The file's path is all that says which of
// them a file is.
fn scope(document: &Document) -> Scope {
    let path = document.source.path();
    if path.contains(".vscode/") || path.ends_with(".code-workspace") {
        return Scope::Workspace;
    }
    if path.contains(".vscode-server") || path.contains("/.config/") || path.starts_with("/home/") {
        return Scope::Linux;
    }
    if path.contains("AppData") || path.contains(":/") || path.contains("/Users/") {
        return Scope::Windows;
    }
    Scope::Unknown
}

/// The settings of a file: of a workspace file those in it.
fn settings(document: &Document) -> &[Property] {
    let root = document.json.as_ref().filter(|_| document.kind == Kind::Settings);
    let Some(root) = root.and_then(|json| json.root.as_ref()) else { return &[] };
    match root.get("settings") {
        // A .code-workspace file has its settings in a key `settings` beside `folders`.
        Some(settings) if root.get("folders").is_some() => settings.node.properties(),
        _ => root.properties(),
    }
}

fn setting<'a>(document: &'a Document, name: &str) -> Option<&'a Property> {
    // The last of double keys counts, in VS Code's parser as in JavaScript.
    settings(document).iter().rev().find(|property| property.name == name)
}

fn is_foreign(scope: Scope, path: &str) -> bool {
    let (windows, linux) = (is_windows_path(path), is_linux_path(path));
    match scope {
        Scope::Workspace => windows || linux,
        Scope::Windows => linux,
        Scope::Linux => windows,
        // Whosever they are, they are not both systems'.
        Scope::Unknown => windows || linux,
    }
}

fn absolute_folder(document: &Document, findings: &mut Findings<'_>) {
    let scope = scope(document);
    for name in ["go.goroot", "go.gopath", "go.toolsGopath"] {
        let Some(property) = setting(document, name) else { continue };
        let Some(text) = property.node.text().filter(|text| is_foreign(scope, text)) else {
            continue;
        };
        let what = match scope {
            Scope::Workspace => "reaches both twins",
            Scope::Windows => "is a path of Linux in settings of Windows",
            Scope::Linux => "is a path of Windows in settings of WSL",
            Scope::Unknown => "is a path of one system",
        };
        findings.add(property.node.range.clone(), format!("`{name}`: `{}` {what}", shown(text)));
    }
}

fn foreign_go(document: &Document, findings: &mut Findings<'_>) {
    let scope = scope(document);
    let on_drive = |part: &str| {
        part.strip_prefix("/mnt/").is_some_and(|rest| rest.as_bytes().get(1) == Some(&b'/'))
    };
    for name in ["go.alternateTools", "go.toolsEnvVars", "go.testEnvVars"] {
        let Some(property) = setting(document, name) else { continue };
        for entry in property.node.properties() {
            let path = entry.node.text().unwrap_or_default();
            // Variables such as PATH hold a list; its first folder is the one that decides which
            // program runs.
            let first = path.split(';').next().unwrap_or_default();
            let wrong = is_windows_path(first)
                || on_drive(first)
                || (scope != Scope::Linux && is_linux_path(first) && scope != Scope::Unknown);
            if wrong {
                let message =
                    format!("`{name}` `{}`: `{}` reaches the other twin", entry.name, shown(path));
                findings.add(entry.node.range.clone(), message);
            }
        }
    }
    for command in &document.commands {
        let is_windows =
            |word: &&Word| word.text.starts_with("go=") && word.text.contains("go.exe");
        if command.program().first() == Some(&"alias")
            && let Some(word) = command.words.iter().find(is_windows)
        {
            findings.add(word.range.clone(), "`go` is Windows' go here");
        }
    }
    // The settings of an editor are looked at above.
    if document.kind == Kind::Settings {
        return;
    }
    if let Some(goroot) = document.variable("GOROOT").filter(|goroot| on_drive(&goroot.value)) {
        let message = format!("GOROOT `{}` is Windows' Go", shown(&goroot.value));
        findings.add(goroot.range.clone(), message);
    }
    // An image is built on Linux alone and has no /mnt/c to find Windows' Go in.
    let Some(path) = document.variable("PATH").filter(|_| document.kind != Kind::Dockerfile) else {
        return;
    };
    let is_go = |part: &str| part.ends_with("/go/bin") || part.ends_with("/Go/bin");
    let parts: Vec<&str> = path.value.split(':').collect();
    let windows = parts.iter().position(|part| on_drive(part) && is_go(part));
    let linux = parts.iter().position(|part| {
        !on_drive(part) && (is_go(part) || part.ends_with("/bin") && part.contains("/go"))
    });
    // appendWindowsPath puts Windows' folders last: the first go on PATH wins, so a go of Linux in
    // front of Windows' makes the order harmless.
    let Some(windows) = windows.filter(|windows| linux.is_none_or(|linux| linux > *windows)) else {
        return;
    };
    let before: usize = parts[..windows].iter().map(|part| part.len() + 1).sum();
    let start = path.range.start + before;
    let message = format!("`{}` comes before any go of Linux in PATH", parts[windows]);
    findings.add(start..(start + parts[windows].len()).min(path.range.end), message);
}

fn gopath_as_toolchain(document: &Document, findings: &mut Findings<'_>) {
    if let Some(property) = setting(document, "go.gopath")
        && let Some(text) = property.node.text()
    {
        let path = text.replace('\\', "/").to_lowercase();
        let path = path.trim_end_matches('/').trim_end_matches("/bin");
        let last = path.rsplit('/').next().unwrap_or_default();
        // Where the installers of go.dev and of distributions put Go. A GOPATH in one of them is
        // taken for the choice of the toolchain.
        let toolchain = ["/usr/local/go", "/usr/lib/go", "/program files/go", "c:/go"]
            .iter()
            .any(|end| path.ends_with(end))
            || last
                .strip_prefix("go1.")
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if toolchain {
            findings.add(
                property.node.range.clone(),
                format!("`{}` is a folder of a toolchain", shown(text)),
            );
        }
    }
    if document.kind == Kind::Prose {
        let is_about =
            |line: &str| line.contains("工具链") || line.to_lowercase().contains("toolchain");
        let mut before = false;
        for (at, line) in document.source.lines() {
            let here = is_about(line);
            // The sentence may be broken over two lines.
            let about = std::mem::replace(&mut before, here) || here;
            if let Some(offset) = line.find("go.gopath").filter(|_| about) {
                let start = at + offset;
                findings.add(start..start + 9, "`go.gopath` does not choose the toolchain");
            }
        }
    }
}

fn terminal(document: &Document, findings: &mut Findings<'_>) {
    let is_wsl = |text: &str| {
        let text = text.to_lowercase().replace('\\', "/");
        text.ends_with("/wsl.exe")
            || (text.ends_with("/bash.exe") && text.contains("/windows/"))
            || text == "wsl.exe"
            || text == "bash.exe"
    };
    for property in settings(document).iter().filter(|property| {
        property.name.starts_with("terminal.") && property.name.ends_with(".windows")
    }) {
        for node in property.node.all() {
            if let Some(text) = node.text().filter(|text| is_wsl(text) || text.ends_with("(WSL)")) {
                findings.add(
                    node.range.clone(),
                    format!(
                        "`{}` starts WSL from the editor on Windows: `{}`",
                        property.name,
                        shown(text)
                    ),
                );
            }
        }
    }
}

/// The launch configurations of a file.
fn configurations(document: &Document) -> &[Node] {
    let root = document.json.as_ref().and_then(|json| json.root.as_ref());
    let Some(root) = root else { return &[] };
    let list = match document.kind {
        Kind::Launch => root.get("configurations"),
        Kind::Settings => root.get("launch").and_then(|launch| launch.node.get("configurations")),
        _ => None,
    };
    list.map_or(&[], |list| list.node.elements())
}

fn launch_target(document: &Document, findings: &mut Findings<'_>) {
    for configuration in configurations(document) {
        let Some(env) = configuration.get("env") else { continue };
        for name in ["GOOS", "GOARCH"] {
            if let Some(property) = env.node.get(name) {
                let value = property.node.text().unwrap_or_default();
                findings.add(
                    property.range.start..property.node.range.end,
                    format!("`{name}={value}` moves no debugger"),
                );
            }
        }
    }
    if document.kind == Kind::Prose {
        for (at, line) in document.source.lines() {
            let Some(env) = line.find("\"env\"") else { continue };
            if let Some(offset) = line[env..].find("GOOS").or_else(|| line[env..].find("GOARCH")) {
                let start = at + env + offset;
                findings
                    .add(start..start + 4, "`GOOS` in a launch configuration moves no debugger");
            }
        }
    }
}

fn substituted_path(document: &Document, findings: &mut Findings<'_>) {
    for configuration in configurations(document) {
        let text = |name| configuration.get(name).and_then(|property| property.node.text());
        // Only a remote debugger sees another file system than the editor; there a mapping between
        // systems is right.
        let remote = text("request") == Some("attach") && text("mode") == Some("remote");
        let Some(list) = configuration.get("substitutePath") else { continue };
        for entry in list.node.elements() {
            let side = |name: &str| {
                entry.get(name).and_then(|property| property.node.text()).unwrap_or_default()
            };
            let (from, to) = (side("from"), side("to"));
            let differ = (is_windows_path(from) && is_linux_path(to))
                || (is_linux_path(from) && is_windows_path(to));
            let mixed =
                [from, to].into_iter().find(|path| path.contains('\\') && path.contains('/'));
            if let Some(path) = mixed {
                findings.add(
                    entry.range.clone(),
                    format!("`{}` has separators of both systems", shown(path)),
                );
            } else if differ && !remote {
                findings.add(
                    entry.range.clone(),
                    format!("`{}` and `{}` are paths of two systems", shown(from), shown(to)),
                );
            }
        }
    }
}

fn two_settings(set: &Set, findings: &mut Findings<'_>) {
    let own: Vec<_> =
        set.documents.iter().filter(|d| d.kind == Kind::GoEnv).flat_map(|d| &d.variables).collect();
    for document in set.of_kind(Kind::Settings) {
        let Some(tools) = setting(document, "go.toolsEnvVars") else { continue };
        for entry in tools.node.properties() {
            let value = entry.node.text().unwrap_or_default();
            let other = own
                .iter()
                .find(|variable| variable.name == entry.name && variable.value.trim() != value);
            if let Some(other) = other {
                let message = format!(
                    "`{}` is `{}` for the editor and `{}` for go",
                    entry.name,
                    shown(value),
                    shown(&other.value)
                );
                findings.add_in(document.file, entry.node.range.clone(), message);
            }
        }
    }
}

fn missing_extension(document: &Document, findings: &mut Findings<'_>) {
    if document.kind == Kind::Prose {
        for (at, line) in document.source.lines() {
            let lower = line.to_lowercase();
            for name in ["wsl go插件", "wsl go plugin", "wsl go extension", "wsl-go"] {
                // Lower case may change the number of bytes (`İ`); offsets would then be of another
                // text.
                if let Some(offset) = lower.find(name).filter(|_| lower.len() == line.len()) {
                    findings.add(
                        at + offset..at + offset + name.len(),
                        "there is no such extension: it is golang.go, installed in WSL",
                    );
                }
            }
        }
    }
    if document.kind != Kind::Extensions {
        return;
    }
    let is_go =
        |text: &str| text.split('@').next().unwrap_or_default().eq_ignore_ascii_case("golang.go");
    let (some, there) = match document.json.as_ref().and_then(|json| json.root.as_ref()) {
        Some(root) => {
            let unwanted = root.get("unwantedRecommendations").map(|property| &property.node);
            let is_unwanted = |node: &&Node| node.text().is_some_and(is_go);
            if let Some(node) = unwanted.and_then(|list| list.elements().iter().find(is_unwanted)) {
                findings.add(node.range.clone(), "`golang.go` is among the unwanted extensions");
                return;
            }
            // Recommendations of a workspace are no list of installed extensions: a project without
            // Go recommends nothing for it.
            if root.get("recommendations").is_some() {
                return;
            }
            let texts: Vec<_> = root.all().into_iter().filter_map(Node::text).collect();
            (!texts.is_empty(), texts.into_iter().any(is_go))
        }
        None => {
            let words: Vec<_> = lines(&document.source, &['#']).into_iter().flatten().collect();
            (!words.is_empty(), words.iter().any(|word| is_go(&word.text)))
        }
    };
    if some && !there {
        findings.add(0..0, "`golang.go` is not in the list");
    }
}

/// The first backslash of a string that begins no escape. jsonc-parser lets it pass.
fn unknown_escape(document: &Document, node: &Node) -> Option<usize> {
    let text = document.source.slice(node.range.clone());
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        if escaped && character.is_ascii() && !"\"\\/bfnrtu".contains(character) {
            return Some(node.range.start + at - 1);
        }
        escaped = !escaped && character == '\\';
    }
    None
}

fn json_mistakes(document: &Document, findings: &mut Findings<'_>) {
    let Some(json) = &document.json else { return };
    if let Some((range, error)) = &json.error {
        findings.add(range.clone(), format!("this cannot be read: {error}")).level = Level::Error;
    }
    wrong_kinds(document, findings);
    for node in json.root.iter().flat_map(Node::all) {
        if let Some(at) = node.text().and_then(|_| unknown_escape(document, node)) {
            let finding = findings.add(
                at..at + 2,
                format!("`{}` is no escape of JSON", document.source.slice(at..at + 2)),
            );
            finding.level = Level::Error;
            finding.effect_is(
                "The editor drops the backslash and what follows it: a path is another one.",
            );
            finding.replace("double the backslash", at..at + 1, "\\\\");
        }
        let properties = node.properties();
        for (index, property) in properties.iter().enumerate() {
            if properties[index + 1..].iter().any(|later| later.name == property.name) {
                findings.add(
                    property.range.clone(),
                    format!("`{}` comes again below, and that one counts", property.name),
                );
            }
            if property.name == "go.docsTool" {
                findings.add(
                    property.range.clone(),
                    "`go.docsTool` is gone: gopls has the documentation",
                );
            }
        }
        let last = properties
            .last()
            .map(|property| property.node.range.end)
            .or_else(|| node.elements().last().map(|last| last.range.end));
        if let Some(last) = last {
            let rest = document.source.slice(last..node.range.end.saturating_sub(1));
            // The comma may stand in a comment behind the last element.
            let code: String =
                rest.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
            if let Some(at) = rest.find(',').filter(|_| code.contains(',')) {
                findings
                    .add(last + at..last + at + 1, "a comma behind the last element")
                    .only(Level::Note)
                    .effect_is("The editor reads it; `go.toolsEnvVars` and launch files are read by tools that do not.")
                    .replace("take it away", last + at..last + at + 1, "");
            }
        }
    }
}

/// Settings of go with a value of another kind, which the extension passes over.
fn wrong_kinds(document: &Document, findings: &mut Findings<'_>) {
    if document.kind != Kind::Settings {
        return;
    }
    for property in settings(document) {
        let node = &property.node;
        let text = document.source.slice(node.range.clone());
        let wanted = match property.name.as_str() {
            "go.goroot" | "go.gopath" | "go.toolsGopath"
                if node.text().is_none() && text != "null" =>
            {
                "a text"
            }
            "go.toolsEnvVars" | "go.testEnvVars" | "go.alternateTools"
                if !text.starts_with('{') =>
            {
                "an object, `{ \"NAME\": \"value\" }`"
            }
            _ => continue,
        };
        findings
            .add(node.range.clone(), format!("the value of `{}` must be {wanted}", property.name));
    }
}

//! `subject`: writes, checks and lists declarations of subjects.

use super::inputs;
use super::repository::Repository;
use crate::embedded::SUITES;
use crate::exit::{CONFORMANT, Failure, INVALID};
use crate::features::{Cover, asked};
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use twinproof_steps::Case;
use twinproof_subject::{Asked, Declaration, DeclarationError, Declarations, Use, VARIABLES};

/// Write, check and list declarations of subjects.
#[derive(clap::Args, Debug)]
pub struct Subject {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Print a declaration to start from, with every variable and feature explained
    New(New),
    /// Check declarations: keys, variables, features, and the cases that more features would add
    Check(Check),
    /// List the subjects that are declared
    List(Suites),
    /// Print the JSON Schema of declarations
    Schema,
}

#[derive(clap::Args, Debug)]
struct New {
    /// Name of the subject: lower-case words joined by `-`
    #[arg(default_value = "mine")]
    name: String,
    /// Declare a subject that runs elsewhere, at this address, and is only read
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    suites: Suites,
}

#[derive(clap::Args, Debug)]
struct Check {
    /// Files, each with one declaration
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    suites: Suites,
}

#[derive(clap::Args, Debug)]
struct Suites {
    /// Folder of suites instead of those built in
    #[arg(long, value_name = "DIR")]
    suites: Option<PathBuf>,
}

impl Subject {
    /// Runs the command.
    ///
    /// # Errors
    /// When the suites cannot be used.
    pub fn run(&self, repository: &Repository) -> Result<u8, Failure> {
        match &self.what {
            What::New(new) => new.run(repository),
            What::Check(check) => check.run(repository),
            What::List(suites) => suites.list(repository),
            What::Schema => {
                let schema = twinproof_subject::schema();
                let text = serde_json::to_string_pretty(&schema).map_err(Failure::broken)?;
                println!("{text}");
                Ok(CONFORMANT)
            }
        }
    }
}

impl Suites {
    /// The declarations, and the cases that judge them.
    fn read(&self, repository: &Repository) -> Result<(Declarations, Vec<Case>), Failure> {
        let source = inputs::source(self.suites.as_ref(), repository);
        let declarations = inputs::declarations(&source)?;
        let loaded = inputs::loaded(&source, &declarations)?;
        Ok((declarations, loaded.cases))
    }

    fn list(&self, repository: &Repository) -> Result<u8, Failure> {
        let (declarations, cases) = self.read(repository)?;
        for declaration in declarations.all() {
            let cover = Cover::of(declaration, &cases);
            let name = declaration.environment().to_string();
            let count = format!("{} of {}", cover.judged, cover.all);
            println!("{name:<20} {count:>10} cases  {}, {}", declaration.title, how(declaration));
        }
        Ok(CONFORMANT)
    }
}

/// The source of a subject's program.
fn how(declaration: &Declaration) -> String {
    let version = declaration.version.as_deref().unwrap_or_default();
    if declaration.embedded {
        "part of this program".to_owned()
    } else if let Some(build) = &declaration.build {
        format!("built from {}@{version}", build.module)
    } else if let Some(package) = &declaration.test {
        format!("built from the tests of {package}")
    } else if let Some(url) = &declaration.url {
        format!("read at {url}")
    } else {
        format!("given by --subject {}=PATH", declaration.name)
    }
}

impl Check {
    fn run(&self, repository: &Repository) -> Result<u8, Failure> {
        let (_, cases) = self.suites.read(repository)?;
        let asked = asked(&cases);
        let mut code = CONFORMANT;
        for file in &self.files {
            match Declarations::check(file, &asked) {
                Ok(declaration) => {
                    print!("{}: {}", file.display(), worth(&declaration, &cases, &asked));
                }
                Err(error) => {
                    print!("{}", mistakes(&error, std::io::stdout().is_terminal()));
                    code = INVALID;
                }
            }
        }
        Ok(code)
    }
}

/// The mistakes in a declaration, as text.
fn mistakes(error: &DeclarationError, colour: bool) -> String {
    match error {
        DeclarationError::Text(all) => all.render(colour),
        other => format!("error: {other}\n"),
    }
}

/// A sentence with the number of cases that a declaration covers, and the features that would add
/// more.
fn worth(declaration: &Declaration, cases: &[Case], asked: &Asked) -> String {
    let cover = Cover::of(declaration, cases);
    let mut text = format!(
        "{}, {}: {} of {} cases apply\n",
        declaration.environment(),
        how(declaration),
        cover.judged,
        cover.all
    );
    let mut more: Vec<_> = cover.more.iter().collect();
    more.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), name.as_str()));
    for (name, count) in more {
        let cases = if *count == 1 { "case" } else { "cases" };
        let name = declared(name, asked);
        let _ = writeln!(text, "  declare `{name}` to have {count} more {cases} judged");
    }
    text
}

/// The way to declare a feature: among the `features`, or as the table of a setting.
fn declared(name: &str, asked: &Asked) -> String {
    match asked.get(name) {
        Some(Use::Set) => format!("[set.{name}]"),
        _ => name.to_owned(),
    }
}

impl New {
    fn run(&self, repository: &Repository) -> Result<u8, Failure> {
        let example = if self.url.is_some() { "url" } else { "launched" };
        let path = format!("subjects/examples/{example}.toml");
        let found = SUITES.iter().find(|(name, _)| *name == path);
        let text = found.and_then(|(_, bytes)| std::str::from_utf8(bytes).ok()).unwrap_or_default();
        let (_, cases) = self.suites.read(repository)?;
        let text = begun(text, &self.name, self.url.as_deref());
        // Refuse an invalid name or address before anything is printed.
        match Declaration::parse("the new declaration", &text) {
            Ok(new) => {
                print!("{text}{}", explained(&new, cases));
                Ok(CONFORMANT)
            }
            Err(error) => {
                eprint!("{}", mistakes(&error, std::io::stderr().is_terminal()));
                Ok(INVALID)
            }
        }
    }
}

/// An example under another name, and at another address.
fn begun(example: &str, name: &str, url: Option<&str>) -> String {
    let value = |key: &str| {
        let mut lines = example.lines().filter_map(|l| l.strip_prefix(key)?.strip_prefix(" = "));
        lines.next().map(|value| value.trim_matches('"').to_owned()).unwrap_or_default()
    };
    let (old, address) = (value("name"), value("url"));
    let mut text = String::new();
    // Editors find the schema from the examples only, not from where the new file will be.
    for line in example.lines().filter(|line| !line.starts_with("#:schema ")) {
        let line = match url {
            Some(url) if line.starts_with("url = ") => line.replace(&address, url),
            _ if line.starts_with("name = ") => format!("name = {name:?}"),
            _ if line.starts_with('#') => line
                .replace(&format!("{old}.toml"), &format!("{name}.toml"))
                .replace(&format!("{old}=PATH"), &format!("{name}=PATH")),
            _ => line.to_owned(),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// The tables of a declaration, and what its schema calls them.
const TABLES: [(&str, &str); 4] = [
    ("[build]", "Build"),
    ("[ready]", "Ready"),
    ("[origin]: what is added where the case has an origin", "Addition"),
    ("[set.NAME]: what is added where a case sets NAME", "Setting"),
];

/// The keys of a table, each with the first sentence of its description in the schema.
fn keys(text: &mut String, table: &serde_json::Value) {
    let properties = table.pointer("/properties").and_then(serde_json::Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        let about = property.pointer("/description").and_then(serde_json::Value::as_str);
        let about = about.unwrap_or_default().replace('\n', " ");
        let sentence = about.split_once(". ").map_or(about.as_str(), |(first, _)| first);
        let _ = writeln!(text, "#   {name:<16} {}", sentence.trim_end_matches('.'));
    }
}

/// Every key, every variable, and every feature with the number of cases of its kind that ask for it, as comments.
fn explained(declaration: &Declaration, mut cases: Vec<Case>) -> String {
    let environment = declaration.environment();
    cases.retain(|case| case.environments.iter().any(|s| environment.selected_by(s)));
    let mut text = String::from("\n# Keys\n");
    let schema = twinproof_subject::schema();
    keys(&mut text, schema.as_value());
    for (table, name) in TABLES {
        let _ = writeln!(text, "# Keys of {table}");
        let defined = schema.pointer(&format!("/$defs/{name}"));
        if let Some(defined) = defined {
            keys(&mut text, defined);
        }
    }
    text += "# Texts may refer to\n";
    for (name, meaning) in VARIABLES {
        let _ = writeln!(text, "#   {:<16} {meaning}", format!("${{{name}}}"));
    }
    text += "#   ${value}         in a setting: what the case sets\n";
    text += "# Features, with the number of cases that ask for each; settings are features too\n";
    let all = asked(&cases);
    for name in all.keys() {
        let asks = |case: &&Case| asked(std::slice::from_ref(*case)).contains_key(name);
        let count = cases.iter().filter(asks).count();
        let _ = writeln!(text, "#   {:<20} {count}", declared(name, &all));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::begun;

    #[test]
    fn an_example_takes_another_name_and_address() {
        let example = "#:schema ../x.json\n# run it with mine.toml and mine=PATH\nname = \"mine\"\n\
                       title = \"mine\"\nurl = \"https://a.example\"\n";
        let want = "# run it with other.toml and other=PATH\nname = \"other\"\n\
                    title = \"mine\"\nurl = \"https://b.example\"\n";
        assert_eq!(begun(example, "other", Some("https://b.example")), want);
    }
}

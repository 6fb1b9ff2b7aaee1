//! The file read and checked: every mistake with its place.

use super::address::{Address, AddressError, Secret};
use super::file::{self, File, Mask};
use super::follows;
use super::table::{Follow, TablePolicy};
use super::topics::{TRANSACTION, TopicsPolicy, is_topic};
use crate::mask::{
    Alphabet, Case, Encoding, Fallback, FixedValue, JsonPath, JsonRest, Keyed, Named, Transformer,
};
use crate::predicate::Predicate;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use twinproof_toml::node::{self, Node};
use twinproof_toml::{Diagnostics, Reader, Vocabulary, read_checked};

/// The class of columns that stay as they are.
const PUBLIC: &str = "public";
/// A staging schema that this program keeps its state in, unless the policy names another.
const STATE: &str = "twinproof_sync";
/// The source's replicas have numbers of their own; this is a stranger's.
const SERVER_ID: u32 = 4_041_526_293;
/// The default prefix of topics' names.
const PREFIX: &str = "masked";
/// The default number of bytes of a token's hash that are kept.
const TOKEN: u8 = 16;

const WORDS: &Vocabulary = &Vocabulary {
    tables: &[
        ("File", "a policy"),
        ("Server", "a server"),
        ("Kafka", "`kafka`"),
        ("Keys", "`keys`"),
        ("Class", "a class"),
        ("Table", "a table of the policy"),
        ("Follows", "`follows`"),
        ("Redact", "`redact`"),
        ("Partial", "`partial`"),
        ("Token", "`token`"),
        ("Encrypted", "`deterministic` or `randomised`"),
        ("Format", "`format`"),
        ("Fake", "`fake`"),
        ("Conditional", "`conditional`"),
        ("Case", "a case"),
        ("Json", "`json`"),
        ("Path", "a path"),
    ],
    ..*Vocabulary::PLAIN
};

/// The source of the key ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A file.
    File(PathBuf),
    /// A variable of the environment.
    Variable(String),
}

/// The kind of staging, and its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StagingAddress {
    /// A database.
    Database(Address),
    /// Topics of Kafka.
    Topics(TopicsPolicy),
}

/// A policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The tenant, part of every subkey.
    pub tenant: Arc<str>,
    /// The file that holds each table's shape.
    pub lock: PathBuf,
    /// The schema in staging that holds the position.
    pub state: String,
    /// The source.
    pub source: Address,
    /// The server id by which the source knows this program among its replicas.
    pub server_id: u32,
    /// Staging.
    pub staging: StagingAddress,
    /// The key ring.
    pub keys: KeySource,
    /// The tables.
    pub tables: Vec<TablePolicy>,
}

/// Reads a policy. `folder` is what its relative paths are relative to, `name` what it is called in
/// messages and what the lock file is named after.
///
/// # Errors
/// With all mistakes.
pub fn read(name: &str, text: &str, folder: &Path) -> Result<Policy, Diagnostics> {
    read_checked(name, text, WORDS, |file: File, root, reader| {
        Checker { folder, name, pinned: file.keys.pinned }.policy(file, root, reader)
    })
}

struct Checker<'c> {
    folder: &'c Path,
    name: &'c str,
    pinned: u32,
}

type Classes = BTreeMap<String, Named>;

impl Checker<'_> {
    fn policy(&self, file: File, root: &Node<'_>, reader: &mut Reader<'_>) -> Option<Policy> {
        let source = self.address(&file.source, node::get(root, "source"), reader);
        let staging = self.staging(&file, node::get(root, "staging"), reader);
        let keys = match (file.keys.file, file.keys.variable) {
            (Some(file), None) => Some(KeySource::File(self.folder.join(file))),
            (None, Some(variable)) => Some(KeySource::Variable(variable)),
            _ => {
                let span = node::key_span(root, "keys");
                let message = "the key ring is in a `file` or in a `variable`; name one";
                reader.add(reader.draft("key-source", message, span));
                None
            }
        };
        let classes = self.classes(&file.class, root, reader);
        let mut tables: Vec<TablePolicy> = Vec::new();
        let nodes = node::elements(node::get(root, "table"));
        if file.table.is_empty() {
            reader.add(reader.draft("no-table", "the policy has no table", root.span()));
        }
        for (table, node) in file.table.into_iter().zip(nodes) {
            let Some(table) = self.table(table, node, &classes, reader) else { continue };
            let twice = |t: &TablePolicy| t.source == table.source || t.staging == table.staging;
            if tables.iter().any(twice) {
                let span = node::value_span(node, "name");
                let message = format!("table `{}` is there twice", table.source.1);
                reader.add(reader.draft("duplicate-table", &message, span));
            }
            tables.push(table);
        }
        follows::check(&tables, root, reader);
        if matches!(staging, Some(StagingAddress::Topics(_))) {
            follows::refuse(root, reader);
        }
        let lock = file.lock.unwrap_or_else(|| format!("{}.lock", self.name));
        Some(Policy {
            tenant: file.tenant.into(),
            lock: self.folder.join(lock),
            state: file.state.unwrap_or_else(|| STATE.to_owned()),
            source: source?,
            server_id: file.source.server_id.unwrap_or(SERVER_ID),
            staging: staging?,
            keys: keys?,
            tables,
        })
    }

    fn staging(
        &self,
        file: &File,
        node: Option<&Node<'_>>,
        reader: &mut Reader<'_>,
    ) -> Option<StagingAddress> {
        let server = &file.staging;
        if !server.url.starts_with("kafka:") {
            return self.address(server, node, reader).map(StagingAddress::Database);
        }
        let node = node?;
        let kafka = server.kafka.as_ref();
        let inner = node::get(node, "kafka").unwrap_or(node);
        let mut wrong = |key: &str, code, message: &str| {
            reader.add(reader.draft(code, message, node::value_span(inner, key)));
        };
        let prefix = kafka.and_then(|k| k.prefix.as_deref()).unwrap_or(PREFIX);
        if !is_topic(prefix) {
            let message = "`prefix` begins names of topics, which have ASCII letters, digits, `.`, `_` and `-`";
            wrong("prefix", "bad-prefix", message);
        }
        let given = |number: Option<u16>| number == Some(0);
        if kafka.is_some_and(|k| given(k.partitions)) {
            wrong("partitions", "bad-number", "`partitions` is at least 1");
        }
        if kafka.is_some_and(|k| given(k.replication)) {
            wrong("replication", "bad-number", "`replication` is at least 1");
        }
        let seconds = kafka.and_then(|k| k.transaction_seconds);
        if seconds.is_some_and(|seconds| !(10..=86_400).contains(&seconds)) {
            let message = "`transaction-seconds` is from 10 to 86400";
            wrong("transaction-seconds", "bad-number", message);
        }
        let password = self.password(server, node, reader);
        let ca = server.ca.as_ref().map(|ca| self.folder.join(ca));
        match TopicsPolicy::parse(&server.url) {
            Ok((brokers, user)) => Some(StagingAddress::Topics(TopicsPolicy {
                brokers,
                user,
                password,
                mechanism: kafka.and_then(|k| k.mechanism).unwrap_or_default(),
                ca,
                prefix: prefix.to_owned(),
                before: kafka.and_then(|k| k.before).unwrap_or_default(),
                create: kafka.and_then(|k| k.create).unwrap_or(true),
                partitions: kafka.and_then(|k| k.partitions),
                replication: kafka.and_then(|k| k.replication),
                transaction: seconds
                    .map_or(TRANSACTION, |s| std::time::Duration::from_secs(s.into())),
            })),
            Err(error) => {
                self.bad_address(&error, node, reader);
                None
            }
        }
    }

    fn bad_address(&self, error: &AddressError, node: &Node<'_>, reader: &mut Reader<'_>) {
        // The wrong part may be a password.
        let span = node::value_span(node, "url");
        reader.add(reader.draft("bad-address", &error.to_string(), span).secret());
    }

    fn password(&self, server: &file::Server, node: &Node<'_>, reader: &mut Reader<'_>) -> Secret {
        let (file, variable) = (&server.password_file, &server.password_variable);
        match (file, variable) {
            (None, None) => Secret::None,
            (Some(file), None) => Secret::File(self.folder.join(file)),
            (None, Some(variable)) => Secret::Variable(variable.clone()),
            (Some(_), Some(_)) => {
                let message = "a password is in a file or in a variable, not in both";
                let span = node::value_span(node, "password-file");
                reader.add(reader.draft("two-passwords", message, span));
                Secret::None
            }
        }
    }

    fn address(
        &self,
        server: &file::Server,
        node: Option<&Node<'_>>,
        reader: &mut Reader<'_>,
    ) -> Option<Address> {
        let node = node?;
        if server.kafka.is_some() {
            let message = "`kafka` belongs to a staging whose `url` is `kafka://…`";
            reader.add(reader.draft("no-kafka", message, node::key_span(node, "kafka")));
        }
        let password = self.password(server, node, reader);
        match Address::parse(&server.url) {
            Ok((endpoint, user)) => {
                let ca = server.ca.as_ref().map(|ca| self.folder.join(ca));
                Some(Address { endpoint, user, password, ca })
            }
            Err(error) => {
                self.bad_address(&error, node, reader);
                None
            }
        }
    }

    /// The classes by name. Those that refer to others come after them.
    fn classes(
        &self,
        classes: &BTreeMap<String, file::Class>,
        root: &Node<'_>,
        reader: &mut Reader<'_>,
    ) -> Classes {
        let named = |class: &str, transformer| Named { class: class.into(), transformer };
        let mut read = Classes::new();
        read.insert(PUBLIC.to_owned(), named(PUBLIC, Transformer::Keep));
        let place = |name: &str| {
            let class = node::get(root, "class").and_then(|n| node::get(n, name));
            class.and_then(|n| node::get(n, "mask"))
        };
        // Twice over the classes: a conditional or JSON class refers to others, which need not
        // stand before it.
        for nested in [false, true] {
            for (name, class) in classes {
                let refers = matches!(class.mask, Mask::Conditional(_) | Mask::Json(_));
                let Some(node) = place(name).filter(|_| refers == nested) else { continue };
                if name == PUBLIC {
                    let message = "class `public` is what stays as it is, and has no mask";
                    reader.add(reader.draft("public-class", message, node.span()));
                    continue;
                }
                if let Some(transformer) = self.mask(name, &class.mask, &read, node, reader) {
                    read.insert(name.clone(), named(name, transformer));
                }
            }
        }
        read
    }

    fn keyed(&self, class: &str, domain: Option<&String>) -> Keyed {
        Keyed { key: self.pinned, domain: domain.map_or(class, String::as_str).into() }
    }

    fn mask(
        &self,
        class: &str,
        mask: &Mask,
        classes: &Classes,
        node: &Node<'_>,
        reader: &mut Reader<'_>,
    ) -> Option<Transformer> {
        let encoding = |given: Option<Encoding>| given.unwrap_or(Encoding::Text);
        let mut wrong = |code, message: &str| {
            reader.add(reader.draft(code, message, node.span()));
            None
        };
        let character = |with: &Option<String>| match with.as_deref().map(|w| w.chars()) {
            None => Some('*'),
            Some(mut chars) => chars.next().filter(|_| chars.next().is_none()),
        };
        let one = "`with` is one character";
        Some(match mask {
            Mask::Null => Transformer::Null,
            Mask::Fixed(file::Fixed::Text(text)) => {
                Transformer::Fixed(FixedValue::Text(text.clone()))
            }
            Mask::Fixed(file::Fixed::Integer(n)) => Transformer::Fixed(FixedValue::Integer(*n)),
            Mask::Fixed(file::Fixed::Float(n)) => Transformer::Fixed(FixedValue::Float(*n)),
            Mask::Redact(redact) => match character(&redact.with) {
                Some(with) => Transformer::Redact { with, length: redact.length.map(usize::from) },
                None => return wrong("bad-character", one),
            },
            Mask::Partial(partial) => match (character(&partial.with), partial.hidden) {
                // A text that is no longer than what is shown would stay as it is.
                (_, Some(0)) => return wrong("nothing-hidden", "`hidden` is at least 1"),
                (None, _) => return wrong("bad-character", one),
                (Some(with), hidden) => Transformer::Partial {
                    first: partial.first.into(),
                    last: partial.last.into(),
                    with,
                    hidden: hidden.unwrap_or(4).into(),
                },
            },
            Mask::Token(token) => match token.length.unwrap_or(TOKEN) {
                // Under 16 bytes two values would get one token too soon: half of 128 bits is 2^64
                // values.
                length @ 16..=32 => Transformer::Token {
                    keyed: self.keyed(class, token.domain.as_ref()),
                    length: length.into(),
                    encoding: encoding(token.encoding),
                },
                _ => return wrong("bad-length", "`length` is from 16 to 32 bytes"),
            },
            Mask::Deterministic(encrypted) => Transformer::Deterministic {
                keyed: self.keyed(class, encrypted.domain.as_ref()),
                encoding: encoding(encrypted.encoding),
            },
            Mask::Randomised(encrypted) if encrypted.domain.is_some() => {
                return wrong("no-domain", "randomised tokens are never equal, and have no domain");
            }
            Mask::Randomised(encrypted) => {
                Transformer::Randomised { encoding: encoding(encrypted.encoding) }
            }
            Mask::Format(format) => Transformer::Format {
                keyed: self.keyed(class, format.domain.as_ref()),
                alphabet: format.alphabet.unwrap_or(Alphabet::Digits),
                fallback: format.fallback.unwrap_or(Fallback::Halt),
            },
            Mask::Fake(fake) => Transformer::Fake {
                keyed: self.keyed(class, fake.domain.as_ref()),
                kind: fake.kind,
            },
            Mask::Conditional(conditional) => {
                let mut of = |name: &String| find(name, classes, node, reader);
                let otherwise = of(&conditional.otherwise);
                let cases: Vec<Option<Case>> = conditional
                    .cases
                    .iter()
                    .map(|case| {
                        let null = case.null.then_some(None);
                        let is = case.is.iter().cloned().map(Some).chain(null).collect();
                        Some(Case { is, then: of(&case.then)? })
                    })
                    .collect();
                Transformer::Conditional {
                    column: conditional.column.as_str().into(),
                    cases: cases.into_iter().collect::<Option<_>>()?,
                    otherwise: Box::new(otherwise?),
                }
            }
            Mask::Json(json) => {
                let paths: Vec<Option<(JsonPath, Named)>> = json
                    .paths
                    .iter()
                    .map(|path| {
                        let named = find(&path.class, classes, node, reader);
                        match path.path.parse() {
                            Ok(path) => Some((path, named?)),
                            Err(error) => {
                                let error: crate::mask::PathError = error;
                                let message = error.to_string();
                                reader.add(reader.draft("bad-path", &message, node.span()));
                                None
                            }
                        }
                    })
                    .collect();
                Transformer::Json {
                    paths: paths.into_iter().collect::<Option<_>>()?,
                    // Hide what no path names by default: documents get new fields without an
                    // ALTER.
                    rest: json.rest.unwrap_or(JsonRest::Null),
                }
            }
        })
    }

    fn table(
        &self,
        table: file::Table,
        node: &Node<'_>,
        classes: &Classes,
        reader: &mut Reader<'_>,
    ) -> Option<TablePolicy> {
        let mut name = |text: &str, key: &str| match text.split_once('.') {
            Some((schema, name)) if !schema.is_empty() && !name.is_empty() => {
                Some((schema.to_owned(), name.to_owned()))
            }
            _ => {
                let message = format!("`{text}` is no table; write `schema.table`");
                reader.add(reader.draft("bad-table", &message, node::value_span(node, key)));
                None
            }
        };
        let source = name(&table.name, "name");
        let staging = match &table.staging {
            Some(text) => name(text, "staging"),
            None => source.clone(),
        };
        let follows = table.follows.iter().filter_map(|follow| {
            Some(Follow { parent: name(&follow.table, "follows")?, by: follow.by.clone() })
        });
        let follows: Vec<Follow> = follows.collect();
        let written = node::get(node, "columns");
        let mut columns = Classes::new();
        for (column, class) in &table.columns {
            let Some(at) = written.and_then(|n| node::get(n, column)) else { continue };
            if let Some(named) = find(class, classes, at, reader) {
                columns.insert(column.clone(), named);
            }
        }
        let unlisted = |name: &str| !table.columns.contains_key(name);
        let known = || table.columns.keys().map(String::as_str);
        for (column, span) in node::texts(node::get(node, "key")) {
            if unlisted(column) {
                let message = format!("key column `{column}` is not among the columns");
                let draft = reader.draft("unclassified", &message, span);
                reader.add(draft.suggest(column, known(), "columns"));
            } else if let Some(named) = columns.get(column)
                && !named.transformer.keeps_keys()
            {
                let message = format!(
                    "key column `{column}` is of class `{}`, whose mask does not keep keys apart",
                    named.class
                );
                let draft = reader.draft("key-mask", &message, span);
                reader.add(draft.help("keys are public, `token`, `deterministic` or `format`"));
            }
        }
        let mut predicate = None;
        if let Some(text) = &table.predicate {
            let span = node::value_span(node, "where");
            match Predicate::read(text) {
                Ok(read) => {
                    for column in read.columns().iter().filter(|c| unlisted(c)) {
                        let message =
                            format!("`where` names column `{column}`, which has no class");
                        let draft = reader.draft("unclassified", &message, span.clone());
                        reader.add(draft.suggest(column, known(), "columns"));
                    }
                    predicate = Some(read);
                }
                Err(error) => {
                    reader.add(reader.draft("bad-predicate", &error.to_string(), span));
                }
            }
        }
        for (column, named) in &columns {
            if let Transformer::Conditional { column: deciding, .. } = &named.transformer
                && unlisted(deciding)
            {
                let message = format!(
                    "class `{}` is decided by column `{deciding}`, which is not here",
                    named.class
                );
                let at = written.map_or_else(|| node.span(), |n| node::value_span(n, column));
                reader.add(reader.draft("unclassified", &message, at));
            }
        }
        Some(TablePolicy {
            source: source?,
            staging: staging?,
            key: table.key,
            predicate,
            follows,
            columns,
        })
    }
}

/// The class of a name.
fn find(name: &str, classes: &Classes, node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Named> {
    let found = classes.get(name).cloned();
    if found.is_none() {
        let message = format!("unknown class `{name}`");
        let draft = reader.draft("unknown-class", &message, node.span());
        reader.add(draft.suggest(name, classes.keys().map(String::as_str), "classes"));
    }
    found
}

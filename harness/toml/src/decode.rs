//! Decodes a parsed TOML value into a type, without stopping at the first mistake.
//!
//! This is a serde deserializer that borrows the tree. Unknown keys are known before serde sees
//! them, because it names a struct's fields; after any other mistake the value is marked, a
//! placeholder stands for it, and the type is read again. Each round marks a further value, so it
//! ends. A value that contains a placeholder is used for further checks only, as the mistake is
//! reported.

use crate::fault::Fault;
use crate::names;
use crate::node::{self, Node};
use crate::placeholder::Placeholder;
use crate::report::{Draft, Reporter, Spot, unknown_key};
use crate::vocabulary::Vocabulary;
use serde::de::{self, DeserializeOwned, IntoDeserializer, Visitor};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// Rounds until a value is given up.
// One round for each mistake. A file with more than 200 mistakes in one table is of another format.
const ROUNDS: usize = 200;

/// Reads a value; `None` when nothing of the type can be made of it. Mistakes are reported.
pub fn decode<T: DeserializeOwned>(
    node: &Node<'_>,
    file: &Arc<str>,
    reporter: &mut Reporter,
) -> Option<T> {
    decode_except(node, file, &[], reporter)
}

/// [`decode`], leaving out values (by their byte range) that are known to be wrong.
pub fn decode_except<T: DeserializeOwned>(
    node: &Node<'_>,
    file: &Arc<str>,
    wrong: &[Range<usize>],
    reporter: &mut Reporter,
) -> Option<T> {
    let state = State { file, vocabulary: reporter.vocabulary(), marks: RefCell::default() };
    state.marks.borrow_mut().skipped.extend(wrong.iter().map(|r| (r.start, r.end)));
    for _ in 0..ROUNDS {
        match T::deserialize(De { state: &state, node, variant: None }) {
            Ok(value) => {
                state.flush(reporter);
                return Some(value);
            }
            // The fault was noted where it was seen. The value there is marked, and reading starts
            // again without it.
            Err(Fault::Reported) if !state.marks.borrow().root => {}
            Err(Fault::Reported) => break,
            Err(fault) => {
                state.locate(fault, node);
                if state.marks.borrow().root {
                    break;
                }
            }
        }
        // A round that marked nothing would repeat itself for ever.
        if !std::mem::take(&mut state.marks.borrow_mut().progress) {
            break;
        }
    }
    state.flush(reporter);
    None
}

type Id = (usize, usize);

fn id(node: &Node<'_>) -> Id {
    (node.span().start, node.span().end)
}

#[derive(Default)]
struct Marks {
    /// Values that a placeholder stands for.
    replaced: BTreeSet<Id>,
    /// Values that are left out.
    skipped: BTreeSet<Id>,
    /// Keys that are missing: table → keys.
    missing: BTreeMap<Id, Vec<&'static str>>,
    drafts: Vec<Draft>,
    /// Byte ranges that unknown keys were reported for.
    keys: BTreeSet<Id>,
    progress: bool,
    root: bool,
}

struct State<'s> {
    file: &'s Arc<str>,
    vocabulary: &'static Vocabulary,
    marks: RefCell<Marks>,
}

impl State<'_> {
    fn flush(&self, reporter: &mut Reporter) {
        self.marks.borrow_mut().drafts.drain(..).for_each(|draft| reporter.add(draft));
    }

    fn spot(&self, span: Range<usize>) -> Spot {
        Spot::new(self.file, span)
    }

    /// Reports a fault of this value, and marks the value.
    fn locate(&self, fault: Fault, node: &Node<'_>) -> Fault {
        let mut marks = self.marks.borrow_mut();
        let spot = self.spot(node.span());
        let span = node.span();
        let replace = !matches!(fault, Fault::Missing(_));
        let follows = matches!(fault, Fault::Other(_));
        let draft = match fault {
            Fault::Reported => return Fault::Reported,
            Fault::Missing(field) => {
                marks.missing.entry(id(node)).or_default().push(field);
                Draft::new("missing-key", format!("the key `{field}` is missing"), spot)
                    .label(format!("has no `{field}`"))
            }
            Fault::Type(found, wanted) => {
                Draft::new("wrong-type", format!("expected {wanted}, found {found}"), spot)
                    .label(format!("this is {found}"))
            }
            Fault::Variant(found, valid) => {
                Draft::new("unknown-value", format!("unknown value `{found}`"), spot)
                    .label("not one of the valid values")
                    .suggest(&found, valid.iter().copied(), "valid values")
            }
            Fault::Key(found, valid) => unknown_key(&found, valid, "a table", spot),
            Fault::Other(message) => Draft::new("invalid-value", message, spot),
        };
        // A key that seems missing may be one of the unknown keys, misspelt: report only the latter.
        let of_keys = follows && marks.keys.iter().any(|k| span.contains(&k.0));
        if of_keys {
            marks.progress |= marks.replaced.insert(id(node));
        } else if !replace || marks.replaced.insert(id(node)) {
            marks.progress = true;
            marks.drafts.push(draft);
        }
        Fault::Reported
    }

    fn unknown(
        &self,
        key: &toml::Spanned<toml::de::DeString<'_>>,
        valid: &[&'static str],
        what: &str,
    ) {
        let span = key.span();
        let mut marks = self.marks.borrow_mut();
        if marks.keys.insert((span.start, span.end)) {
            marks.drafts.push(unknown_key(key.get_ref(), valid, what, self.spot(span)));
        }
    }
}

struct De<'s, 'i> {
    state: &'s State<'s>,
    node: &'s Node<'i>,
    /// The variant that the node is the table of, and what a variant is called.
    variant: Option<(&'s str, &'static str)>,
}

impl<'s, 'i> De<'s, 'i> {
    fn map<'de, V: Visitor<'de>>(
        &self,
        table: &'s DeTable<'i>,
        fields: Option<(&'static str, &'static [&'static str])>,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let marks = self.state.marks.borrow();
        let missing = marks.missing.get(&id(self.node)).cloned().unwrap_or_default();
        drop(marks);
        let entries = table.iter().collect::<Vec<_>>().into_iter();
        visitor.visit_map(Entries {
            state: self.state,
            entries,
            fields,
            variant: self.variant,
            missing,
            value: None,
        })
    }

    fn any<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.get_ref() {
            DeValue::String(s) => visitor.visit_str(s),
            DeValue::Boolean(b) => visitor.visit_bool(*b),
            DeValue::Integer(n) => match i64::from_str_radix(n.as_str(), n.radix()) {
                Ok(n) => visitor.visit_i64(n),
                Err(_) => Err(Fault::Other("the integer does not fit into 64 bits".to_owned())),
            },
            DeValue::Float(x) => match x.as_str().parse() {
                Ok(x) => visitor.visit_f64(x),
                Err(_) => Err(Fault::Other("this is no floating-point number".to_owned())),
            },
            DeValue::Datetime(d) => visitor.visit_string(d.to_string()),
            DeValue::Array(_) => visitor
                .visit_seq(Elements { state: self.state, left: node::elements(Some(self.node)) }),
            DeValue::Table(table) => self.map(table, None, visitor),
        }
    }
}

impl<'de> de::Deserializer<'de> for De<'_, '_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.any(visitor).map_err(|fault| self.state.locate(fault, self.node))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.node.get_ref() {
            DeValue::Table(table) => self.map(table, Some((name, fields)), visitor),
            other => Err(Fault::Type(node::describe(other).to_owned(), "a table".to_owned())),
        }
        .map_err(|fault| self.state.locate(fault, self.node))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.node.get_ref() {
            DeValue::String(s) => visitor.visit_enum(s.as_ref().into_deserializer()),
            // Externally tagged enums: the one key is the variant's name.
            DeValue::Table(table) if table.len() == 1 => {
                let mut entries = table.iter();
                match entries.next() {
                    Some((key, value)) => visitor.visit_enum(Variant {
                        state: self.state,
                        key,
                        value,
                        name,
                        variants,
                    }),
                    None => Err(Fault::Other("an empty table".to_owned())),
                }
            }
            other => {
                let wanted = format!("one of {}", names::list(variants));
                Err(Fault::Type(node::describe(other).to_owned(), wanted))
            }
        }
        .map_err(|fault| self.state.locate(fault, self.node))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Entries<'s, 'i> {
    state: &'s State<'s>,
    entries: std::vec::IntoIter<(&'s toml::Spanned<toml::de::DeString<'i>>, &'s Node<'i>)>,
    fields: Option<(&'static str, &'static [&'static str])>,
    variant: Option<(&'s str, &'static str)>,
    missing: Vec<&'static str>,
    value: Option<&'s Node<'i>>,
}

impl<'de> de::MapAccess<'de> for Entries<'_, '_> {
    type Error = Fault;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        for (key, value) in self.entries.by_ref() {
            if let Some((name, fields)) = self.fields
                && !fields.contains(&key.get_ref().as_ref())
            {
                let what = match self.variant {
                    Some((kind, word)) => format!("{} `{kind}` {word}", names::article(kind)),
                    None => self.state.vocabulary.table(name).to_owned(),
                };
                self.state.unknown(key, fields, &what);
                continue;
            }
            if self.state.marks.borrow().skipped.contains(&id(value)) {
                continue;
            }
            self.value = Some(value);
            return match seed.deserialize(key.get_ref().as_ref().into_deserializer()) {
                Ok(key) => Ok(Some(key)),
                Err(Fault::Key(_, valid)) => {
                    self.state.unknown(key, valid, self.state.vocabulary.own_keys);
                    let mut marks = self.state.marks.borrow_mut();
                    marks.progress |= marks.skipped.insert(id(value));
                    Err(Fault::Reported)
                }
                Err(fault) => Err(self.state.locate(fault, value)),
            };
        }
        self.value = None;
        // A key that is missing is offered as if it stood in the table, with a placeholder for its
        // value, so that the rest of the struct is read.
        match self.missing.pop() {
            Some(key) => seed.deserialize(key.into_deserializer()).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        match self.value.take() {
            Some(node) if !self.state.marks.borrow().replaced.contains(&id(node)) => {
                seed.deserialize(De { state: self.state, node, variant: None })
            }
            _ => seed.deserialize(Placeholder),
        }
    }
}

struct Elements<'s, 'i> {
    state: &'s State<'s>,
    left: &'s [Node<'i>],
}

impl<'de> de::SeqAccess<'de> for Elements<'_, '_> {
    type Error = Fault;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        while let Some((node, left)) = self.left.split_first() {
            self.left = left;
            let marks = self.state.marks.borrow();
            let wrong = marks.skipped.contains(&id(node)) || marks.replaced.contains(&id(node));
            drop(marks);
            if !wrong {
                return seed.deserialize(De { state: self.state, node, variant: None }).map(Some);
            }
        }
        Ok(None)
    }
}

struct Variant<'s, 'i> {
    state: &'s State<'s>,
    key: &'s toml::Spanned<toml::de::DeString<'i>>,
    value: &'s Node<'i>,
    name: &'static str,
    variants: &'static [&'static str],
}

impl<'de, 's, 'i> de::EnumAccess<'de> for Variant<'s, 'i> {
    type Error = Fault;
    type Variant = Payload<'s, 'i>;

    fn variant_seed<V: de::DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Payload<'s, 'i>), Fault> {
        let found: &str = self.key.get_ref().as_ref();
        if !self.variants.contains(&found) {
            let (code, what) = self.state.vocabulary.variant(self.name);
            let spot = self.state.spot(self.key.span());
            let mut marks = self.state.marks.borrow_mut();
            marks.root = true;
            marks.drafts.push(
                Draft::new(code, format!("unknown {what} `{found}`"), spot)
                    .label(format!("no such {what}"))
                    .suggest(found, self.variants.iter().copied(), &format!("{what}s")),
            );
            return Err(Fault::Reported);
        }
        let word = self.state.vocabulary.variant_word(self.name);
        let variant = word.map(|word| (found, word));
        let key = seed.deserialize(found.into_deserializer())?;
        Ok((key, Payload { state: self.state, node: self.value, variant }))
    }
}

struct Payload<'s, 'i> {
    state: &'s State<'s>,
    node: &'s Node<'i>,
    /// Its name, and what a variant is called, where the vocabulary says.
    variant: Option<(&'s str, &'static str)>,
}

impl<'de> de::VariantAccess<'de> for Payload<'_, '_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Err(Fault::Other("this value takes no table".to_owned()))
    }

    fn newtype_variant_seed<T: de::DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        if self.state.marks.borrow().replaced.contains(&id(self.node)) {
            return seed.deserialize(Placeholder);
        }
        seed.deserialize(De { state: self.state, node: self.node, variant: self.variant })
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        de::Deserializer::deserialize_any(
            De { state: self.state, node: self.node, variant: self.variant },
            visitor,
        )
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let de = De { state: self.state, node: self.node, variant: self.variant };
        de::Deserializer::deserialize_struct(de, "", fields, visitor)
    }
}

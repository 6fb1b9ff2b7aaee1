//! WSL's messages about a file, word for word, without the `wsl: ` that wsl.exe puts in front.

use crate::keys::Names;
use crate::parse::Fault;
use crate::units::Dialect;

/// The reason of a warning about an assignment or a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The line cannot be read.
    Malformed(Fault),
    /// There is no such key.
    UnknownKey,
    /// The setting was made before, by this name in that line, and keeps the first value.
    Duplicate {
        /// The first one's name, as spelt.
        first: Vec<u8>,
        /// The line it was in.
        line: u32,
    },
    /// The value is no boolean.
    Bool,
    /// The value is no number, or an item of it no port.
    Int,
    /// The value is no size.
    Size,
    /// The value is none of these names.
    Name(Names),
    /// The value is no IPv4 address; DNS tunnelling is off then.
    Address,
    /// The value is no MAC address: the whole file is refused.
    Mac,
}

/// A warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Its reason.
    pub trouble: Trouble,
    /// The key with its section, as spelt; empty for a malformed line.
    pub name: Vec<u8>,
    /// The value; empty where it is not in question.
    pub value: Vec<u8>,
    /// The line as WSL counts it.
    pub line: u32,
    /// Index of the item it is about.
    pub item: usize,
}

impl Warning {
    /// The message, as the bytes that WSL prints. `path` is the file's.
    ///
    /// Upstream defect: `.wslconfig`'s values have lost their high bytes, and come out as U+FFFD.
    #[must_use]
    pub fn message(&self, dialect: Dialect, path: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let mut add = |text: &[u8]| out.extend_from_slice(text);
        let (name, value) = (self.name.as_slice(), self.value.as_slice());
        match &self.trouble {
            Trouble::Malformed(fault) => add(&malformed(*fault, dialect)),
            Trouble::UnknownKey => quoted(&mut add, "Unknown key", name, ""),
            Trouble::Duplicate { .. } => quoted(&mut add, "Duplicated config key", name, ""),
            Trouble::Bool => about(&mut add, "Invalid boolean value", value, " for key", name),
            Trouble::Int => about(&mut add, "Invalid integer value", value, " for key", name),
            Trouble::Size => {
                about(&mut add, "Invalid memory string", value, " for .wslconfig entry", name);
            }
            Trouble::Name(_) => about(&mut add, "Invalid value", value, " for config key", name),
            Trouble::Address => about(&mut add, "Invalid IP value", value, " for key", name),
            Trouble::Mac => about(&mut add, "Invalid mac address", value, " for key", name),
        }
        add(format!(" in {path}:{}", self.line).as_bytes());
        match &self.trouble {
            Trouble::Duplicate { first, line } => {
                quoted(&mut add, " (Conflicting key:", first, &format!(" in {path}:{line})"));
            }
            Trouble::Name(names) => {
                let valid: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
                add(format!(" (Valid values: {})", valid.join(", ")).as_bytes());
            }
            _ => {}
        }
        match dialect {
            Dialect::WslConf => out,
            Dialect::WslConfig => String::from_utf8_lossy(&out).into_owned().into_bytes(),
        }
    }
}

fn quoted(add: &mut impl FnMut(&[u8]), before: &str, text: &[u8], after: &str) {
    add(before.as_bytes());
    add(b" '");
    add(text);
    add(b"'");
    add(after.as_bytes());
}

fn about(add: &mut impl FnMut(&[u8]), what: &str, value: &[u8], key: &str, name: &[u8]) {
    quoted(add, what, value, key);
    add(b" '");
    add(name);
    add(b"'");
}

/// The message of a line that cannot be read, without its place.
fn malformed(fault: Fault, dialect: Dialect) -> Vec<u8> {
    let text = match fault {
        Fault::SectionName => "Invalid section name",
        Fault::KeyName => "Invalid key name",
        Fault::SectionEnd => "Expected ']'",
        Fault::AfterSection => r"Expected ' ' or '\n'",
        Fault::Equals => "Expected '='",
        Fault::Quote => "Expected \"",
        Fault::Escape(unit) => return escape(unit, dialect),
    };
    text.as_bytes().to_vec()
}

fn escape(unit: Option<u16>, dialect: Dialect) -> Vec<u8> {
    let shown = match (unit, dialect) {
        (Some(unit), Dialect::WslConf) => unit.to_le_bytes()[..1].to_vec(),
        (None, Dialect::WslConf) => Vec::new(),
        // The end of the file is the unit 0xFFFF.
        (unit, Dialect::WslConfig) => {
            String::from_utf16_lossy(&[unit.unwrap_or(0xFFFF)]).into_bytes()
        }
    };
    [b"Invalid escaped character: '", shown.as_slice(), b"'"].concat()
}

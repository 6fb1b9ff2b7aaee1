//! Likely causes of lines that WSL cannot parse.

use twinproof_wslconf::parse::Fault;

/// Likely cause of a line that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A comment of another language.
    Comment,
    /// Text behind `]`.
    AfterSection,
    /// A character in a name.
    Name,
    /// No `=`, or another language.
    OtherLanguage,
    /// An unknown escape.
    Escape,
    /// A backslash at the very end.
    LastBackslash,
    /// An open quote.
    Quote,
    /// A character that looks like another, or like none.
    Invisible,
    /// Another cause.
    Unclear,
}

/// Beginnings of comments in other languages.
const COMMENTS: [&str; 6] = [";", "//", "/*", "--", "REM ", "<!--"];

/// Beginnings of lines in other languages.
const LANGUAGES: [&str; 16] = [
    "<<<<<<<", "=======", ">>>>>>>", "|||||||", "{", "}", "\"", "- ", "#!", "export ", "set ",
    "sudo ", "echo ", "if ", "fi", "$",
];

/// Characters that look like others, or like none.
const fn is_odd(c: char) -> bool {
    matches!(
        c,
        '\0' | '\u{A0}' | '\u{FEFF}' | '\u{FFFD}' | '\u{200B}'..='\u{200F}' | '\u{2018}'..='\u{201F}'
            | '\u{2002}'..='\u{200A}' | '\u{202F}' | '\u{3000}' | '\u{FF01}'..='\u{FF5E}'
    )
}

/// The likely cause. `at` is the character at which the parser stops.
#[must_use]
pub fn cause(fault: Fault, line: &str, at: Option<char>) -> Cause {
    let begins = |words: &[&str]| words.iter().any(|word| line.starts_with(word));
    match fault {
        Fault::Escape(None) => Cause::LastBackslash,
        Fault::Escape(Some(_)) => Cause::Escape,
        Fault::Quote => Cause::Quote,
        _ if begins(&COMMENTS) => Cause::Comment,
        _ if at.is_some_and(is_odd) => Cause::Invisible,
        Fault::AfterSection => Cause::AfterSection,
        Fault::SectionName | Fault::SectionEnd if line.contains(']') => Cause::Name,
        Fault::SectionName | Fault::SectionEnd => Cause::Unclear,
        _ if begins(&LANGUAGES) => Cause::OtherLanguage,
        Fault::KeyName => match at {
            Some('-' | '_' | '.') => Cause::Name,
            Some(c) if c.is_alphabetic() || (c.is_ascii_digit() && line.contains('=')) => {
                Cause::Name
            }
            _ => Cause::Unclear,
        },
        Fault::Equals => match at {
            Some('-' | '_' | '.') => Cause::Name,
            Some(c) if !c.is_ascii() => Cause::Name,
            // Two words and then an equals sign: a blank in the name.
            Some(c) if c.is_ascii_alphanumeric() && line.contains('=') => Cause::Name,
            _ => Cause::OtherLanguage,
        },
    }
}

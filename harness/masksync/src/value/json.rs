//! JSON documents in one form.
//!
//! The servers write documents with spaces, the binlog has them in binary. Both are read and
//! written again: members sorted by name, no spaces, numbers as the shortest decimal that
//! reads back to the same integer or double.

use serde_json::Value;

/// A document that cannot be read. The text says where, never what.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the JSON document cannot be read at line {line}, column {column}")]
pub struct JsonError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// A document in one form.
///
/// # Errors
/// When it is no JSON, or nested deeper than 128.
pub fn canonical(text: &[u8]) -> Result<Vec<u8>, JsonError> {
    parse(text).map(|value| value.to_string().into_bytes())
}

/// Reads a document.
pub(crate) fn parse(text: &[u8]) -> Result<Value, JsonError> {
    serde_json::from_slice(text)
        .map_err(|error| JsonError { line: error.line(), column: error.column() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_spelling_of_numbers_do_not_matter() {
        let written = canonical(br#"{"b": 1.0, "a": [1, 2.50, 1e2, "x\u00e9"]}"#).unwrap();
        let same = canonical("{\"b\":1.0,\"a\":[1,2.5,100.0,\"xé\"]}".as_bytes()).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), String::from_utf8(same).unwrap());
    }

    #[test]
    fn malformed_json_is_reported_by_offset_without_its_text() {
        let error = canonical(b"{\"tel\": 138").unwrap_err();
        assert_eq!(error.to_string(), "the JSON document cannot be read at line 1, column 11");
    }

    #[test]
    fn deep_documents_are_refused() {
        let deep = [b"[".repeat(4000), b"]".repeat(4000)].concat();
        assert!(canonical(&deep).is_err());
    }
}

//! An error with all its causes.

use std::error::Error;

/// The messages of an error and of its causes, outermost first, separated by `: `. A cause whose
/// message is already part of the text is left out: many errors print their cause themselves.
#[must_use]
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let message = cause.to_string();
        // thiserror's `#[error("…: {source}")]` and many crates' errors print their cause; without
        // this it would be printed twice.
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::error_chain;
    use std::error::Error;
    use std::fmt;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl fmt::Display for Layer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Layer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|e| e as &(dyn Error + 'static))
        }
    }

    #[test]
    fn every_cause_appears_once_and_in_order() {
        let inner = Layer("connection refused", None);
        let middle = Layer("cannot connect: connection refused", Some(Box::new(inner)));
        let outer = Layer("cannot fetch", Some(Box::new(middle)));
        assert_eq!(error_chain(&outer), "cannot fetch: cannot connect: connection refused");
    }
}

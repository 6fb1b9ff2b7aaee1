//! The file of the program that runs.

use std::io;
use std::path::PathBuf;

/// The path of this program's file, to start the program again.
///
/// # Errors
/// When the system does not know it, or when the file is gone: a build that runs meanwhile puts a
/// new file in its place, and Linux then calls the old one `… (deleted)`.
pub fn this() -> io::Result<PathBuf> {
    present(std::env::current_exe()?)
}

fn present(path: PathBuf) -> io::Result<PathBuf> {
    if path.is_file() {
        return Ok(path);
    }
    let said = format!(
        "the file of this program is gone, it was built anew while it ran ({}): run it again",
        path.display()
    );
    Err(io::Error::new(io::ErrorKind::NotFound, said))
}

#[cfg(test)]
mod tests {
    use super::{present, this};

    #[test]
    fn the_file_of_this_test_is_there() {
        assert!(this().unwrap().is_file());
    }

    #[test]
    fn a_replaced_file_is_an_error_that_says_what_to_do() {
        let gone = std::env::current_exe().unwrap().with_file_name("program (deleted)");
        let error = present(gone).unwrap_err().to_string();
        assert!(error.contains("program (deleted)") && error.ends_with("run it again"), "{error}");
    }
}

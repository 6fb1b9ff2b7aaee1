//! The attribute `#[test]` of `twinproof-testkit`, and nothing else: an attribute has to be in a
//! crate of its own.

use proc_macro::{TokenStream, TokenTree};

/// Makes a function without parameters a test, which `twinproof_testkit::main` finds and runs.
///
/// It takes the place of Rust's own `#[test]`, under [`rstest`] and `proptest` too, in a test target
/// with `harness = false` that begins with `#[macro_use] extern crate twinproof_testkit;`.
///
/// [`rstest`]: https://docs.rs/rstest
#[proc_macro_attribute]
pub fn test(_: TokenStream, function: TokenStream) -> TokenStream {
    // Tokens and not a syntax tree: one name is needed, and a parser would be built for every
    // crate.
    let mut words = function.clone().into_iter();
    let name = words.find(is_fn).and_then(|_| words.next());
    let Some(TokenTree::Ident(name)) = name else {
        return error("`#[test]` is for functions");
    };
    let registered = format!(
        "::twinproof_testkit::inventory::submit! {{
            ::twinproof_testkit::Test::new(
                ::core::module_path!(),
                ::core::stringify!({name}),
                || ::twinproof_testkit::Ended::from({name}()),
            )
        }}"
    );
    match registered.parse::<TokenStream>() {
        // The function itself stays as it is, so that its errors point to where it is written.
        Ok(registered) => function.into_iter().chain(registered).collect(),
        Err(_) => error("`#[test]` cannot register this function"),
    }
}

fn is_fn(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(word) if word.to_string() == "fn")
}

fn error(message: &str) -> TokenStream {
    format!("::core::compile_error!({message:?});").parse().unwrap_or_default()
}

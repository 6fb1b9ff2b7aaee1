//! Reading a declaration: all its mistakes, each with its place in the file.

use crate::asked::{Asked, Use};
use crate::declaration::{Declaration, DeclarationError, Kind, VARIABLES, host_of};
use crate::pipeline::PIPELINE_VARIABLES;
use std::ops::Range;
use twinproof_model::variables::VariableError;
use twinproof_model::{Capability, Template};
use twinproof_toml::node::{self, Node};
use twinproof_toml::{Reader, Vocabulary, read_checked};

/// Names of a declaration's tables, for messages.
const VOCABULARY: &Vocabulary = &Vocabulary {
    tables: &[
        ("Declaration", "a declaration"),
        ("Build", "`build`"),
        ("Addition", "`origin`"),
        ("Setting", "a setting"),
        ("Ready", "`ready`"),
        ("Pipeline", "`pipeline`"),
        ("PipelineProcess", "a process"),
        ("PipelinePlace", "a place"),
    ],
    ..*Vocabulary::PLAIN
};

/// The ways to have a subject, of which a declaration gives one.
const WAYS: [&str; 5] = ["embedded", "build", "test", "given", "url"];

impl Declaration {
    /// Reads a declaration; `file` is its name in messages.
    ///
    /// # Errors
    /// All mistakes: it is no TOML, has unknown keys, has no source of its program, or has a text
    /// that cannot be expanded.
    pub fn parse(file: &str, text: &str) -> Result<Self, DeclarationError> {
        Self::read(file, text, None)
    }

    /// Reads a declaration, and checks that cases use all of its features.
    ///
    /// # Errors
    /// All mistakes, a feature that no case uses included.
    pub fn check(file: &str, text: &str, asked: &Asked) -> Result<Self, DeclarationError> {
        Self::read(file, text, Some(asked))
    }

    fn read(file: &str, text: &str, asked: Option<&Asked>) -> Result<Self, DeclarationError> {
        Ok(read_checked(file, text, VOCABULARY, |mut read: Self, root, reader| {
            name(&read, root, reader);
            ways(&read, root, reader);
            features(root, reader);
            if let Some(asked) = asked {
                unasked(root, asked, reader);
            }
            additions(root, reader);
            pipeline(&read, root, reader);
            address(&mut read, root, reader);
            Some(read)
        })?)
    }
}

fn wrong(reader: &mut Reader<'_>, code: &'static str, message: &str, span: Range<usize>) {
    reader.add(reader.draft(code, message, span));
}

fn name(read: &Declaration, root: &Node<'_>, reader: &mut Reader<'_>) {
    let word =
        |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if node::text(root, "name").is_some() && !read.name.split(['-', '.']).all(word) {
        let message = format!("`{}` is no subject's name", read.name);
        let draft = reader.draft("bad-name", &message, node::value_span(root, "name"));
        reader.add(draft.help("write lower-case words joined by `-`"));
    }
}

/// Checks that the declaration gives exactly one source of the subject's program.
fn ways(read: &Declaration, root: &Node<'_>, reader: &mut Reader<'_>) {
    let there = [
        read.embedded,
        node::get(root, "build").is_some(),
        node::get(root, "test").is_some(),
        read.given,
        node::get(root, "url").is_some(),
    ];
    let keys: Vec<_> =
        WAYS.iter().zip(there).filter(|(_, there)| *there).map(|(k, _)| *k).collect();
    match keys.as_slice() {
        [_] => {}
        [] => {
            let draft = reader.draft(
                "no-way",
                "it does not say where the subject's program comes from",
                0..0,
            );
            reader.add(draft.help(format!("give one of {}", twinproof_toml::names::list(&WAYS))));
        }
        [one, other, ..] => {
            let message = format!("`{one}` and `{other}` are two ways to have the subject");
            let draft = reader.draft("two-ways", &message, node::key_span(root, other));
            let first = reader.spot(node::key_span(root, one));
            reader.add(draft.other(first, "the other way"));
        }
    }
    if node::get(root, "build").is_some() && node::get(root, "version").is_none() {
        let span = node::key_span(root, "build");
        wrong(reader, "missing-key", "what is built from a module has a `version`", span);
    }
    // Reported rather than ignored: an author who writes these keys expects them to work.
    if read.is_read_only() {
        for key in ["args", "env", "files", "cwd", "origin", "set"] {
            if node::get(root, key).is_some() {
                let message = format!("what runs elsewhere is not launched: `{key}` has no effect");
                wrong(reader, "not-launched", &message, node::key_span(root, key));
            }
        }
    }
}

/// The address of a subject that runs elsewhere, without slashes at its end: paths are appended to it.
fn address(read: &mut Declaration, root: &Node<'_>, reader: &mut Reader<'_>) {
    let Some(url) = &mut read.url else { return };
    if let Err(why) = host_of(url) {
        wrong(reader, "bad-address", why, node::value_span(root, "url"));
    }
    url.truncate(url.trim_end_matches('/').len());
}

/// Checks the names of its features and settings.
fn features(root: &Node<'_>, reader: &mut Reader<'_>) {
    let listed = node::texts(node::get(root, "features"));
    let set = node::get(root, "set").and_then(node::table);
    let set: Vec<_> =
        set.into_iter().flatten().map(|(k, _)| (k.get_ref().as_ref(), k.span())).collect();
    for (name, span) in listed.into_iter().chain(set) {
        if Capability::parse(&format!("feature:{name}")).is_none() {
            let draft = reader.draft("bad-name", &format!("`{name}` is no feature's name"), span);
            reader.add(draft.help("write lower-case words joined by `-` or `_`"));
        }
    }
}

/// Checks the table `pipeline`, which only masking pipelines have.
fn pipeline(read: &Declaration, root: &Node<'_>, reader: &mut Reader<'_>) {
    let table = node::get(root, "pipeline");
    match (table, read.kind == Kind::Masking) {
        (None, true) => {
            let message = "a pipeline has a table `pipeline` with its processes";
            wrong(reader, "missing-key", message, node::key_span(root, "kind"));
        }
        (Some(_), false) => {
            let message = "only what is of kind `masking` has a `pipeline`";
            wrong(reader, "no-pipeline", message, node::key_span(root, "pipeline"));
        }
        (Some(table), true) => pipeline_texts(table, reader),
        (None, false) => {}
    }
}

/// The variables of all texts below a table.
fn pipeline_texts(node: &Node<'_>, reader: &mut Reader<'_>) {
    for (_, inner) in node::table(node).into_iter().flatten() {
        pipeline_texts(inner, reader);
    }
    for inner in node::elements(Some(node)) {
        pipeline_texts(inner, reader);
    }
    texts_refer_to(node, PIPELINE_VARIABLES.iter().map(|(name, _)| *name), reader);
}

/// Report each variable that a text refers to and that is none of `known`.
fn texts_refer_to<'k>(
    node: &Node<'_>,
    known: impl Iterator<Item = &'k str> + Clone,
    reader: &mut Reader<'_>,
) {
    // A text that cannot be taken apart is reported with its type.
    let Some(Ok(template)) = node.get_ref().as_str().map(Template::parse) else { return };
    for (variable, _) in template.variables() {
        if !known.clone().any(|name| name == variable) {
            let message = VariableError::Unknown(variable.to_owned()).to_string();
            let draft = reader.draft("unknown-variable", &message, node.span());
            reader.add(draft.suggest(variable, known.clone(), "variables"));
        }
    }
}

/// Reports features that no case uses: they have no effect, and may be misspelt.
fn unasked(root: &Node<'_>, asked: &Asked, reader: &mut Reader<'_>) {
    for (name, span) in node::texts(node::get(root, "features")) {
        match asked.get(name) {
            Some(Use::Asked) => {}
            Some(Use::Set) => {
                let message = format!("cases set `{name}`, and this does not say how");
                let draft = reader.draft("feature-is-set", &message, span);
                reader.add(draft.help(format!("write a table [set.{name}] in its place")));
            }
            None => {
                let message = format!("no case asks for the feature `{name}`");
                let draft = reader.draft("unasked-feature", &message, span);
                reader.add(draft.suggest(name, asked.keys().map(String::as_str), "features"));
            }
        }
    }
}

/// The variables of every text, and the paths of files.
fn additions(root: &Node<'_>, reader: &mut Reader<'_>) {
    addition(root, false, reader);
    text(node::get(root, "cwd"), false, reader);
    if let Some(origin) = node::get(root, "origin") {
        addition(origin, false, reader);
    }
    let set = node::get(root, "set").and_then(node::table);
    for (_, setting) in set.into_iter().flatten() {
        addition(setting, true, reader);
        text(node::get(setting, "base_path"), true, reader);
    }
}

fn addition(table: &Node<'_>, value: bool, reader: &mut Reader<'_>) {
    for one in node::elements(node::get(table, "args")) {
        text(Some(one), value, reader);
    }
    for key in ["env", "files"] {
        let entries = node::get(table, key).and_then(node::table);
        for (path, content) in entries.into_iter().flatten() {
            text(Some(content), value, reader);
            let path_text: &str = path.get_ref();
            if key == "files" && !is_inside(path_text) {
                let message = format!("the file `{path_text}` is not in the subject's folder");
                wrong(reader, "bad-path", &message, path.span());
            }
        }
    }
}

fn is_inside(path: &str) -> bool {
    !path.contains(['\\', ':']) && !path.split('/').any(|part| matches!(part, "" | "." | ".."))
}

/// A text whose variables there must be; `value` is one of them where it belongs to a setting.
fn text(node: Option<&Node<'_>>, value: bool, reader: &mut Reader<'_>) {
    if let Some(node) = node {
        let known = VARIABLES.iter().map(|(name, _)| *name).chain(value.then_some("value"));
        texts_refer_to(node, known, reader);
    }
}

#[cfg(test)]
mod tests {
    use crate::asked::Use;
    use crate::declaration::{Declaration, DeclarationError, Kind};
    use rstest::rstest;
    use twinproof_model::Capability;

    const HEAD: &str = "name = \"x\"\nkind = \"proxy\"\ntitle = \"X\"\nhomepage = \"h\"\n";

    /// Line, column and message of each mistake.
    fn mistakes(rest: &str) -> Vec<(usize, usize, String)> {
        match Declaration::parse("x.toml", &format!("{HEAD}{rest}")) {
            Ok(_) => Vec::new(),
            Err(DeclarationError::Text(all)) => {
                let items = all.items().iter();
                items.map(|d| (d.place.line, d.place.column, d.message.clone())).collect()
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[rstest]
    #[case("args = [\"--upstream=${upstream}\"]", true)]
    #[case("env = { UP = \"${upstream}\" }", true)]
    #[case("files = { conf = \"${origin}/x\" }", true)]
    #[case("origin = { args = [\"${origin}\"] }", true)]
    #[case("args = [\"${address}\"]", false)]
    fn declaration_that_names_an_upstream_has_one(#[case] rest: &str, #[case] want: bool) {
        let read = Declaration::parse("x.toml", &format!("{HEAD}given = true\n{rest}")).unwrap();
        assert_eq!(read.capabilities().contains(&Capability::Origin), want);
    }

    #[rstest]
    #[case("", &[(1, 1, "it does not say where the subject's program comes from")])]
    #[case(
        "embedded = true\ngiven = true",
        &[(6, 1, "`embedded` and `given` are two ways to have the subject")]
    )]
    #[case(
        "build = { module = \"m\" }",
        &[(5, 1, "what is built from a module has a `version`")]
    )]
    #[case("given = true\nargs = [\"${prot}\"]", &[(6, 9, "unknown variable `${prot}`")])]
    #[case("given = true\nargs = [\"${value}\"]", &[(6, 9, "unknown variable `${value}`")])]
    #[case(
        "given = true\nfiles = { \"../a\" = \"\" }",
        &[(6, 11, "the file `../a` is not in the subject's folder")]
    )]
    #[case("given = true\nfeatures = [\"A\"]", &[(6, 13, "`A` is no feature's name")])]
    #[case(
        "given = true\npipeline = { process = [] }",
        &[(6, 1, "only what is of kind `masking` has a `pipeline`")]
    )]
    #[case("url = \"ftp://h\"", &[(5, 7, "an address begins with `http://` or `https://`")])]
    #[case("url = \"https://h/go/\"", &[])]
    #[case("given = true\n[set.offline]\nabout = \"a\"\nargs = [\"${value}\"]", &[])]
    #[case(
        "url = \"http://h\"\nargs = [\"x\"]\nargz = []\nready = { status = \"a\" }",
        &[
            (6, 1, "what runs elsewhere is not launched: `args` has no effect"),
            (7, 1, "unknown key `argz` in a declaration"),
            (8, 20, "expected an integer from 0 to 65535, found a text"),
        ]
    )]
    fn every_mistake_is_reported_with_its_place(
        #[case] rest: &str,
        #[case] want: &[(usize, usize, &str)],
    ) {
        let want: Vec<_> = want.iter().map(|(l, c, m)| (*l, *c, (*m).to_owned())).collect();
        assert_eq!(mistakes(rest), want);
    }

    #[test]
    fn a_feature_that_no_case_asks_for_is_a_mistake() {
        let text = format!("{HEAD}given = true\nfeatures = [\"sumdb\", \"storr\"]\n");
        let asked = ["store", "sumdb"].map(|name| (name.to_owned(), Use::Asked)).into();
        let Err(DeclarationError::Text(all)) = Declaration::check("x.toml", &text, &asked) else {
            panic!("it is taken")
        };
        let [one] = all.items() else { panic!("{all:?}") };
        assert_eq!((one.place.line, one.place.column), (6, 22));
        assert_eq!(one.message, "no case asks for the feature `storr`");
        assert_eq!(one.help[0], "did you mean `store`?");
    }

    #[test]
    fn a_feature_that_cases_set_has_a_table() {
        let text = format!("{HEAD}given = true\nfeatures = [\"list_ttl\"]\n");
        let asked = [("list_ttl".to_owned(), Use::Set)].into();
        let Err(DeclarationError::Text(all)) = Declaration::check("x.toml", &text, &asked) else {
            panic!("it is taken")
        };
        let [one] = all.items() else { panic!("{all:?}") };
        assert_eq!(one.message, "cases set `list_ttl`, and this does not say how");
        assert_eq!(one.help[0], "write a table [set.list_ttl] in its place");
        let text = format!("{HEAD}given = true\n[set.list_ttl]\nabout = \"a\"\n");
        assert!(Declaration::check("x.toml", &text, &asked).is_ok());
    }

    #[rstest]
    #[case("https://proxy.example.com/", Some(("proxy.example.com", "https://proxy.example.com")))]
    #[case("http://127.0.0.1:8080/base", Some(("127.0.0.1:8080", "http://127.0.0.1:8080/base")))]
    #[case("https://u:p@h/x", Some(("h", "https://u:p@h/x")))]
    #[case("ftp://h", None)]
    #[case("https://", None)]
    #[case("key https://h", None)]
    fn only_a_web_address_with_a_host_is_a_subject(
        #[case] url: &str,
        #[case] want: Option<(&str, &str)>,
    ) {
        let got = Declaration::of_address(Kind::Proxy, url).ok();
        let got = got.as_ref().map(|d| (d.name.as_str(), d.url.as_deref().unwrap()));
        assert_eq!(got, want);
    }

    #[test]
    fn settings_are_features() {
        let text = format!(
            "{HEAD}embedded = true\nargs = [\"${{upstream}}\"]\nfeatures = [\"sumdb\"]\n\
             [set.offline]\nabout = \"a\"\n"
        );
        let all = Declaration::parse("x", &text).unwrap().capabilities();
        let feature = |n: &str| Capability::Feature(n.to_owned());
        assert_eq!(
            all.into_iter().collect::<Vec<_>>(),
            [Capability::Origin, feature("offline"), feature("sumdb")]
        );
        let said =
            Declaration::of_address(Kind::Sumdb, "http://h.example").unwrap_err().to_string();
        assert!(said.contains("`KEY URL`"), "{said}");
        let read = Declaration::of_address(Kind::Sumdb, "name+1+A http://h.example").unwrap();
        assert_eq!(read.key.as_deref(), Some("name+1+A"));
        assert_eq!(read.capabilities().len(), 0);
        assert_eq!(read.environment().to_string(), "sumdb:h.example");
    }
}

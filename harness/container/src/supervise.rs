//! The supervisor of a program in a container: builds the command line for the engine and parses its
//! answer. Pure: nothing is run here.
//!
//! An engine's `exec` merges its own environment into the one given, has no time limit, and leaves
//! a program's orphans running. So a program runs as `docker-init -s -- sh -c supervise.sh … env -i
//! -- NAME=VALUE… PROGRAM…`: `env -i` makes the environment exact, the engine's init is a child
//! subreaper that orphans cannot leave, and the script ends processes that are left and reports.

use crate::Error;

const TREE: &str = include_str!("tree.sh");
const SUPERVISE: &str = include_str!("supervise.sh");
const KILL: &str = include_str!("kill.sh");

/// The engine's init, which it binds into containers that ask for one.
const INIT: &str = "/sbin/docker-init";
/// The default PATH of C libraries.
const DEFAULT_PATH: &str = "/usr/local/bin:/bin:/usr/bin";
/// Longest answer: newline, token, blank, counts, code or text, newline.
const ANSWER_MAX: usize = 1024;

/// A program as the supervisor runs it.
#[derive(Debug)]
pub(crate) struct Program<'a> {
    pub argv: &'a [String],
    pub env: &'a [(String, String)],
    pub cwd: &'a str,
    pub stdin: Option<usize>,
    /// File for the launcher, its answer's file, its content.
    pub spec: Option<(String, String, String)>,
}

/// The command line of the supervisor. An error names a value that cannot be passed to a container.
pub(crate) fn command(program: &Program<'_>, token: &str) -> Result<Vec<String>, Error> {
    let bad = |what: String| Err(Error::Invalid(what));
    let Some(first) = program.argv.first().filter(|first| !first.is_empty()) else {
        return bad("the command to run is empty".into());
    };
    // `env` would take it for a variable.
    if first.contains('=') {
        return bad(format!("the program `{first}` has a `=` in its name: call it by a link"));
    }
    // `-s` makes the init a subreaper: processes that the program leaves behind become its
    // children, and can be counted and ended.
    let mut command: Vec<String> = [INIT, "-s", "--", "/bin/sh", "-c"].map(str::to_owned).into();
    command.push(format!("{TREE}\n{SUPERVISE}"));
    command.push("twinproof".into());
    command.push(token.into());
    command.push(program.stdin.map_or_else(|| "-".into(), |bytes| bytes.to_string()));
    command.push(program.cwd.into());
    let (spec_file, code_file, spec) = program.spec.clone().unwrap_or_default();
    command.extend([spec_file, code_file, spec, first.clone()]);
    // Of a name given twice, `env` keeps the last.
    let path = program.env.iter().rfind(|(name, _)| name == "PATH");
    command.push(path.map_or_else(|| DEFAULT_PATH.into(), |(_, path)| path.clone()));
    command.extend(["/usr/bin/env", "-i", "--"].map(str::to_owned));
    for (name, value) in program.env {
        check_name(name)?;
        command.push(format!("{name}={value}"));
    }
    command.extend(program.argv.iter().cloned());
    if command.iter().any(|word| word.contains('\0')) {
        return bad(format!("an argument or a variable of `{first}` has a NUL character in it"));
    }
    // The kernel's limit for one string is 128 KiB.
    if let Some(long) = command.iter().find(|word| word.len() >= 128 << 10) {
        let start: String = long.chars().take(40).collect();
        return bad(format!("`{start}…` is {} bytes; a program takes 131071", long.len()));
    }
    Ok(command)
}

/// Checks the name of an environment variable.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(Error::Invalid(format!("`{name}` cannot be the name of a variable")));
    }
    Ok(())
}

/// The command line that ends the tree below a supervisor.
pub(crate) fn kill_command(token: &str) -> Vec<String> {
    ["/bin/sh", "-c", &format!("{TREE}\n{KILL}"), "twinproof", token].map(str::to_owned).into()
}

/// The outcome of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The program ended; processes that it left running were killed.
    Exit { code: u32, left_over: u32 },
    /// There is no such program; the exit code of the lookup.
    Missing { code: u32 },
    /// The program's directory does not exist.
    NoDirectory,
    /// The launcher could not do its work.
    Launcher(String),
}

/// Gathers the two streams under a limit and finds the answer at the end of the second.
#[derive(Debug)]
pub(crate) struct Collector {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub truncated: bool,
    limit: usize,
    /// The end of the standard error stream, which may be the answer.
    pending: Vec<u8>,
}

impl Collector {
    pub(crate) fn new(limit: usize) -> Self {
        Self { stdout: vec![], stderr: vec![], truncated: false, limit, pending: vec![] }
    }

    pub(crate) fn out(&mut self, bytes: &[u8]) {
        take(&mut self.stdout, bytes, self.limit, &mut self.truncated);
    }

    pub(crate) fn err(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        // The supervisor's answer is the last thing on standard error. The last kilobyte is held
        // back until it is known whether that is program output.
        if self.pending.len() > ANSWER_MAX {
            let rest = self.pending.split_off(self.pending.len() - ANSWER_MAX);
            take(&mut self.stderr, &self.pending, self.limit, &mut self.truncated);
            self.pending = rest;
        }
    }

    /// The answer, and the stream without it; `None` when the supervisor itself was ended.
    pub(crate) fn finish(&mut self, token: &str) -> Option<Answer> {
        let mark = format!("\n{token} ");
        let found = self
            .pending
            .windows(mark.len())
            // The last one: a program may print its own arguments, and the token with them.
            .rposition(|window| window == mark.as_bytes())
            .and_then(|at| {
                let text = String::from_utf8_lossy(&self.pending[at + mark.len()..]).into_owned();
                let answer = parse(text.trim_end())?;
                self.pending.truncate(at);
                Some(answer)
            });
        let rest = std::mem::take(&mut self.pending);
        take(&mut self.stderr, &rest, self.limit, &mut self.truncated);
        found
    }
}

fn take(into: &mut Vec<u8>, bytes: &[u8], limit: usize, truncated: &mut bool) {
    let room = limit.saturating_sub(into.len());
    into.extend_from_slice(&bytes[..room.min(bytes.len())]);
    *truncated |= room < bytes.len();
}

fn parse(text: &str) -> Option<Answer> {
    if text == "directory" {
        return Some(Answer::NoDirectory);
    }
    let (left_over, rest) = text.split_once(' ')?;
    let left_over = left_over.parse().ok()?;
    let (kind, rest) = rest.split_once(' ')?;
    match kind {
        "exit" => Some(Answer::Exit { code: rest.parse().ok()?, left_over }),
        "missing" => Some(Answer::Missing { code: rest.parse().ok()? }),
        "error" => Some(Answer::Launcher(rest.into())),
        "launcher" => Some(Answer::Launcher(format!("Wine ended with status {rest}"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn words(argv: &[&str]) -> Vec<String> {
        argv.iter().map(|word| (*word).to_owned()).collect()
    }

    fn command_of(argv: &[&str], env: &[(&str, &str)]) -> Result<Vec<String>, Error> {
        let env: Vec<_> = env.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let argv = words(argv);
        let program = Program { argv: &argv, env: &env, cwd: "/w", stdin: Some(3), spec: None };
        command(&program, "tok")
    }

    #[test]
    fn the_environment_is_given_after_env_i_and_in_order() {
        let command = command_of(&["p", "-x", "A=B"], &[("Z", "1"), ("-a", ""), ("A", "ü =")]);
        let command = command.unwrap();
        assert_eq!(command[..5], words(&["/sbin/docker-init", "-s", "--", "/bin/sh", "-c"]));
        assert_eq!(
            command[6..],
            words(&[
                "twinproof",
                "tok",
                "3",
                "/w",
                "",
                "",
                "",
                "p",
                "/usr/local/bin:/bin:/usr/bin",
                "/usr/bin/env",
                "-i",
                "--",
                "Z=1",
                "-a=",
                "A=ü =",
                "p",
                "-x",
                "A=B"
            ])
        );
    }

    #[rstest]
    #[case(&[], &[], "empty")]
    #[case(&[""], &[], "empty")]
    #[case(&["a=b"], &[], "`=` in its name")]
    #[case(&["p"], &[("", "x")], "name of a variable")]
    #[case(&["p"], &[("A=", "x")], "name of a variable")]
    #[case(&["p", "a\0b"], &[], "NUL")]
    #[case(&["p"], &[("A", "\0")], "NUL")]
    fn command_that_cannot_be_passed_on_is_refused(
        #[case] argv: &[&str],
        #[case] env: &[(&str, &str)],
        #[case] says: &str,
    ) {
        let error = command_of(argv, env).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }

    #[test]
    fn a_string_longer_than_the_kernel_takes_is_refused() {
        let long = "x".repeat(128 << 10);
        let error = command_of(&["p", &long], &[]).unwrap_err().to_string();
        assert!(error.ends_with("is 131072 bytes; a program takes 131071"), "{error}");
    }

    #[rstest]
    #[case("\ntok 0 exit 3\n", Some(Answer::Exit { code: 3, left_over: 0 }), "")]
    #[case("hello\n\ntok 2 exit 3221225786\n", Some(Answer::Exit { code: 3_221_225_786, left_over: 2 }), "hello\n")]
    #[case("\ntok 0 missing 127\n", Some(Answer::Missing { code: 127 }), "")]
    #[case("\ntok directory\n", Some(Answer::NoDirectory), "")]
    #[case("\ntok 0 error no directory C:\\x\n", Some(Answer::Launcher("no directory C:\\x".into())), "")]
    #[case("\ntok 0 launcher 137\n", Some(Answer::Launcher("Wine ended with status 137".into())), "")]
    #[case("\nother 0 exit 3\n", None, "\nother 0 exit 3\n")]
    #[case("killed", None, "killed")]
    #[case("\ntok 0 exit x\n", None, "\ntok 0 exit x\n")]
    fn the_answer_is_cut_off_the_stream(
        #[case] stream: &str,
        #[case] answer: Option<Answer>,
        #[case] stderr: &str,
    ) {
        let mut collector = Collector::new(1000);
        collector.err(stream.as_bytes());
        assert_eq!(collector.finish("tok"), answer);
        assert_eq!(String::from_utf8(collector.stderr).unwrap(), stderr);
        assert!(!collector.truncated);
    }

    proptest! {
        #[test]
        fn any_stream_in_any_pieces_comes_back(
            bytes in proptest::collection::vec(any::<u8>(), 0..5000),
            piece in 1_usize..700,
            limit in 0_usize..6000,
        ) {
            let mut stream = bytes.clone();
            stream.extend_from_slice(b"\n0123456789abcdef 0 exit 0\n");
            let mut collector = Collector::new(limit);
            for piece in stream.chunks(piece) {
                collector.err(piece);
                collector.out(piece);
            }
            let answer = collector.finish("0123456789abcdef");
            prop_assert_eq!(answer, Some(Answer::Exit { code: 0, left_over: 0 }));
            prop_assert_eq!(&collector.stderr, &bytes[..limit.min(bytes.len())]);
            prop_assert_eq!(&collector.stdout, &stream[..limit.min(stream.len())]);
            prop_assert_eq!(collector.truncated, limit < stream.len());
        }
    }
}

//! The shell scripts that run inside a distribution. POSIX: dash, bash and busybox run them alike.

use crate::driver::Exec;

/// `text` as one word of a shell.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Ends a script with a trailer on standard error: a line end, the token, a word, a line end.
const SAY: &str = r#"say() { printf '\n%s %s\n' "$T" "$1" >&2; exit 0; }"#;

/// A script that ends with a trailer; `body` may call `say WORD`, and says its exit code otherwise.
pub(super) fn with_trailer(token: &str, body: &str) -> String {
    // An umask of the distribution's own would change the modes of all files.
    let token = quoted(token);
    // In a subshell, so that `exit` in the body does not skip the trailer.
    format!("T={token}\n{SAY}\numask 022\n( {body}\n)\nsay $?\n")
}

/// Runs a program with exactly its environment in a session of its own. `ids` is the directory where
/// the session's number is kept while it runs.
pub(super) fn run(token: &str, ids: &str, exec: &Exec) -> String {
    let path = exec.env.get("PATH").map_or("", String::as_str);
    let variables: Vec<_> = exec.env.iter().map(|(k, v)| quoted(&format!("{k}={v}"))).collect();
    let args: Vec<_> = exec.args.iter().map(|a| quoted(a)).collect();
    let (variables, args) = (variables.join(" "), args.join(" "));
    let (token, program, path) = (quoted(token), quoted(&exec.program), quoted(path));
    let (cwd, ids) = (quoted(&exec.cwd), quoted(ids));
    format!(
        r#"T={token}
{SAY}
umask 022
N={program}
L={path}
P=
cd {cwd} 2>/dev/null || say no-directory
case $N in
*/*) [ -e "$N" ] && P=$N ;;
*)
  set -f
  IFS=:
  for d in $L; do
    if [ -f "${{d:-.}}/$N" ] && [ -x "${{d:-.}}/$N" ]; then
      P=${{d:-.}}/$N
      break
    fi
  done
  ;;
esac
[ -n "$P" ] || say not-found
[ -d "$P" ] && say 126
exec 3<&0
setsid env -i {variables} "$P" {args} <&3 3<&- &
p=$!
echo $p >{ids}/"$T"
exec 3<&-
{{ wait $p; c=$?; }} 2>/dev/null
kill -KILL -$p 2>/dev/null
rm -f {ids}/"$T"
say $c
"#
    )
}

/// Kills the session that [`run`] started.
pub(super) fn kill(token: &str, ids: &str) -> String {
    let file = format!("{}/{}", quoted(ids), quoted(token));
    format!("kill -KILL -$(cat {file})\nrm -f {file}\n")
}

/// Removes a directory, with read-only files in it.
pub(super) fn remove(path: &str) -> String {
    let path = quoted(path);
    // Only at the second attempt: changing modes takes as long as removing.
    format!("rm -rf {path} 2>/dev/null || {{ chmod -R u+rwx {path}; rm -rf {path}; }}")
}

#[cfg(test)]
mod tests {
    use super::quoted;
    use rstest::rstest;

    #[rstest]
    #[case("", "''")]
    #[case("a b", "'a b'")]
    #[case("it's", r"'it'\''s'")]
    #[case("$(x)`y`\\\"", "'$(x)`y`\\\"'")]
    fn a_quoted_text_is_one_word_for_the_shell(#[case] text: &str, #[case] want: &str) {
        assert_eq!(quoted(text), want);
    }
}

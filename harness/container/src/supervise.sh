# Runs one program and says at the end of the standard error stream, behind a token that nobody
# else knows, how it ended. Its parent is the engine's init as a child subreaper.
# Arguments: TOKEN STDIN_BYTES|- CWD SPEC_FILE CODE_FILE SPEC NAME PATH COMMAND ARGUMENT...
# NAME is the program that COMMAND (`env`) runs, PATH where that looks for it.
token=$1 stdin=$2 cwd=$3 spec_file=$4 code_file=$5 spec=$6 name=$7 path=$8
shift 8
exec 4>&2 2>/dev/null
echo "$PPID $$" >"/dev/shm/twinproof-$token"
answer() {
  [ -z "$spec_file" ] || rm -f "$spec_file" "$code_file"
  rm -f "/dev/shm/twinproof-$token"
  printf '\n%s %s\n' "$token" "$1" >&4
  exit 0
}
# Whether there is no such program; 126 and 127 alone do not tell, any program may end with them.
missing() (
  case $name in
    */*) [ ! -e "$name" ] && exit 0; exit 1 ;;
  esac
  set -f
  path=$path: IFS=:
  for dir in $path; do
    [ -f "${dir:-.}/$name" ] && [ -x "${dir:-.}/$name" ] && exit 1
  done
  exit 0
)
cd "$cwd" || answer directory
[ -z "$spec_file" ] || printf %s "$spec" >"$spec_file"
# In a subshell, so that what the shell itself says of a program ended by a signal stays out.
if [ "$stdin" = - ]; then
  (exec "$@" </dev/null 2>&4 4>&-)
else
  head -c "$stdin" 4>&- | "$@" 2>&4 4>&-
fi
code=$?
children=
read -r children <"/proc/$PPID/task/$PPID/children"
ended=0
[ "${children% }" = $$ ] || end_tree "$PPID" $$
if [ -n "$code_file" ]; then
  code="launcher $code"
  [ ! -e "$code_file" ] || read -r code <"$code_file"
else
  kind=exit
  case $code in
    126 | 127) if missing; then kind=missing; fi ;;
  esac
  code="$kind $code"
fi
answer "$ended $code"

# Shared by supervise.sh and kill.sh: finding and ending a tree of processes. POSIX sh and its
# built-in commands only, since the image may have nothing else.

# tree ROOT SELF: sets $found to the processes below ROOT (a child subreaper, so that nothing that
# is orphaned escapes) without ROOT and SELF; zombies do not count.
tree() {
  pairs=
  for status in /proc/[0-9]*/status; do
    state= pid= parent=
    while IFS='	: ' read -r key value _; do
      case $key in
        State) state=$value ;;
        Pid) pid=$value ;;
        PPid) parent=$value; break ;;
      esac
    done 2>/dev/null <"$status"
    case $state in Z|X|'') continue ;; esac
    [ -n "$parent" ] && pairs="$pairs $pid:$parent"
  done
  found=" $1 $2 " grew=1
  while [ $grew = 1 ]; do
    grew=0
    for pair in $pairs; do
      case $found in *" ${pair%:*} "*) continue ;; esac
      case $found in *" ${pair#*:} "*) found="$found${pair%:*} " grew=1 ;; esac
    done
  done
  found=${found#" $1 $2 "}
}

# end_tree ROOT SELF: stops everything until nothing new appears, then kills it; $ended counts.
end_tree() {
  ended=0 seen=' '
  while tree "$1" "$2"; [ -n "$found" ]; do
    last=
    while [ "$found" != "$last" ]; do
      last=$found
      kill -STOP $found 2>/dev/null
      tree "$1" "$2"
    done
    for pid in $found; do
      kill -KILL "$pid" 2>/dev/null || continue
      case $seen in *" $pid "*) ;; *) seen="$seen$pid " ended=$((ended + 1)) ;; esac
    done
  done
}

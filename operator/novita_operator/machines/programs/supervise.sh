# supervise FOLDER UMASK: runs the program, waits for it, and writes down how it ended. It is what is seen to be alive.

birth() {
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
  # shellcheck disable=SC2086
  set -- ${line##*) }
  printf '%s\n' "${20}"
}

# What was written is there as a whole, or not at all.
note() {
  printf '%s\n' "$2" >"$dir/$1.new" && mv "$dir/$1.new" "$dir/$1"
}

main() {
  dir=$1
  # Written now, and written over later: the program may fill the disk.
  printf '%-63s\n' "" >"$dir/exit.new"
  note started "$(date +%s)"
  note supervisor "$$ $(birth $$)"
  # In a subshell: dash would write into the output by which signal it ended.
  if command -v setsid >/dev/null 2>&1; then
    (exec setsid /bin/sh "$dir/program" "$dir" "$2" </dev/null >>"$dir/output" 2>&1)
  else
    (exec /bin/sh "$dir/program" "$dir" "$2" </dev/null >>"$dir/output" 2>&1)
  fi
  code=$?
  tries=120
  until { printf 'code %s\nended %s\n' "$code" "$(date +%s)" 1<>"$dir/exit.new"; } 2>/dev/null && mv "$dir/exit.new" "$dir/exit"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || break
    sleep 5
  done
}

main "$@"

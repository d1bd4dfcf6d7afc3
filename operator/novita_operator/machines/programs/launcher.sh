# One verb about one program; everything of it is in one folder, whose making is the lock: whoever makes it starts the
# program, and nobody ever does so again. Read to its end before anything is done, so that half of it does nothing.
# POSIX sh, and of programs: cat date grep mkdir mv sleep tail tr, head and wc for output; setsid where there is one.

say() {
  printf '%s\n' "$*"
}

# When the process of this number was started: a number alone may be another process's by now. Nothing without /proc,
# and nothing of one that has ended and that nobody has taken note of: the first process of a container may never do so.
birth() {
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
  # The name of a program may hold anything, a closing parenthesis, too; field 22 is the 20th behind the last one.
  # shellcheck disable=SC2086
  set -- ${line##*) }
  [ "$1" = Z ] || say "${20}"
}

alive() {
  pid= born=
  { read -r pid born <"$1"; } 2>/dev/null || return 1
  kill -0 "$pid" 2>/dev/null && [ "$(birth "$pid")" = "$born" ]
}

now() {
  date +%s
}

state() {
  if [ ! -d "$dir" ]; then
    say none
  elif [ -f "$dir/exit" ]; then
    say ended
  elif alive "$dir/supervisor"; then
    say running
  elif [ -f "$dir/exit" ]; then # it ended between the two looks
    say ended
  elif [ -f "$dir/supervisor" ]; then
    say lost
  else
    say starting
  fi
}

look() {
  found=$(state)
  say "state $found"
  say "now $(now)"
  if [ -f "$dir/asked" ]; then say "asked $(cat "$dir/asked")"; fi
  if [ -f "$dir/started" ]; then say "started $(cat "$dir/started")"; fi
  if [ "$found" = ended ]; then cat "$dir/exit"; fi
}

start() {
  mkdir -p "${dir%/*}" || exit 1
  if mkdir "$dir" 2>/dev/null; then
    now >"$dir/asked"
    printf '%s' "$program" >"$dir/program"
    printf '%s' "$supervise" >"$dir/supervise"
    say "state starting"
    # A session of its own outlives this one. Not in the background: a shell lets what it starts there ignore SIGINT.
    if command -v setsid >/dev/null 2>&1; then
      exec setsid /bin/sh "$dir/supervise" "$dir" "$mask" >/dev/null 2>&1
    fi
    /bin/sh "$dir/supervise" "$dir" "$mask" >/dev/null 2>&1 &
  else
    look
  fi
}

# Until the program has ended, or so many seconds have passed.
await() {
  left=$1
  while [ "$left" -gt 0 ]; do
    case $(state) in
    running | starting) ;;
    *) break ;;
    esac
    sleep 1
    left=$((left - 1))
  done
}

# To the program and all that it has started, unless these have left its process group.
send() {
  if alive "$dir/pid"; then
    kill -s "$1" -- "-$pid" 2>/dev/null || kill -s "$1" "$pid" 2>/dev/null
  fi
}

end() {
  send TERM
  await "$1"
  if [ "$(state)" = running ]; then
    send KILL
    await 10
  fi
  look
}

# The container's environment. A login has another one; but where it holds the mark of the job, it is the container's.
environ() {
  if holds /proc/1/environ "$1"; then
    say "environment container"
    say ""
    cat /proc/1/environ
  elif holds /proc/self/environ "$1"; then
    say "environment session"
    say ""
    cat /proc/self/environ
  else
    say "environment unknown"
  fi
}

holds() {
  cat "$1" 2>/dev/null | tr '\0' '\n' | grep -qxF "$2"
}

# How many bytes it has printed.
size() {
  say "$(($({ wc -c <"$dir/output"; } 2>/dev/null || say 0)))"
}

# What it has printed from this byte on, or of `-N` its last N lines; with `on` also what it prints until it has ended.
# Each look is told: who listens knows by that that this still runs, and this ends once nobody listens any more.
follow() {
  at=$1
  case $at in -*) at=$(size) && at=$((at - $(head -c "$at" "$dir/output" 2>/dev/null | tail -n "${1#-}" | wc -c))) ;; esac
  say "from $at"
  while :; do
    found=$(state) # before the size: of a program that has ended, nothing is missing then
    end=$(size)
    if [ "$end" -gt "$at" ]; then
      say "bytes $((end - at))"
      tail -c "+$((at + 1))" "$dir/output" | head -c "$((end - at))"
      at=$end
    fi
    say "state $found" || exit 1
    case $2$found in
    onnone | onstarting | onrunning) sleep 1 ;;
    *) break ;;
    esac
  done
}

main() {
  mask=$(umask)
  umask 077
  say "gpu-job 1"
  dir=${HOME:-/root}/.gpu-job/$2
  case $1 in
  look) look ;;
  start) start ;;
  wait) await "$3" && look ;;
  end) end "$3" ;;
  output) say "size $(size)" && say "" && tail -c "$3" "$dir/output" ;;
  follow) say "" && follow "$3" "$4" ;;
  environ) environ "$3" ;;
  esac
}

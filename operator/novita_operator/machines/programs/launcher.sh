# One verb about one program; everything of it is in one folder, whose making is the lock: whoever makes it starts the
# program, and nobody ever does so again. Read to its end before anything is done, so that half of it does nothing.
# POSIX sh, and of programs: cat date grep head ls mkdir mv sed sleep tail tr wc; setsid where there is one.

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

# What it prints, from this byte on, the first being 1, until it has ended. Whether it has is looked at first, so that
# what it printed last is not left out.
follow() {
  at=$1
  while true; do
    found=$(state)
    size=0
    if [ -f "$dir/output" ]; then size=$(wc -c <"$dir/output"); fi
    if [ "$((size))" -ge "$at" ]; then
      tail -c "+$at" "$dir/output" | head -c "$((size - at + 1))" || exit 1 # nobody listens any more
      at=$((size + 1))
    fi
    case $found in
    running | starting) sleep 1 ;;
    *) break ;;
    esac
  done
}

holds() {
  cat "$1" 2>/dev/null | tr '\0' '\n' | grep -qxF "$2"
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
  output) say "" && tail -c "$3" "$dir/output" ;;
  follow) say "" && follow "$3" ;;
  environ) environ "$3" ;;
  esac
}

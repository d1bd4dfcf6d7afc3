# Our block of keys in ~/.ssh/authorized_keys; all other lines stay as they are. POSIX sh, and of programs: cat mkdir
# mv readlink rm; readlink where there is one.

say() {
  printf '%s\n' "$*"
}

begin='# BEGIN novita-operator'
end='# END novita-operator'

# Everything but our block. The number in its first line says how many keys follow: where somebody has removed its last
# line, these alone are ours, and what comes after them is kept.
others() {
  inside='' left=0 doubtful=''
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
    "$begin "*)
      printf '%s' "$doubtful"
      inside=yes doubtful='' left=${line#"$begin "}
      left=${left%%[!0-9]*}
      ;;
    "$end") inside='' doubtful='' ;;
    *)
      if [ -z "$inside" ]; then
        say "$line"
      elif [ "${left:-0}" -gt 0 ]; then
        left=$((left - 1))
      else
        doubtful="$doubtful$line
"
      fi
      ;;
    esac
  done
  printf '%s' "$doubtful"
}

wanted() {
  if [ -f "$file" ]; then others <"$file" || return 1; fi
  if [ "$1" -gt 0 ]; then
    say "$begin $1: keys of the GPUInstance; what is changed in here is written again"
    say "$keys"
    say "$end"
  fi
}

# A new file in place of the old one, so that nobody ever finds half of it, on a disk that is full, too.
replace() {
  target=$(readlink -f "$file" 2>/dev/null)
  target=${target:-$file}
  new=$target.novita
  if [ -d "$target" ]; then return 1; fi # it would be moved into it
  mkdir -p "$folder" && wanted "$1" >"$new" && [ "$(cat "$new" && say x)" = "$2" ] && mv -f "$new" "$target" && return 0
  rm -f "$new"
  return 1
}

main() {
  umask 077
  say "authorized-keys 1"
  folder=${HOME:-/root}/.ssh
  file=$folder/authorized_keys
  now=$(cat "$file" 2>/dev/null; say x)
  then=$(wanted "$1" && say x)
  if [ "$now" = "$then" ]; then
    say "state same"
  elif [ "$then" ] && replace "$1" "$then" 2>/dev/null; then
    say "state written"
  else
    say "state refused"
  fi
}

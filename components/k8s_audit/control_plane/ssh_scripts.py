"""What runs on a host over SSH: POSIX sh and what coreutils or busybox have, and curl for HTTP. No secret is in a script.

A script gets paths and modes as its arguments, and all content on its standard input, with the size among the
arguments: a connection that is cut looks like the input's end.
"""

PRELUDE = """\
set -eu
umask 077
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin"
"""
CUT_INPUT = 75
OTHER_FILESYSTEM = 76
NO_PROGRAM = 127
"""Exit statuses; the last is the shell's own."""

_STAGE = """\
trap 'rm -f -- "$t"' EXIT
trap 'exit 1' HUP INT TERM
flush() { sync "$1" 2>/dev/null || sync; }
cat > "$t"
[ "$(wc -c < "$t")" -eq "$3" ] || exit 75
"""
"""Reads the content to the temporary file `$t`, all `$3` bytes of it."""

READ = 'cat -- "$1"'
"""Arguments: path."""

WRITE = f"""\
folder=${{1%/*}}
t=$(mktemp "$folder/.k8s-audit-XXXXXX")
{_STAGE}
chmod "$2" "$t"
flush "$t"
mv -f -- "$t" "$1"
flush "$folder/"
"""
"""Arguments: path, mode, size of the content."""

REPLACE = f"""\
was=$(stat -L -c '%a %u:%g %d' "$1")
[ "$(stat -L -c %d "$2")" = "${{was##* }}" ] || exit 76
t=$(mktemp "$2/.k8s-audit-XXXXXX")
{_STAGE}
owner=${{was#* }}
owner=${{owner%% *}}
[ "$(stat -c %u:%g "$t")" = "$owner" ] || chown "$owner" "$t"
chmod "${{was%% *}}" "$t"
flush "$t"
mv -f -- "$t" "$1"
flush "${{1%/*}}/"
"""
"""Arguments: path, staging folder, size of the content."""

REMOVE = 'rm -f -- "$1"'
"""Arguments: path."""

MISSING = 'n=0; for f do [ -d "$f" ] || echo "$n"; n=$((n + 1)); done'
"""Arguments: folders. Prints the numbers of those that are not there."""

MAKE = 'mode=$1; shift; for f do [ -d "$f" ] || mkdir -m "$mode" -- "$f"; done'
"""Arguments: mode, folders."""

REMOVE_FOLDER = 'rmdir -- "$1" 2>/dev/null || :'
"""Arguments: path."""

PLACES = """\
for f do
  while [ ! -e "$f" ]; do f=${f%/*}; f=${f:-/}; done
  stat -L -c %d "$f"
  readlink -f "$f"
done
cat /proc/self/mountinfo
"""
"""Arguments: two paths. Prints the device and the real path of each, or of its nearest parent; then all mounts."""

PROCESSES = """\
for d in /proc/[0-9]*; do
  { read -r name < "$d/comm"; } 2>/dev/null || continue
  [ "$name" = "$1" ] || continue
  echo "$2"
  cat "$d/stat" "$d/cmdline" 2>/dev/null || :
done
"""
"""Arguments: the program's name as the kernel cuts it, a separator. Formats: proc_pid_stat(5), proc_pid_cmdline(5)."""

RUN = 'exec "$@" < /dev/null'
"""Arguments: a program and its own."""

READYZ = """\
url=$1 seconds=$2 ca=$3 certificate=$4 key=$5
set --
if [ -n "$certificate" ] && [ -r "$key" ]; then set -- --cert "$certificate" --key "$key"; fi
curl -q -s -o /dev/null -w '%{http_code}' --noproxy '*' --max-time "$seconds" --cacert "$ca" "$@" "$url"
"""
"""Arguments: URL, seconds, paths of the authority, a certificate and its key. Prints the status."""

POST = """\
for d in /dev/shm /tmp; do if [ -d "$d" ] && [ -w "$d" ]; then break; fi; done
d=$(mktemp -d "$d/.k8s-audit-XXXXXX")
trap 'cd /; rm -rf -- "$d"' EXIT
trap 'exit 1' HUP INT TERM
cd "$d"
: > answer
while IFS= read -r name && [ "$name" != body ]; do
  while IFS= read -r line && [ "$line" != "$1" ]; do printf '%s\\n' "$line"; done > "$name"
done
curl -q -K config --data-binary @- -o answer -w '%{http_code} %{redirect_url}\\n' 2> error && status=0 || status=$?
echo "$1$status"
head -c "$2" error
echo "$1"
head -c "$2" answer
"""
"""Arguments: a separator, how many bytes of an answer to print. The input has files (a name, lines, the separator), then
`body` and the body. Prints what curl says; then, each after the separator, its exit status and error, and the answer."""

LOG = """\
IFS=
newest=
for f in $1; do
  [ -f "$f" ] || continue
  if [ -z "$newest" ] || [ "$f" -nt "$newest" ]; then newest=$f; fi
done
if [ -n "$newest" ]; then
  tail -n "$2" -- "$newest"
elif command -v crictl > /dev/null; then
  id=$(crictl ps -a -q --name kube-apiserver | head -n 1)
  [ -z "$id" ] || crictl logs --tail "$2" "$id" 2>&1
fi
"""
"""Arguments: a glob of log files, how many lines to print of the newest; without one, those of the container."""

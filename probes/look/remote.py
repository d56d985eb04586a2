"""The questions we ask a node, as text for its shell.

Pure: values in, shell text out. Plain `sh`; GNU `find` where it is there, a slower portable form where
`find` lacks -printf (busybox, BSD, old systems). What varies is quoted by `shlex`; the shape of the answers
is read back in `listing.py` and `sidecars.py`.
"""

import shlex
from collections.abc import Sequence

# A month of a repo, seen from the root. `*` also matches slashes, so what precedes the category is covered.
MONTH_GLOB = "./*/*/[12][0-9][0-9][0-9]/[01][0-9]"

# Asks `find` for files, sidecars and locks, and counts records on a channel of its own (3) so that no pipe
# can hide how find ended; the answer itself goes straight out (4).
LISTING = r"""LC_ALL=C; export LC_ALL
root={root}
show={show}
now() {{ n=$(date +%s); case $n in ''|*[!0-9]*) n=0 ;; esac; echo "$n"; }}
end() {{ printf 'SCMMON-END %s %s %s %s %s %s\0' {nonce} "$1" "$2" "$3" "$(now)" "$(df -kP . 2>/dev/null | tail -n 1)"; }}
printf 'SCMMON-BEGIN %s %s\0' {nonce} "$(now)"
if [ ! -d "$root" ]; then end no_root 1 0; exit 0; fi
cd -- "$root" || {{ end gnu 1 0; exit 0; }}
limit=
timeout -k 5 9 true 2>/dev/null && limit="timeout -k 5 {seconds}"
if find . -prune -printf '' -fprintf /dev/fd/3 '' 3>/dev/null >/dev/null 2>&1; then form=gnu; else form=portable; fi
list_gnu() {{
$limit find -P . -xdev {prune} \( -name LOCKED -o -path '*/LOCKED/*' \) -printf 'L0\t%T@\t%P\0' -fprintf /dev/fd/3 . {lock_depth} -o -type f \( {names} \) -printf 'F%s\t%T@\t%P\0' -fprintf /dev/fd/3 .
}}
list_portable() {{
$limit find . -xdev {prune} \( -name LOCKED -o -path '*/LOCKED/*' \) -exec sh -c "$show" L {{}} + {lock_depth} -o -type f \( {names} \) -exec sh -c "$show" F {{}} +
}}
exec 4>&1
ended=$( {{ {{ "list_$form" >&4 3>&5; echo $? >&6; }} 5>&1 | wc -c; }} 6>&1 )
set -- $ended
end "$form" "${{1:-1}}" "${{2:-0}}"
"""

# One file at a time, as no portable program prints NUL-separated names with sizes.
SHOW = r"""kind=$0; failed=0
for f do
if v=$(stat -c '%s %Y' -- "$f" 2>/dev/null) || v=$(stat -f '%z %m' -- "$f" 2>/dev/null); then :
elif [ -f "$f" ]; then v="$(wc -c <"$f") "
elif [ -d "$f" ]; then v="0 "
else failed=1; continue; fi
set -- $v
case $kind in L) size=0 ;; *) size=$1 ;; esac
printf '%s%s\t%s\t%s\0' "$kind" "$size" "$2" "${f#./}"
printf . >&3
done
exit $failed"""

# Reads sidecars named on standard input: each line as `name NUL line`, and after each batch how many files
# it held, so that the answer proves that every one of them was asked for. Three lines are one too many.
SIDECARS = r"""LC_ALL=C; export LC_ALL
printf 'SCMMON-BEGIN %s %s\0' {nonce} "$(date +%s)"
cd -- {root} || exit 0
xargs -0 sh -c {read} {nonce}
printf 'SCMMON-END %s\0' {nonce}
"""

READ = r"""if grep -aHZ -m3 -e '' /dev/null >/dev/null 2>&1 || [ $? -eq 1 ]; then grep -aHZ -m3 -e '' -- "$@" </dev/null
else for f do [ -r "$f" ] && printf '%s\0%s\n' "$f" "$(head -c 4096 "$f" | tr '\n' '\r')"; done; fi
printf 'SCMMON-BATCH %s %s\0\n' "$0" "$#"
exit 0"""


def listing_script(
    root: str,
    nonce: str,
    extensions: Sequence[str],
    *,
    months: Sequence[str] | None,
    limit_seconds: int,
) -> str:
    """Return the script that lists a root; `months` (`YYYY/MM`) are all it walks, None means every month."""
    sidecars = [f"{extension}{kind}" for extension in extensions for kind in (".dna", ".sha256")]
    names = " -o ".join(f"-name {shlex.quote('*' + end)}" for end in [*extensions, *sidecars])
    return LISTING.format(
        root=shlex.quote(root),
        nonce=shlex.quote(nonce),
        seconds=int(limit_seconds),
        prune=_prune(months),
        names=names,
        show=shlex.quote(SHOW),
        # What lies deeper below a LOCKED directory does not matter.
        lock_depth="-path '*/LOCKED/*' -prune",
    )


def _prune(months: Sequence[str] | None) -> str:
    """Return find's words that keep it out of what need not be walked.

    `lost+found` belongs to root on most file systems and would make every look partial.
    """
    skipped = "-path ./lost+found -prune -o"
    if months is None:
        return skipped
    wanted = " ".join(f"! -path {shlex.quote('./*/*/' + month)}" for month in months)
    return f"{skipped} -type d -path '{MONTH_GLOB}' {wanted} -prune -o"


def sidecar_script(root: str, nonce: str) -> str:
    """Return the script that reads the sidecars named, NUL-separated, on its standard input."""
    return SIDECARS.format(root=shlex.quote(root), nonce=shlex.quote(nonce), read=shlex.quote(READ))


def as_command(script: str) -> str:
    """Return one line for an SSH server's login shell that hands a script to plain `sh`."""
    return f"exec /bin/sh -c {shlex.quote(script)}"

#!/usr/bin/env bash
# Makes .venv with the Python given as argument, or says in one message what is missing.
set -eu
python=${1:-}
[ -x .venv/bin/python ] && .venv/bin/python -c 'import pip' 2>/dev/null && exit 0
if [ -z "$python" ] || ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "scmmon needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11 …" >&2
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then  # Debian has them in a package of their own
  "$(dirname "$0")/system-programs.sh" python3-venv
fi
"$python" -m venv .venv

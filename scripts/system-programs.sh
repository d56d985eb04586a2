#!/usr/bin/env bash
# Installs the system programs named as arguments where they are missing: with apt when root; else it names
# them in one message. Never fails: whoever needs one of them says so itself.
set -u
PATH=$PATH:/usr/sbin:/sbin

package_of() {
  case $1 in
    sshd) echo openssh-server ;;
    ssh) echo openssh-client ;;
    svnadmin) echo subversion ;;
    *) echo "$1" ;;
  esac
}

packages=()
for program in "$@"; do
  command -v "$program" >/dev/null || packages+=("$(package_of "$program")")
done
[ ${#packages[@]} -gt 0 ] || exit 0

ask="apt-get install ${packages[*]}"
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "Missing system programs; what needs them is left out. As root: $ask" >&2
  exit 0
fi
echo "Installing system programs: ${packages[*]}"
# We start our own servers on loopback; the distribution's are not to start by being installed.
if [ ! -e /usr/sbin/policy-rc.d ]; then
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
fi
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get -qq update && apt-get -qq install -y --no-install-recommends "${packages[@]}" >/dev/null; }; then
  echo "Could not install them; what needs them is left out. Try: $ask" >&2
fi
exit 0

#!/usr/bin/env bash
# Makes a folder with a whole Debian in it that has a real libcamera with its virtual camera, a compiler and Node, as a Raspberry Pi has them:
#
#   scripts/libcamera-root.sh FOLDER
#
# For the tests of source-libcamera, on a Debian machine, as root; about 90 s and 700 MB. A folder that is whole already is left as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
root=${1:?"usage: $0 FOLDER"}
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

# Raised when what is in the folder changes.
stamp="$root/.streamer-root-1"
if [[ -e $stamp ]]; then exit 0; fi

command -v debootstrap >/dev/null || {
  apt-get update -q
  apt-get install -y -q --no-install-recommends debootstrap >/dev/null
}

# Wherever this machine gets its packages from.
mirror() {
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed -nE 's/^deb (\[[^]]*\] )?([^ ]+) .*/\2/p'
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -nE 's/^URIs: *([^ ]+).*/\1/p'; } | grep -E '/debian/?$' | head -n 1
}
from=$(mirror)
[[ -n $from ]] || { echo "$0: no Debian mirror in the sources of apt" >&2; exit 1; }

rm -rf "$root"
mkdir -p "$root"
echo "Making a Debian with libcamera in $root"
# libcamera of trixie itself leaves sequences and timestamps of the virtual camera unset; that of its backports does not.
debootstrap --variant=minbase --include=ca-certificates trixie "$root" "$from" >"$root.log" 2>&1 || { tail "$root.log" >&2; exit 1; }
echo "deb $from trixie-backports main" >"$root/etc/apt/sources.list.d/backports.list"
{
  chroot "$root" apt-get update -q
  chroot "$root" apt-get install -y -q --no-install-recommends -t trixie-backports libcamera-dev libcamera-ipa
  chroot "$root" apt-get install -y -q --no-install-recommends g++ pkg-config libjpeg-dev libturbojpeg0-dev libjpeg-turbo-progs nodejs
  chroot "$root" apt-get clean
} >>"$root.log" 2>&1 || { tail "$root.log" >&2; exit 1; }
mkdir -p "$root/usr/share/libcamera/pipeline/virtual" "$root/srv/frames"
cp test/libcamera/virtual.yaml "$root/usr/share/libcamera/pipeline/virtual/"
rm -f "$root.log"
touch "$stamp"

#!/bin/sh
# Shares the programs of one folder with everybody, read-only, by a bind mount (Linux, as root).
#
#   share-gobin.sh SOURCE TARGET
#
# Programs are installed with GOBIN=SOURCE, by whoever may write there; PATH has TARGET. What is put into
# SOURCE shows in TARGET at once: nothing has to be mounted again. Running it twice changes nothing.
# To undo it: umount TARGET.
set -eu

if [ $# -ne 2 ]; then
    echo "usage: share-gobin.sh SOURCE TARGET" >&2
    exit 2
fi
mkdir -p -- "$1" "$2"
# A mount follows symbolic links: mount where they lead, and show that place.
source=$(readlink -f -- "$1")
target=$(readlink -f -- "$2")
if [ -e "$target/go" ] && [ "$target" != "$source" ]; then
    echo "$target holds go itself, which a mount would hide: take another folder" >&2
    exit 2
fi
if ! mountpoint -q -- "$target"; then
    mount --bind -- "$source" "$target"
fi
# One call cannot make a bind mount read-only: it takes a second one.
mount -o remount,bind,ro -- "$target"
echo "$target shows $source, read-only"

#!/bin/sh
# Compares the files of this folder with those in lmfit's source distribution.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
pip download --quiet --no-deps --no-binary :all: lmfit==1.3.4
tar xzf lmfit-1.3.4.tar.gz
for file in "$here"/*.dat; do
    cmp "$file" "lmfit-1.3.4/NIST_STRD/$(basename "$file")"
done
echo "the same: $(ls "$here"/*.dat | wc -l) files"

#!/usr/bin/env bash
# Builds `twinproof` from the commit that the action was checked out at, and gives its path as the
# output `program`. The variable INPUT_PROFILE is the action's input `profile`.
set -euo pipefail

root="$(cd "$GITHUB_ACTION_PATH/../.." && pwd)"
rust="$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$root/Cargo.toml")"

rustup toolchain install "$rust" --profile minimal
# The target folder is named here because a workflow may have set CARGO_TARGET_DIR for its own builds.
cargo "+$rust" build --locked --package twinproof --profile "$INPUT_PROFILE" \
    --manifest-path "$root/Cargo.toml" --target-dir "$root/target"

# Cargo's profile `dev` writes to a folder of another name.
folder="$INPUT_PROFILE"
if [ "$folder" = dev ]; then folder=debug; fi
echo "program=$root/target/$folder/twinproof" >> "$GITHUB_OUTPUT"

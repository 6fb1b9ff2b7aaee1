#!/usr/bin/env bash
# Runs `twinproof conformance` with the action's inputs, which come in variables INPUT_NAME, writes the
# job summary and the action's outputs, and exits as the program did.
#
# `set -e` is left out: the outputs and the summary are wanted most when the run fails.
set -uo pipefail

args=(conformance --out "$INPUT_OUT")

# Adds an option with a value, unless the value is empty.
option() {
    if [ -n "$2" ]; then args+=("$1" "$2"); fi
}

option --suites "$INPUT_SUITES"
option --golden "$INPUT_GOLDEN"
option --suite "$INPUT_SUITE"
option --env "$INPUT_ENV"
option --require "$INPUT_REQUIRE"
# Values from a workflow file on Windows may end in a carriage return.
while IFS= read -r line; do option --subject "${line%$'\r'}"; done <<< "$INPUT_SUBJECT"
if [ "$INPUT_CONTROLS" = true ]; then args+=(--controls); fi
while IFS= read -r line; do
    line="${line%$'\r'}"
    if [ -n "$line" ]; then args+=("$line"); fi
done <<< "$INPUT_ARGUMENTS"

# A report of an earlier run in the same folder must not pass for this one's.
rm -f "$INPUT_OUT"/{report.html,results.json,results.sarif,summary.md}

"$INPUT_PROGRAM" "${args[@]}"
code=$?

case $code in
    0) verdict=conformant ;;
    1) verdict=not-conformant ;;
    2) verdict=unknown ;;
    254) verdict=invalid ;;
    *) verdict=broken ;;
esac

# The path of a file of the report, or nothing where the run ended before it was written.
written() {
    if [ -f "$INPUT_OUT/$1" ]; then echo "$INPUT_OUT/$1"; fi
}

{
    echo "verdict=$verdict"
    echo "exit-code=$code"
    echo "report=$(written report.html)"
    echo "results=$(written results.json)"
    echo "sarif=$(written results.sarif)"
} >> "$GITHUB_OUTPUT"

if [ -f "$INPUT_OUT/summary.md" ]; then
    cat "$INPUT_OUT/summary.md" >> "$GITHUB_STEP_SUMMARY"
else
    echo "Twinproof wrote no report: $verdict (exit code $code). The log of this step says why." \
        >> "$GITHUB_STEP_SUMMARY"
fi
exit "$code"

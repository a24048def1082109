# shellcheck shell=bash
# Sourced by the other scripts here: goes to the top of the repository, and says what a check found in one line.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# ok NAME [WORDS…]
ok() {
    local name=$1
    shift
    printf 'ok    %s%s\n' "$name" "${*:+: $*}"
}

# FAIL NAME WORDS… ends the script.
FAIL() {
    failed "$@"
    exit 1
}

# failed NAME WORDS… goes on, so that further faults are seen too.
failed() {
    local name=$1
    shift
    printf 'FAIL  %s: %s\n' "$name" "$*" >&2
}

# quietly NAME COMMAND… shows the command's output only when it fails. The log is left in .build/log/NAME.
quietly() {
    local name=$1 log=.build/log/$1
    shift
    mkdir -p .build/log
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        failed "$name" "$* failed; its output is above"
        return 1
    fi
}

# files PATTERN…: our own files by name, wherever they are.
files() {
    local names=()
    for pattern in "$@"; do names+=(-o -name "$pattern"); done
    find . \( -name '.build*' -o -name .venv -o -name .git -o -name node_modules \) -prune -o -type f \( "${names[@]:1}" \) -print | sed 's,^\./,,' | sort
}

# each COMMAND…: runs it with each line of the input as its last word.
each() { while IFS= read -r file; do "$@" "$file"; done; }

# The head of each Swift file. Package.swift must begin with the tools version instead.
licence='// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0'

# unlicensed FILE: its name when the head is missing.
unlicensed() {
    [ "$(head -n 2 "$1")" = "$licence" ] || echo "$1"
}

swift_sources() { files '*.swift' | { grep -vE '(^|/)Package\.swift$' || true; }; }

# pytest_lanes NAME: runs pytest once for each line of the input, which holds its arguments. All run at the same time, for most tests wait more than
# they work, and each but the first in a network of its own: ports that one lets go of for a moment are not taken by another. Where that is not
# permitted, one after the other. What failed is shown. Leaves the number of tests that passed in .build/totals/NAME.
pytest_lanes() {
    local name=$1 lane=0 sum=0 bad=0 passed line
    local pids=() network=(unshare --net sh -c 'ip link set lo up && exec "$@"' lane)
    "${network[@]}" true 2>/dev/null || network=()
    mkdir -p .build/totals .build/log
    rm -f ".build/totals/$name"
    while IFS= read -r line; do
        lane=$((lane + 1))
        local run=(.venv/bin/python -m pytest -q -p no:cacheprovider)
        [ $lane = 1 ] || run=("${network[@]}" "${run[@]}")
        # shellcheck disable=SC2086 # words, by intention
        "${run[@]}" $line </dev/null >".build/log/$name-$lane" 2>&1 &
        pids+=($!)
        [ ${#network[@]} -gt 0 ] || wait $! || true
    done
    for lane in "${!pids[@]}"; do
        local log=.build/log/$name-$((lane + 1))
        wait "${pids[$lane]}" || { bad=1 && cat "$log" >&2; }
        # pytest ends with "41 passed, 1 skipped in 12.3s".
        passed=$(tail -n 3 "$log" | sed -nE 's/.*\b([0-9]+) passed.*/\1/p' | tail -n 1)
        [ "${passed:-0}" -gt 0 ] || { bad=1 && failed "$name" "no test passed in lane $((lane + 1))"; }
        sum=$((sum + ${passed:-0}))
        echo "..    $name $((lane + 1)): $(tail -n 1 "$log")"
    done
    [ $bad = 0 ] || FAIL "$name" "see above"
    echo "$sum" >".build/totals/$name"
    ok "$name" "$sum passed"
}

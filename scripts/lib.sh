# shellcheck shell=bash
# Functions that the scripts of this folder share. Sourced, not run.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# Everything downloaded or built by the scripts; not in git.
# shellcheck disable=SC2034 # used by the scripts
dev=$repo/.dev

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $*"
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# The comment at the top of the calling script is its help text.
print_help() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p;}' "$repo/scripts/${0##*/}"; }

usage_error() {
    say "error: $*"
    say "Try: $0 --help"
    exit 2
}

# as_deployed COMMAND...: has Cargo compile our crate as one unit, which is smaller than what several processors compile side by
# side, and takes twice as long.
as_deployed() { CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 "$@"; }

# build_functions: the release, as `sam build` has it made, for this machine's processor. One build for the demo of
# `make test` and for the deployment: without it the release would be compiled twice.
build_functions() {
    local flags=()
    case $(uname -m) in aarch64 | arm64) flags=(--arm64) ;; esac
    as_deployed cargo lambda build --release --locked ${flags[@]+"${flags[@]}"}
}

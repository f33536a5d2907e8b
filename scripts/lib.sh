# shellcheck shell=bash
# Functions that the scripts of this folder share. Sourced, not run.
# Kept to what bash 3.2 knows, so that the scripts also run on macOS.

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
print_help() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p;}' "$0"; }

usage_error() {
    say "error: $*"
    say "Try: $0 --help"
    exit 2
}

# absolute DIR: its physical path; DIR must exist.
absolute() { (cd "$1" && pwd -P); }

# lock FD FILE: waits for the lock and holds it until FD is closed. The lock
# belongs to the open file, so a helper process can take it for this shell.
lock() {
    eval "exec $1>>\"\$2\""
    if have flock; then
        flock "$1"
    else
        perl -MFcntl=:flock -e 'open F, ">&=", shift or die $!; flock F, LOCK_EX or die $!' "$1"
    fi
}

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A random one below the range that systems give to outgoing connections. Not
# reserved: whoever starts a server on it must be ready to try another.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        port_taken "$port" || break
    done
    echo "$port"
}

# detach LOG COMMAND...: runs it in a session of its own, so that neither
# Ctrl-C nor the end of this script reaches it. Sets detached_pid.
detach() {
    local log=$1 session=(setsid)
    shift
    have setsid || session=(perl -MPOSIX -e 'setsid; exec @ARGV or die $!')
    # Without 8 and 9, or the server would hold the locks of this script.
    "${session[@]}" "$@" </dev/null >>"$log" 2>&1 8>&- 9>&- &
    # shellcheck disable=SC2034 # used by the scripts
    detached_pid=$!
    disown # or the shell would report its end
}

# birth PID: when it was started; nothing if it is gone (or a zombie).
# With it a PID that was given to another process later is recognised.
birth() {
    local stat
    if [ -r /proc/self/stat ]; then
        stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
        # After the name in parentheses: the state, then 18 other fields.
        awk '$1 != "Z" { print $20 }' <<<"${stat##*) }"
    else
        ps -o stat=,lstart= -p "$1" 2>/dev/null | awk '$1 !~ /Z/ { $1 = ""; sub(/^ +/, ""); print }'
    fi
}

# A server's folder has its PID and birth in the file pid.
remember_process() { printf '%s %s\n' "$2" "$(birth "$2")" >"$1/pid"; }

# running DIR: succeeds and sets running_pid if its server is alive.
running() {
    local born
    [ -s "$1/pid" ] || return 1
    read -r running_pid born <"$1/pid" || return 1
    [ -n "$born" ] && [ "$(birth "$running_pid")" = "$born" ]
}

# end_process DIR SIGNAL SECONDS: signals DIR's server if it is alive, and
# waits until it is gone.
end_process() {
    local deadline=$((SECONDS + $3))
    if running "$1"; then
        kill "-$2" "$running_pid" 2>/dev/null || true
        while running "$1"; do
            [ "$SECONDS" -lt "$deadline" ] || die "process $running_pid ($1) did not end within $3 s"
            sleep 0.05
        done
    fi
    rm -f "$1/pid"
}

# build_functions: the release, as `sam build` has it made, for this machine's processor. One build for the demo and
# for the deployment: without it the release would be compiled twice.
build_functions() {
    local flags=()
    case $(uname -m) in aarch64 | arm64) flags=(--arm64) ;; esac
    cargo lambda build --release --locked ${flags[@]+"${flags[@]}"}
}

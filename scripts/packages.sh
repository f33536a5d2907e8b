# shellcheck shell=bash
# Programs from Debian's or Ubuntu's packages, downloaded and unpacked without being installed. Sourced after
# lib.sh, not run. The mirror is the one that apt is set up with; ROWSCORE_APT_MIRROR names another.
#
# Callers set ID and VERSION_CODENAME as /etc/os-release has them, and components.

# Mirrors of this system's own distribution, from apt's settings (asked so that
# it works before the first "apt-get update", too). Other repositories can look
# alike; the signature check sorts them out.
mirrors() {
    local work=$1
    if [ -n "${ROWSCORE_APT_MIRROR:-}" ]; then
        echo "$ROWSCORE_APT_MIRROR"
    else
        apt-get -o Dir::State::lists="$work/lists" update --print-uris 2>>"$work/log" |
            sed -n "s|^'\\(.*\\)/dists/\\([^/]*\\)/InRelease'.*|\\2 \\1|p" |
            awk -v codename="${VERSION_CODENAME:-sid}" '
                ($1 == codename || $1 ~ /^(stable|testing|unstable|sid)$/) && !seen[$2]++ { print $2 }'
    fi
}

# private_apt WORK MIRROR SUITE: sets up apt below WORK for one suite, with no
# trace of the system's packages: an empty status makes it fetch libc, too.
private_apt() {
    local work=$1 keyring=/usr/share/keyrings/$ID-archive-keyring.gpg
    : >"$work/status"
    # shellcheck disable=SC2154 # the caller's
    echo "deb [signed-by=$keyring targets=Packages] $2 $3 $components" >"$work/sources.list"
    # The hooks are cleared since they act on the system's apt, mostly as root.
    cat >"$work/apt.conf" <<CONF
Dir::State "$work";
Dir::State::lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Update::Error-Mode "any";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
}

# read_package_lists KIND WORK MIRROR SUITE: what can be downloaded.
read_package_lists() {
    private_apt "$2" "$3" "$4"
    say "$1: reading the package list of $ID $4 ..."
    apt-get -c "$2/apt.conf" -q update >>"$2/log" 2>&1
}

# download_packages KIND WORK SUITE PACKAGE...: gets the first package there is,
# with its dependencies, into WORK/cache/archives.
download_packages() {
    local kind=$1 work=$2 suite=$3 mirror package bytes mirror_seen=no
    shift 3
    while read -r mirror; do
        mirror_seen=yes
        read_package_lists "$kind" "$work" "$mirror" "$suite" || continue
        for package in "$@"; do
            bytes=$(apt-get -c "$work/apt.conf" --print-uris -y install "$package" 2>>"$work/log" |
                awk '/^'\''/ { sum += $3 } END { print int(sum / 1000000) }') || continue
            say "$kind: downloading $package with its libraries, $bytes MB ..."
            apt-get -c "$work/apt.conf" -q -y --download-only install "$package" >>"$work/log" 2>&1 &&
                return
        done
    done < <(mirrors "$work")
    [ "$mirror_seen" = yes ] || echo "No $ID mirror in apt's settings; ROWSCORE_APT_MIRROR can name one." >>"$work/log"
    return 1
}

# prepare_download WORK: an empty folder for private_apt.
prepare_download() {
    rm -rf "$1"
    mkdir -p "$1/lists/partial" "$1/cache/archives/partial"
    : >"$1/log"
}

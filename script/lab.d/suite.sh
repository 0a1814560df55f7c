# shellcheck shell=sh disable=SC2154
# Suites: pristine root file systems, and the layers over them that are built once.

readonly essentials=systemd,systemd-sysv,dbus,containerd,runc,busybox-static,python3,procps,ca-certificates,iproute2,iptables,kmod
# A suite may lack some of these (docker-cli is a package of its own only since trixie): it is named, not fatal.
readonly wanted='crun criu python3-venv python3-pip containernetworking-plugins docker.io docker-cli skopeo strace psmisc util-linux-extra bsdutils socat'
# Part of every root's name: a change of what a root holds makes new ones and leaves running machines theirs.
recipe=$(printf '%s\n' 2 "$essentials" "$wanted" | cat - "$parts/busybox_image.py" | sha256sum | cut -c1-8)
readonly recipe
export wanted

root_of() { printf '%s/roots/%s-%s\n' "$lab" "$1" "$recipe"; }
suite_is_built() { [ -f "$(root_of "$1")/.lab-packages" ]; }

check_suite() {
    case $1 in
        bookworm | trixie | sid) ;;
        *) die "no suite '$1'; there are bookworm, trixie and sid" ;;
    esac
}

# locked NAME COMMAND...: one process at a time, over all checkouts of this host.
locked() (
    exec 9>"$lab/lock/$1"
    flock 9
    shift
    "$@"
)

# ensure_tool COMMAND PACKAGE...: install the packages when the command is missing.
ensure_tool() {
    command -v "$1" >/dev/null && return
    shift
    command -v apt-get >/dev/null || unavailable "needs $* (no apt-get here to install them)"
    say "installing $*"
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; } >"$lab/apt.log" 2>&1 </dev/null ||
        unavailable "cannot install $*, see $lab/apt.log"
}

mirror() {
    if [ -n "${SHIM_LAB_MIRROR:-}" ]; then
        printf '%s\n' "$SHIM_LAB_MIRROR"
        return
    fi
    # Both forms of apt's sources; others than Debian's own archive may be listed too.
    cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
        awk '/^(URIs:|deb )/ { for (i = 2; i <= NF; i++) if ($i ~ /^[a-z+]*:\/\/.*\/debian\/?$/) { print $i; exit } }'
}

cmd_build() {
    vm=
    if [ "${1:-}" = --vm ]; then
        vm=yes
        shift
    fi
    [ $# -gt 0 ] || die "build which suite? bookworm, trixie or sid"
    for suite in "$@"; do check_suite "$suite"; done
    for suite in "$@"; do
        locked "root-$suite" build_root "$suite"
        locked "wheels-$suite" build_python_layer "$suite"
        [ -z "$vm" ] || build_image "$suite"
    done
}

build_root() {
    suite=$1
    root=$(root_of "$suite")
    if suite_is_built "$suite"; then return; fi
    ensure_tool debootstrap debootstrap
    ensure_tool systemd-nspawn systemd-container
    source=$(mirror)
    [ -n "$source" ] || unavailable "no Debian mirror in the apt sources; name one in SHIM_LAB_MIRROR"
    log=$lab/build-$suite.log
    say "building $suite (one to two minutes; log: $log)"
    part=$root.part
    mkdir -p "$lab/roots" "$lab/debs/$suite"
    rm -rf --one-file-system "$part"
    debootstrap --variant=minbase --cache-dir="$lab/debs/$suite" --include="$essentials" "$suite" "$part" "$source" >"$log" 2>&1 </dev/null ||
        unavailable "debootstrap of $suite failed: $(tail -n 1 "$log")"
    in_new_root "$part" '' add_wanted "$suite" >>"$log" 2>&1 || die "$suite could not be completed, see $log"
    in_new_root "$part" '' make_busybox_image >>"$log" 2>&1 || die "$suite has no container image, see $log"
    settle_root "$part"
    mv "$part" "$root"
    say "$suite is built, $(du -smx "$root" | cut -f1) MB;$(cat "$root/.lab-lacking")"
}

# in_new_root LOWER UPPER COMMAND...: call COMMAND with $target set to a root that can be chrooted
# into, and everything mounted in a mount namespace of its own, so that nothing stays mounted
# whatever happens. LOWER alone is changed in place; with UPPER it is an overlay over LOWER.
in_new_root() {
    lower=$1 upper=$2
    shift 2
    lab=$lab repo=$repo parts=$parts lower=$lower upper=$upper unshare --mount --propagation private \
        sh -eu "$parts/in-root" "$@" </dev/null
}

# Services of the root are started by whoever wants them, not by the boot.
settle_root() {
    for unit in containerd.service docker.service docker.socket; do
        chroot "$1" systemctl disable "$unit" >/dev/null 2>&1 || :
    done
    chroot "$1" systemctl mask systemd-networkd-wait-online.service systemd-resolved.service >/dev/null 2>&1 || :
    mkdir -p "$1/etc/systemd/journald.conf.d" "$1/src"
    printf '[Journal]\nStorage=volatile\nRateLimitBurst=0\n' >"$1/etc/systemd/journald.conf.d/lab.conf"
    # shellcheck disable=SC2086
    chroot "$1" dpkg-query -W -f '${Package} ${Version}\n' systemd containerd runc python3 $wanted 2>/dev/null |
        awk 'NF == 2' >"$1/.lab-packages"
}

# make_layer FOLDER LOWER COMMAND...: an overlay layer over LOWER, complete or not there at all.
make_layer() {
    layer=$1 below=$2
    shift 2
    [ ! -d "$layer" ] || return 0
    rm -rf "$layer.part"
    mkdir -p "$layer.part"
    in_new_root "$below" "$layer.part" "$@" >"$layer.log" 2>&1 || {
        tail -n 3 "$layer.log" >&2
        return 1
    }
    mv "$layer.part" "$layer"
}

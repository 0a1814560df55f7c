# shellcheck shell=sh disable=SC2154
# Machines: copy-on-write layers over a suite, booted with systemd-nspawn.
#
# $lab/machines/NAME holds: suite, upper/ and work/ (the layer), containerd/ and docker/ (an overlay
# cannot be the upper directory of another, and containerd's snapshotter makes overlays), share/
# (seen as /lab/share inside), and while it is up: leader, nspawn.

prefixed() { printf '%s%s\n' "${SHIM_LAB_PREFIX:-}" "$1"; }
machine_of() { printf '%s/machines/%s\n' "$lab" "$(prefixed "$1")"; }

# Ids are reused, so a process is known by its id and its start time (proc_pid_stat(5), field 22).
process_mark() { sed 's/^[0-9]* (.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# recorded_process FILE: the process id that the file holds, if that process still lives.
recorded_process() (
    [ -f "$1" ] && read -r pid mark <"$1" &&
        [ -n "$mark" ] && [ "$(process_mark "$pid")" = "$mark" ] && printf '%s\n' "$pid"
)
record_process() { printf '%s %s\n' "$1" "$(process_mark "$1")" >"$2"; }

leader_of() { recorded_process "$(machine_of "$1")/leader"; }

cmd_leader() { leader_of "${1:?which machine?}" || die "$1 is not up"; }

# inside NAME COMMAND...: run it in all of the machine's namespaces, with a clean environment.
inside() (
    pid=$(leader_of "$1") || die "$1 is not up; boot it first"
    shift
    exec nsenter -t "$pid" -a env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" "$@"
)

cmd_run() {
    machine=${1:?which machine?}
    shift
    [ "${1:-}" != -- ] || shift
    [ $# -gt 0 ] || die "run what? script/lab run $machine -- COMMAND"
    case $#$1 in
        1*' '*) inside "$machine" sh -c "$1" ;;
        *) inside "$machine" "$@" ;;
    esac
}

cmd_clone() {
    suite=${1:?which suite?} name=${2:?which name?}
    check_suite "${suite%-v1}"
    [ "$suite" != sid-v1 ] || die "systemd 258 and later have no cgroup v1"
    suite_is_built "${suite%-v1}" || die "${suite%-v1} is not built yet: script/lab build ${suite%-v1}"
    machine=$(machine_of "$name")
    [ ! -d "$machine" ] || die "there is a machine $name already; script/lab remove $name"
    mkdir -p "$machine/share"
    printf '%s\n' "$suite" >"$machine/suite"
    readlink -f "$(root_of "${suite%-v1}")" >"$machine/root"
    [ -z "${SHIM_LAB_OWNER:-}" ] || record_process "$SHIM_LAB_OWNER" "$machine/owner"
}

cmd_boot() {
    name=${1:?which machine?}
    machine=$(machine_of "$name")
    case $name in
        bookworm | trixie | sid | bookworm-v1 | trixie-v1) [ -d "$machine" ] || cmd_clone "$name" "$name" ;;
    esac
    [ -d "$machine" ] || die "no machine $name; script/lab clone SUITE $name"
    # Not locked() itself: the machine must not inherit the lock.
    locked "boot-$(prefixed "$name")" boot_machine "$name"
}

boot_machine() {
    name=$1
    machine=$(machine_of "$name")
    if leader_of "$name" >/dev/null; then
        say "$name is up already"
        return
    fi
    ensure_tool systemd-nspawn systemd-container
    suite=$(cat "$machine/suite")
    root=$(cat "$machine/root")
    # With the project's dependencies where they have been prepared (build does).
    if layer=$(python_layer_of "${suite%-v1}") && [ -d "$layer" ]; then root=$layer:$root; fi
    # What it saw as lower when it was first booted stays its lower: an overlay's layers may not be exchanged.
    [ -f "$machine/lower" ] || printf '%s\n' "$root" >"$machine/lower"

    hierarchy=1 arguments=''
    case $suite in
        bookworm*) hierarchy=0 ;; # 252 takes the host's v1 controllers as they are
        *-v1)                     # 257 has to be told twice (systemd NEWS, v256)
            hierarchy=0
            arguments='systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1'
            ;;
    esac
    make_cgroups "$name" >"$machine/cgroups"
    # shellcheck disable=SC2086
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=$hierarchy setsid unshare --mount --propagation private \
        sh -eu "$parts/boot" "$machine" "$repo" "lab-$(prefixed "$name")" $arguments \
        >"$machine/boot.log" 2>&1 </dev/null 9>&- &
    await_systemd "$name" $!
    if [ $hierarchy = 0 ]; then writable_controllers "$name"; fi
    inside "$name" ip link set lo up
    start_containerd "$name"
    say "$name is up ($suite, systemd $(inside "$name" systemctl --version | awk 'NR == 1 { print $2 }'))"
}

# The root of a version 2 tree, or this process's own place in a version 1 tree.
cgroup_places() {
    while IFS=: read -r _ controllers path; do
        case $controllers in
            '') for tree in /sys/fs/cgroup /sys/fs/cgroup/unified; do
                [ ! -f "$tree/cgroup.controllers" ] || printf '%s\n' "$tree"
            done ;;
            *)
                tree=/sys/fs/cgroup/${controllers#name=}
                [ ! -f "$tree$path/cgroup.procs" ] || printf '%s\n' "$tree${path%/}"
                ;;
        esac
    done </proc/self/cgroup
}

# A cgroup for each machine in each tree, the root of its cgroup namespace. Without, machines that are up at
# one time share /system.slice/containerd.service and the cgroups of containers, and disturb each other.
make_cgroups() {
    cgroup_places | while read -r place; do
        group=$place/lab-$(prefixed "$1")
        mkdir -p "$group" || continue
        # A new cpuset is empty, and an empty one takes no process.
        for setting in cpuset.cpus cpuset.mems; do
            if [ -f "$group/$setting" ] && [ -z "$(cat "$group/$setting")" ]; then cat "$place/$setting" >"$group/$setting"; fi
        done
        printf '%s\n' "$group"
    done
}

remove_cgroups() {
    [ -f "$1/cgroups" ] || return 0
    while read -r group; do
        [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || :
    done <"$1/cgroups"
}

# await_systemd NAME JOB: until the system inside has booted, at most about a minute.
await_systemd() {
    machine=$(machine_of "$1")
    tries=0
    while :; do
        kill -0 "$2" 2>/dev/null || die "$1 did not boot: $(tail -n 3 "$machine/boot.log")"
        child=$(cat "/proc/$2/task/$2/children" 2>/dev/null || :)
        for child in $child; do
            [ "$(cat "/proc/$child/comm" 2>/dev/null)" != systemd ] || break 2
        done
        tries=$((tries + 1))
        [ $tries -lt 300 ] || die "$1 did not boot in 30 seconds, see $machine/boot.log"
        sleep 0.1
    done
    record_process "$child" "$machine/leader"
    record_process "$2" "$machine/nspawn"
    tries=0
    # It answers once D-Bus does, and then waits by itself for the end of the boot.
    until inside "$1" timeout 60 systemctl is-system-running --wait 2>/dev/null | grep -qE 'running|degraded'; do
        tries=$((tries + 1))
        [ $tries -lt 150 ] || die "$1: systemd does not come up, see $machine/boot.log"
        sleep 0.1
    done
}

# nspawn mounts version 1 controllers read-only; the mount is the machine's own, so it may.
writable_controllers() {
    inside "$1" sh -c 'for tree in /sys/fs/cgroup/* /sys/fs/cgroup; do
        [ -L "$tree" ] || ! mountpoint -q "$tree" || mount -o remount,bind,rw "$tree"
    done'
}

start_containerd() {
    # shellcheck disable=SC2016
    inside "$1" sh -euc '
        systemctl start containerd
        for namespace in default k8s.io; do
            ctr -n $namespace image ls -q | grep -q busybox ||
                ctr -n $namespace image import /usr/local/lib/lab/busybox.tar >/dev/null
        done' || die "$1: containerd does not start: script/lab run $1 -- journalctl -u containerd"
}

cmd_off() { for name in "$@"; do switch_off "$name"; done; }

switch_off() {
    machine=$(machine_of "$1")
    pid=$(recorded_process "$machine/nspawn") || { say "$1 is not up"; remove_cgroups "$machine"; return; }
    inside "$1" systemctl poweroff --no-block >/dev/null 2>&1 || :
    # nspawn goes last; killed, it takes everything inside along.
    timeout 30 tail --pid="$pid" -s 0.1 -f /dev/null || {
        kill -KILL "$pid" 2>/dev/null || :
        timeout 10 tail --pid="$pid" -s 0.1 -f /dev/null || say "$1: nspawn ($pid) does not end"
    }
    rm -f "$machine/leader" "$machine/nspawn"
    remove_cgroups "$machine"
    say "$1 is off"
}

cmd_remove() {
    for name in "$@"; do
        machine=$(machine_of "$name")
        [ -d "$machine" ] || continue
        if recorded_process "$machine/nspawn" >/dev/null; then switch_off "$name"; fi
        rm -rf --one-file-system "$machine"
    done
}

cmd_sweep() {
    for owner in "$lab"/machines/*/owner; do
        [ -f "$owner" ] || continue
        if recorded_process "$owner" >/dev/null; then continue; fi
        SHIM_LAB_PREFIX='' cmd_remove "$(basename "$(dirname "$owner")")"
    done
}

cmd_status() {
    for suite in bookworm trixie sid; do
        if suite_is_built "$suite"; then state="built,$(awk '/^systemd |^containerd |^runc / { printf " %s %s", $1, $2 }' "$(root_of "$suite")/.lab-packages")"; else state='not built'; fi
        printf 'suite    %-12s %s\n' "$suite" "$state"
    done
    for machine in "$lab"/machines/*/suite; do
        [ -f "$machine" ] || continue
        machine=$(dirname "$machine")
        if pid=$(recorded_process "$machine/leader"); then state="up, leader $pid"; else state=off; fi
        printf 'machine  %-12s %s, %s, %s MB\n' "$(basename "$machine")" "$(cat "$machine/suite")" "$state" "$(du -smx "$machine" | cut -f1)"
    done
}

# shellcheck shell=sh disable=SC2154
# The emulated machine: a suite with a kernel of its own. Slow, and the only place where cgroup v2 has
# cpu, memory and pids on a host that keeps them in version 1.
#
# In go two disks: the image (made once, never written to) and a tar archive with what changes: the
# installed project, its sources, the probe. Out come three virtio ports: stdout, stderr, exit status.

kernel_layer_of() { printf '%s/layers/%s-%s-kernel-%s\n' "$lab" "$1" "$recipe" "$(cat "$parts/vm-guest" "$parts/in-root" | sha256sum | cut -c1-8)"; }
image_of() { printf '%s/images/%s-%s.ext4\n' "$lab" "$(basename "$(kernel_layer_of "$1")")" "$(requirements_key)"; }

build_image() {
    ensure_tool qemu-system-x86_64 qemu-system-x86
    ensure_tool mke2fs e2fsprogs
    locked "image-$1" make_image "$1"
}

make_image() {
    image=$(image_of "$1")
    [ ! -f "$image" ] || return 0
    kernel=$(kernel_layer_of "$1")
    say "adding a kernel to $1"
    make_layer "$kernel" "$(root_of "$1")" add_kernel || unavailable "no kernel for $1, see $kernel.log"
    say "making the disk image of $1"
    mkdir -p "$lab/images"
    scratch=$lab/images/scratch-$1
    rm -rf "$scratch"*
    mkdir "$scratch"
    in_new_root "$kernel:$(python_layer_of "$1"):$(root_of "$1")" "$scratch" make_disk "$image" >"$image.log" 2>&1 ||
        die "no disk image of $1, see $image.log"
    rm -rf "$scratch"
}

# pack_payload SUITE FOLDER PROBE [FILE...]: FOLDER/payload.tar, unpacked over / by the guest.
pack_payload() {
    suite=$1 folder=$2
    shift 2
    build_wheel "$folder/wheel"
    # pip itself takes long under emulation: it runs here, over the same root, and what it added is carried in.
    mkdir "$folder/files"
    in_new_root "$(python_layer_of "$suite"):$(root_of "$suite")" "$folder/files" add_project "$folder"/wheel/*.whl ||
        die "cannot install the wheel into $suite"
    mkdir -p "$folder/files/run-probe" "$folder/files/src"
    cp "$@" "$folder/files/run-probe/"
    mv "$folder/files/run-probe/$(basename "$1")" "$folder/files/run-probe/.probe"
    chmod 755 "$folder/files/run-probe/.probe"
    for part in adapters conformance domain entrypoints sim tests pyproject.toml; do
        [ ! -e "$repo/$part" ] || cp -r "$repo/$part" "$folder/files/src/"
    done
    if has_shimctl; then : >"$folder/files/run-probe/.install"; fi
    tar -C "$folder/files" -cf "$folder/payload.tar" .
}

cmd_vm() {
    suite=${1:?which suite?} probe=${2:?which probe script?}
    check_suite "$suite"
    shift
    for file in "$@"; do [ -f "$file" ] || die "no file $file"; done
    cmd_build --vm "$suite"
    image=$(image_of "$suite")
    kernel=$(kernel_layer_of "$suite")
    mkdir -p "$lab/vm"
    work=$(mktemp -d "$lab/vm/$suite-XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
    pack_payload "$suite" "$work" "$@"
    emulate "$image" "$work" || say "qemu ended with an error: $(tail -n 1 "$work/qemu.log")"
    cat "$work/stdout"
    cat "$work/stderr" >&2
    if [ ! -s "$work/status" ]; then
        tail -n 20 "$work/console" >&2
        die "the emulated $suite ended without an answer of the probe"
    fi
    status=$(cat "$work/status")
    exit "$status"
}

# emulate IMAGE WORK. The image is shared by all: what the guest writes goes to a file that qemu has unlinked.
emulate() {
    : >"$2/stdout" >"$2/stderr" >"$2/status"
    TMPDIR=$2 timeout 900 qemu-system-x86_64 -accel "${SHIM_LAB_ACCEL:-tcg,thread=multi}" -smp 2 -m 2048 -cpu qemu64 \
        -display none -no-reboot -nic none -monitor none \
        -kernel "$kernel"/boot/vmlinuz-* -initrd "$kernel"/boot/initrd.img-* \
        -append 'root=/dev/vda rw console=ttyS0 systemd.show_status=0 quiet mitigations=off' \
        -drive "file=$1,format=raw,if=virtio,snapshot=on,cache=unsafe" \
        -drive "file=$2/payload.tar,format=raw,if=virtio,readonly=on" \
        -device virtio-serial \
        -chardev "file,id=stdout,path=$2/stdout" -device virtserialport,chardev=stdout,name=lab.stdout \
        -chardev "file,id=stderr,path=$2/stderr" -device virtserialport,chardev=stderr,name=lab.stderr \
        -chardev "file,id=status,path=$2/status" -device virtserialport,chardev=status,name=lab.status \
        -serial "file:$2/console" >"$2/qemu.log" 2>&1 </dev/null
}

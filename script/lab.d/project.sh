# shellcheck shell=sh disable=SC2154
# The project and what it depends on, as wheels, and how they get into a machine.
#
# A machine has no network: the wheels of all dependencies are downloaded here, for the machine's Python.
# Two environments: the one a user makes, and one with what the tests need beside it.

# 3.11, 3.13 or, in sid, whatever it has today.
python_of() { readlink "$(root_of "$1")/usr/bin/python3" | sed 's/^python//'; }

# What pyproject.toml names, one requirement a line: of the project, and of its tests inside a machine.
requirements_of() {
    "$(builder)/bin/python" - "$repo/pyproject.toml" "$1" <<'PYTHON'
import re
import sys
import tomllib

with open(sys.argv[1], "rb") as file:
    project = tomllib.load(file)
needed = list(project["project"]["dependencies"])
if sys.argv[2] == "shim-tests":
    inside = ("hypothesis", "pytest", "pytest-asyncio", "pytest-timeout")
    needed += [
        line
        for line in project["dependency-groups"]["dev"]
        if re.match(r"[\w-]+", line).group() in inside
    ]
print("\n".join(needed))
PYTHON
}

builder() {
    [ -n "${builder:-}" ] || builder=$("$repo/script/venv")
    printf '%s\n' "$builder"
}

requirements_key() {
    { requirements_of containerd-shim-systemd && requirements_of shim-tests; cat "$parts/install-environment"; } | sha256sum | cut -c1-8
}

wheels_of() { printf '%s/wheels/py%s-%s\n' "$lab" "$(python_of "$1")" "$(requirements_key)"; }
python_layer_of() { printf '%s/layers/%s-%s-%s\n' "$lab" "$1" "$recipe" "$(requirements_key)"; }

# A folder with every wheel that the two environments need, and for each the script that makes it.
build_wheelhouse() {
    suite=$1 folder=$2
    [ ! -d "$folder" ] || return 0
    say "downloading wheels for Python $(python_of "$suite")"
    rm -rf "$folder.part"
    mkdir -p "$folder.part"
    for environment in containerd-shim-systemd shim-tests; do
        requirements_of "$environment" >"$folder.part/requirements-$environment"
        sed "s|@ENVIRONMENT@|$environment|" "$parts/install-environment" >"$folder.part/install-$environment"
        "$(builder)/bin/python" -m pip download --quiet --quiet --disable-pip-version-check --dest "$folder.part" \
            --python-version "$(python_of "$suite")" --only-binary=:all: \
            --requirement "$folder.part/requirements-$environment" >&2 </dev/null ||
            unavailable "cannot download the wheels for Python $(python_of "$suite")"
    done
    mv "$folder.part" "$folder"
}

# Both environments, ready in a layer over the suite: installing the project then takes seconds.
build_python_layer() {
    layer=$(python_layer_of "$1")
    [ ! -d "$layer" ] || return 0
    wheels=$(wheels_of "$1")
    build_wheelhouse "$1" "$wheels"
    say "preparing Python environments for $1"
    make_layer "$layer" "$(root_of "$1")" add_python "$wheels" || die "no Python environments for $1, see $layer.log"
}

# build_wheel FOLDER
build_wheel() {
    mkdir -p "$1"
    # The build's own tools are in the environment already: no download, no second environment.
    "$(builder)/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
        --wheel-dir "$1" "$repo" >&2 </dev/null
}

has_shimctl() { [ -e "$repo/entrypoints/shimctl.py" ] || [ -e "$repo/entrypoints/shimctl/__init__.py" ]; }

cmd_install() {
    name=${1:?which machine?}
    leader_of "$name" >/dev/null || die "$name is not up; boot it first"
    machine=$(machine_of "$name")
    suite=$(cat "$machine/suite")
    suite=${suite%-v1}
    wheels=$(wheels_of "$suite")
    locked "wheels-$suite" build_wheelhouse "$suite" "$wheels"
    rm -rf "$machine/share/wheel" "$machine/share/wheels"
    build_wheel "$machine/share/wheel"
    # Hard links where they can be: the folder is only shown to the machine.
    cp -rl "$wheels" "$machine/share/wheels" 2>/dev/null || cp -r "$wheels" "$machine/share/wheels"
    for environment in containerd-shim-systemd shim-tests; do
        inside "$name" sh -eu "/lab/share/wheels/install-$environment" /lab/share/wheels
    done
    inside "$name" sh -euc '/opt/containerd-shim-systemd/bin/pip install --quiet --disable-pip-version-check \
        --no-index --no-deps --force-reinstall /lab/share/wheel/containerd_shim_systemd-*.whl' || die "$name: pip cannot install the wheel"
    if ! has_shimctl; then
        say "$name: the wheel is installed; this checkout has no shimctl yet that could install the shim"
        return
    fi
    inside "$name" /opt/containerd-shim-systemd/bin/shimctl install >&2 || die "$name: shimctl install failed"
    say "$name: installed"
}

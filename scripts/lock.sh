#!/bin/sh
# Write requirements.lock (everything `make demo` and `make test` install), requirements-train.lock (what `make test-train`
# installs beside PyTorch) and scripts/virtualenv.lock (the tool that makes the environment where Python's own venv
# cannot). All name versions and hashes only, never an address: where packages come from is the business of the machine
# that installs them. Needs uv.
set -eu
cd "$(dirname "$0")/.."

uv=uv
command -v uv >/dev/null 2>&1 || uv=.venv/bin/uv
command -v "$uv" >/dev/null 2>&1 || {
    echo "lock: uv is needed (https://docs.astral.sh/uv), for example: .venv/bin/pip install uv" >&2
    exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The development group asks for plcd[report]. That is this tree, never a package of that name from an index.
echo plcd >"$work/excludes"

compile() {
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links "$@"
}

# Macs with an Intel processor have had no wheels of numba since 0.63, of onnxruntime since 1.24.
intel="sys_platform == 'darwin' and platform_machine == 'x86_64'"
others="sys_platform != 'darwin' or platform_machine != 'x86_64'"
cat >"$work/beyond-project.in" <<REQUIREMENTS
hatchling>=1.25
editables>=0.5
numba<0.63 ; $intel
numba>=0.63 ; $others
numpy>=2.4 ; $others
onnxruntime<1.24 ; $intel
onnxruntime>=1.24 ; $others
REQUIREMENTS

{
    echo "# What make demo and make test install: names, versions, hashes. Python 3.11 or newer, Linux, macOS, Windows."
    echo "# Written by make lock; do not edit."
    compile --upgrade --excludes "$work/excludes" --extra report --group dev pyproject.toml "$work/beyond-project.in"
} >"$work/requirements.lock"
{
    echo "# The environment maker scripts/setup.sh falls back to. Written by make lock; do not edit."
    echo 'virtualenv>=20.26' | compile --upgrade -
} >"$work/virtualenv.lock"

# For training: everything but PyTorch itself, whose builds (CPU, CUDA) go by different hashes on different indexes; so its
# own needs are named here. scripts/setup.sh installs the version in requirements-torch.txt on top.
echo torch >>"$work/excludes"
cat >"$work/train.in" <<REQUIREMENTS
hatchling>=1.25
editables>=0.5
setuptools
filelock
typing-extensions
sympy
networkx
jinja2
fsspec
pytest>=8.3
pytest-timeout>=2.3
hypothesis>=6.115
psutil>=6
numba<0.63 ; $intel
numba>=0.63 ; $others
numpy>=2.4 ; $others
REQUIREMENTS
{
    echo "# What make test-train installs beside PyTorch: names, versions, hashes. Written by make lock; do not edit."
    compile --upgrade --excludes "$work/excludes" --extra train pyproject.toml "$work/train.in"
} >"$work/requirements-train.lock"

if grep -nE '://|file:|^-' "$work/requirements.lock" "$work/virtualenv.lock" "$work/requirements-train.lock"; then
    echo "lock: an address slipped in (see above); nothing was written" >&2
    exit 1
fi
mv "$work/requirements.lock" requirements.lock
mv "$work/virtualenv.lock" scripts/virtualenv.lock
mv "$work/requirements-train.lock" requirements-train.lock

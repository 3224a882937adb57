#!/bin/sh
# Set up .venv with the locked packages and plcd itself (editable). Says nothing and does nothing when that is done
# already. `setup.sh train` does the same for .venv-train, with PyTorch. Needs Python 3.11 or newer and a way to make a
# virtual environment; without one it says, in one line, what to install. pip is left to its own configuration: index, proxy and certificates are the machine's.
# PYTHON=/path/to/python chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."

case ${1:-} in
'') venv=.venv lock=requirements.lock torch= ;;
train) venv=.venv-train lock=requirements-train.lock torch=requirements-torch.txt ;;
*) echo "setup: $1: there is train, or nothing" >&2 && exit 2 ;;
esac
stamp=$venv/.plcd-setup

die() {
    echo "setup: $1" >&2
    exit 1
}

fresh_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

usable() {
    [ -x "$venv/bin/python" ] && fresh_enough "$venv/bin/python" &&
        "$venv/bin/python" -m pip --version >/dev/null 2>&1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        fresh_enough "$PYTHON" || die "PYTHON=$PYTHON is not Python 3.11 or newer"
        echo "$PYTHON"
        return
    fi
    for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if fresh_enough "$name"; then
            echo "$name"
            return
        fi
    done
    die "Python 3.11 or newer is needed (Debian/Ubuntu: apt install python3 python3-venv; macOS: brew install python)"
}

# Each way is tried from nothing; a way that fails may leave half an environment behind.
attempt() {
    rm -rf "$venv"
    "$@" >"$log" 2>&1 && usable
}

virtualenv_from_pip() {
    "$python" -m pip install --quiet --disable-pip-version-check --target "$scratch/tool" --only-binary :all: \
        --require-hashes -r scripts/virtualenv.lock &&
        PYTHONPATH=$scratch/tool "$python" -m virtualenv --quiet "$venv"
}

make_environment() {
    python=$(find_python) || exit 1
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    log=$scratch/log
    attempt "$python" -m venv "$venv" ||
        attempt "$python" -m virtualenv --quiet "$venv" ||
        attempt virtualenv --quiet --python "$python" "$venv" ||
        attempt virtualenv_from_pip ||
        attempt uv venv --quiet --seed --python "$python" "$venv" || {
        rm -rf "$venv"
        die "no way to make a virtual environment; install one (Debian/Ubuntu: apt install python3-venv; else virtualenv or uv)"
    }
}

wanted=$(cat "$lock" $torch pyproject.toml scripts/setup.sh | cksum)
if usable && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted $PWD" ]; then
    exit 0
fi

usable || make_environment
rm -f "$stamp"
echo "setup: installing the locked packages into $venv"
pip() {
    "$venv/bin/python" -m pip --disable-pip-version-check "$@"
}
# Wheels only: building from source would fetch build tools that no hash vouches for.
failed="could not be installed: pip's message is above (network or proxy, or no wheels for this platform)"
if [ -z "$torch" ]; then
    pip install --quiet --require-hashes --only-binary :all: -r "$lock" || die "the packages $failed"
else
    # The lock is complete but for PyTorch, which some of its packages ask for: nothing is to be resolved.
    pip install --quiet --require-hashes --only-binary :all: --no-deps -r "$lock" || die "the packages $failed"
    pip install --quiet --only-binary :all: -r "$torch" || die "PyTorch $failed"
fi
pip install --quiet --no-deps --no-build-isolation --editable . ||
    die "plcd itself could not be installed: pip's message is above"
echo "$wanted $PWD" >"$stamp"

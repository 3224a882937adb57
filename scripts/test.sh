#!/bin/sh
# Every test: first those that do not mind company, one process a core; then, alone, those that run beside the clock
# (tests/conftest.py says which). With arguments: one plain run of pytest with these.
cd "$(dirname "$0")/.." || exit
pytest() {
    .venv/bin/python -m pytest "$@"
}

if [ $# -gt 0 ]; then
    pytest "$@"
    exit
fi
pytest -m 'not realtime' --numprocesses auto --maxprocesses 4 --dist loadfile
together=$?
pytest -m realtime
alone=$?
[ $together -eq 0 ] && exit $alone
exit $together

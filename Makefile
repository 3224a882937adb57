# Everything runs in .venv, which scripts/setup.sh makes and keeps in step with requirements.lock; training in .venv-train.
PY := .venv/bin/python
PY_TRAIN := .venv-train/bin/python

.PHONY: help setup setup-train demo test test-train fuzz check lint format lock bench bench-quality soak wheel clean
.DEFAULT_GOAL := help

help:  ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:  ## make .venv with the locked packages (nothing to do when it is up to date)
	@scripts/setup.sh

demo: setup  ## stream real music through a lossy link and report to out/demo (MODEL=NAME or FILE: a network, without lookahead)
	$(PY) demo/run.py $(if $(MODEL),--model $(MODEL))

test: lint  ## style, types and every test (ARGS=... goes to pytest)
	@scripts/test.sh $(ARGS)

setup-train:  ## make .venv-train: the same with PyTorch, for plcd train
	@scripts/setup.sh train

test-train: setup-train  ## train every recipe for a short while, really: 5 minutes (ARGS=... goes to pytest)
	$(PY_TRAIN) -m pytest tests/training tests/training_nets $(ARGS)

fuzz: setup  ## every property test with new random examples, ROUNDS times (10 unless given)
	@for round in $$(seq $(or $(ROUNDS),10)); do \
		$(PY) -m pytest -q --hypothesis-profile=fuzz -m hypothesis $(ARGS) || exit 1; done

check: test  ## the same as test

lint: setup  ## style and types only
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: setup  ## put the code into its style
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

lock:  ## renew requirements.lock (needs uv)
	scripts/lock.sh

bench: setup  ## measure the figures and rewrite bench/RESULTS.md: 15 minutes (ARGS="--soak 0" for 4)
	$(PY) bench/latency.py --write --soak 600 $(ARGS)
	$(PY) bench/readme_tables.py

bench-quality: setup  ## compare every concealer on bench/data and rewrite bench/QUALITY.md and its plots: 15 minutes
	$(PY) bench/quality.py --time --write $(ARGS)
	$(PY) bench/quality.py --systems plcd:best@0,plcd:best@0.5,plcd:best@1,plcd:best@1.5 --loss gilbert10 --lookahead 0 \
		--traces 2 --out out/quality-noise
	$(PY) bench/noise_curve.py out/quality-noise/results.csv bench/plots/noise.png
	$(PY) bench/readme_tables.py

soak: setup  ## half an hour of a real daemon on a bad network; rewrites bench/SOAK.md (MINUTES=2: so long, and only looks)
	$(PY) bench/soak.py $(if $(MINUTES),--minutes $(MINUTES),--write)

wheel: setup  ## build the wheel and the source archive into dist
	$(PY) -m hatchling build -d dist

clean:  ## remove what make made, .venv included
	rm -rf .venv .venv-train out dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

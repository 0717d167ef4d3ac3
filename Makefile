# Each target works as the first command on a fresh clone: it makes .venv, installs, and runs.
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2

.PHONY: demo test lint types suite benchmarks search clean

demo: .venv/core
	$(BIN)/python -m resurgence.demo --out demo

test: lint types suite benchmarks

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/test
	$(BIN)/mypy

suite: .venv/test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report=term --cov-fail-under=95 \
		--ignore-glob='tests/test_bench_*'

# Ratios of times: alone on the machine, and without the tracing of the coverage run.
benchmarks: .venv/test
	$(BIN)/python -m pytest -s tests/test_bench_*.py --benchmark-columns=median,iqr,rounds

# The property tests on other random examples than those of the suite.
search: .venv/test
	HYPOTHESIS_PROFILE=search $(BIN)/python -m pytest -n $(WORKERS) --ignore-glob='tests/test_bench_*'

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/core: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/test: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,surge]'
	touch $@ .venv/core

clean:
	rm -rf .venv build demo *.egg-info

# Each target works as the first command on a fresh clone: it makes .venv, installs, and runs.
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2

.PHONY: demo test lint types suite coverage benchmarks search docs notebooks clean

demo: .venv/core
	$(BIN)/python -m resurgence.demo --out demo

test: lint types suite benchmarks

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/test
	$(BIN)/mypy

suite: .venv/test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --ignore-glob='tests/test_bench_*'

# The suite again, traced: takes more than half as long again, so that it is no part of "test".
coverage: .venv/test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report=term --cov-fail-under=95 \
		--ignore-glob='tests/test_bench_*'

# Ratios of times: alone on the machine.
benchmarks: .venv/test
	$(BIN)/python -m pytest -s tests/test_bench_*.py --benchmark-columns=median,iqr,rounds

# The property tests on other random examples than those of the suite.
search: .venv/test
	HYPOTHESIS_PROFILE=search $(BIN)/python -m pytest -n $(WORKERS) --ignore-glob='tests/test_bench_*'

# The site, into build/site: warnings are errors, nothing is fetched. (The variable silences an advertisement.)
docs: .venv/docs
	NO_MKDOCS_2_WARNING=1 OMP_NUM_THREADS=1 $(BIN)/python -m mkdocs build --quiet --strict

# Run the notebooks and store them with their outputs.
notebooks: .venv/test
	OMP_NUM_THREADS=1 $(BIN)/python notebooks/execute.py

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/core: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/test: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,surge]'
	touch $@ .venv/core

.venv/docs: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs,bench,surge]'
	touch $@ .venv/core

clean:
	rm -rf .venv build demo *.egg-info

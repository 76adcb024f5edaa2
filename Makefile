# Everything a fresh clone needs; `make` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help install data run test lint bench bitstream verilog qor clean
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/installed ## make .venv with the command line .venv/bin/vle

data: $(VENV)/installed-data ## install what the tasks on third-party data need

run: $(VENV)/installed ## learn temporal XOR online on the simulated core; see build/run
	@echo "== learning temporal XOR on the simulated core"
	@$(BIN)/vle run xor --device sim --out build/run

test: $(VENV)/installed-test ## run all tests, warnings as errors
	@echo "== testing"
	@$(BIN)/python -m pytest -n 2

lint: $(VENV)/installed-test ## check the style
	@$(BIN)/ruff check .

bench: $(VENV)/installed-bench ## compare speeds, PyTorch's too (a large download); see build/bench.json
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/vle bench --out build/bench.json

bitstream: $(VENV)/installed-fpga ## BOARD=… [CONFIG=…] [SEED=…]: build/BOARD gets bitstream, reports, manifest
	@echo "== building a bitstream (the first run compiles the tools, a minute or two)"
	@$(BIN)/python -m fpga.bitstream $(BOARD) $(if $(CONFIG),--config $(CONFIG)) $(if $(SEED),--seed $(SEED))

verilog: $(VENV)/installed ## [CONFIG=…] [DEVICE=…]: the core with AXI ports, build/CONFIG/vle_core.v
	@$(BIN)/python -m fpga.verilog $(CONFIG) $(if $(DEVICE),--device $(DEVICE))

qor: $(VENV)/installed-fpga ## [CONFIG=…]: resources and Fmax; build/qor.json against docs/qor.json
	@echo "== measuring the quality of results"
	@$(BIN)/python -m fpga.qor $(CONFIG)

clean: ## remove .venv and all that was built here
	rm -rf $(VENV) build sim_build .pytest_cache .ruff_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Debian's python3 may lack ensurepip: then the system's pip puts a pip into the environment.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@echo "== creating $(VENV)"
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
	    $(PYTHON) -m venv --clear --without-pip $(VENV) && \
	    $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }

$(VENV)/installed: pyproject.toml | $(BIN)/python
	@echo "== installing (the first time this downloads the tools)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/installed-fpga: pyproject.toml | $(BIN)/python
	@echo "== installing, with the FPGA tools"
	@$(PIP) --editable '.[fpga]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-bench: pyproject.toml | $(BIN)/python
	@echo "== installing, with what the comparison needs"
	@$(PIP) --editable '.[bench]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-data: pyproject.toml | $(BIN)/python
	@echo "== installing, with third-party data"
	@$(PIP) --editable '.[data]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-test: pyproject.toml | $(BIN)/python
	@echo "== installing, with what the tests need"
	@$(PIP) --editable '.[test]'
	@touch $@ $(VENV)/installed $(VENV)/installed-fpga $(VENV)/installed-data

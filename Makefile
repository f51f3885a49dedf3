# `make demo` and `make test` set themselves up: they need Python 3.11 and make, nothing else.
PYTHON ?= python3.11
EXECUTOR ?= sagemaker
PRESTO ?= embedded
VENV := .venv
PY := $(VENV)/bin/python

.PHONY: demo test test-heavy test-airflow test-aws test-image test-presto test-pictures pictures check bench sandbox lock clean

$(VENV)/.installed: requirements.txt
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "$(PYTHON) is not on the PATH: install Python 3.11, or say where it is: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(PY) -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(VENV)/.installed  ## one credit recommendation, end to end, on the embedded sandbox
	@$(if $(filter real,$(PRESTO)),scripts/install_presto.sh)
	@$(if $(IMAGE),scripts/demo_image.sh,$(PY) -m sandbox.demo) --executor $(EXECUTOR) --presto $(PRESTO)

test: check  ## the checks and the fast tests
	$(PY) -m pytest -n 3 --dist loadfile -m "not heavy"

test-heavy: $(VENV)/.installed  ## the tests that take minutes
	$(PY) -m pytest -n 2 --dist worksteal -m "heavy and not alone"
	$(PY) -m pytest -m alone

test-airflow: $(VENV)/.installed  ## the DAG in real Airflow, 2.10.3 and 3.x
	scripts/test_airflow.sh

test-aws: $(VENV)/.installed  ## the account's template: linted, deployed, bot and job under its roles
	scripts/test_aws.sh

test-image: $(VENV)/.installed  ## the images as images: built, pushed, pulled, run
	scripts/test_image.sh

test-presto: $(VENV)/.installed  ## the notebook and its queries on a real Presto
	scripts/test_presto.sh

test-pictures: $(VENV)/.installed  ## thread and report in a real browser: overflow, accessibility, A4
	scripts/pictures.sh test

pictures: $(VENV)/.installed  ## the pictures in the README, of the sandbox, by a real browser
	scripts/pictures.sh take

check: $(VENV)/.installed  ## style and types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	MYPYPATH=notebooks:sagemaker $(PY) -m mypy src notebooks/verify_credit sandbox sagemaker scripts/checkout

bench: $(VENV)/.installed  ## the measurements: a table and benchmarks/latest.json
	$(PY) -m benchmarks

sandbox: $(VENV)/.installed  ## everything outside, on loopback, until Ctrl-C
	$(PY) -m sandbox

lock: $(VENV)/.installed  ## renew the locked versions from the *.in files
	$(VENV)/bin/uv pip compile -q --upgrade --python-version 3.11 --generate-hashes --no-emit-find-links --no-emit-index-url --custom-compile-command "make lock" requirements.in -o requirements.txt
	for name in docker-requirements sagemaker/requirements parquet-requirements sandbox/real_presto/requirements tests/pictures/requirements; do $(VENV)/bin/uv pip compile -q --upgrade --python-version 3.11 --generate-hashes --no-emit-find-links --no-emit-index-url --custom-compile-command "make lock" -c requirements.txt $$name.in -o $$name.txt || exit 1; done
	$(VENV)/bin/uv pip compile -q --upgrade --python-version 3.11 --generate-hashes --no-emit-find-links --no-emit-index-url --custom-compile-command "make lock" tests/aws/requirements.in -o tests/aws/requirements.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis demo-output build
	find . -name __pycache__ -prune -exec rm -rf {} +

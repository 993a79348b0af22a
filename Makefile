# Two commands do all the set-up: `make demo` and `make test`.
PYTHON ?= python3
# Most tests wait for processes: four at a time keep two cores busy.
JOBS ?= 4
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SOURCES := boot.py __init__.py __main__.py _version.py kernel memory interfaces plugins tests benchmarks docs examples

.PHONY: demo test check format reference pictures clean

demo: $(READY)
	$(BIN)/python boot.py demo

test: check
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

check: $(READY)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	mkdir -p $(VENV)/typing && ln -sfn $(CURDIR) $(VENV)/typing/llmos
	$(BIN)/pyright --pythonpath $(BIN)/python

format: $(READY)
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

reference: $(READY)
	$(BIN)/python docs/make_reference.py

pictures: $(READY)
	$(BIN)/python docs/make_pictures.py

$(READY): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile -r requirements.txt
	touch $(READY)

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .hypothesis

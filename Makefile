# Everything from a fresh clone: each target makes .venv first if it is not there. Needs Python 3.10 or newer, no more.
#   make quickstart   a small CG-STVG on generated videos: train, test, pictures; minutes on a CPU
#   make test         lint and all quick tests; `make test-slow` runs those that take minutes,
#                     `make test-cuda` those that need a GPU
#   make docs         the documents as a site in site/; a warning is an error
# PYTHON=python3.11 chooses the interpreter. On a machine without a GPU,
# TORCH_INDEX=https://download.pytorch.org/whl/cpu takes the small build of torch.

PYTHON ?= python3
TORCH_INDEX ?=
BIN := .venv/bin
CONSTRAINTS := -c requirements/constraints.txt
WORK_DIR := work_dirs/cgstvg_toy
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: quickstart test test-slow test-cuda lint docs clean help
.DELETE_ON_ERROR:

help:
	@sed -n 's/^#   //p' Makefile

.venv/installed: setup.py requirements/runtime.txt requirements/tests.txt requirements/docs.txt requirements/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo 'Python 3.10 or newer is needed: make PYTHON=...' >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install $(CONSTRAINTS) $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) torch
	$(BIN)/python -m pip install $(CONSTRAINTS) -e '.[tests,docs]'
	@# opencv-python needs libGL, which servers lack; the headless build is the same without windows
	@$(BIN)/python -c 'import cv2' 2>/dev/null || { $(BIN)/python -m pip uninstall -q -y opencv-python && $(BIN)/python -m pip install "opencv-python-headless==$$(sed -n 's/^opencv-python==//p' requirements/constraints.txt)"; }
	@touch $@

data/toy/annos/hcstvg_v1/test.json: | .venv/installed
	$(BIN)/python tools/dataset_tools/make_toy_dataset.py data/toy

quickstart: .venv/installed data/toy/annos/hcstvg_v1/test.json
	PYTHON=$(BIN)/python tools/dist_train.sh configs/cgstvg_toy.py 2 --work-dir $(WORK_DIR) --resume
	$(BIN)/python tools/test.py configs/cgstvg_toy.py "$$(cat $(WORK_DIR)/last_checkpoint)" --work-dir $(WORK_DIR) \
		--out $(WORK_DIR)/predictions.json --show-dir $(WORK_DIR)/tubes
	@echo 'The table above: held-out videos. Pictures and videos of tubes: $(WORK_DIR)/tubes, all tubes: $(WORK_DIR)/predictions.json'
	@echo 'Does it read the sentences? The same test with the sentences exchanged among the items:'
	$(BIN)/python tools/test.py configs/cgstvg_toy.py "$$(cat $(WORK_DIR)/last_checkpoint)" --work-dir $(WORK_DIR) --shuffle-text 0 \
		--cfg-options default_hooks.visualization=None

lint: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: lint
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2 -m 'not slow and not cuda'

test-slow: .venv/installed
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2 -m 'slow and not cuda'

test-cuda: .venv/installed
	TEST_CUDA=1 $(BIN)/python -m pytest -m cuda

docs: .venv/installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo 'The site is in site/; start with site/index.html'

clean:
	rm -rf .venv build dist site *.egg-info .pytest_cache .ruff_cache .mypy_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

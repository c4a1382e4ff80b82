# Everything a user or CI runs. Each target makes .venv and installs what it needs, once.
#   make demo      train LeNet-5 on real handwritten digits, check its gradients, write a report
#   make test      all tests that need no oracle
#   make parity    the tests that compare with PyTorch (installs torch on the CPU)
#   make help      the other targets

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# One thread to a worker: two workers with two each would wait for one another.
PYTEST := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MPLBACKEND=Agg $(BIN)/python -m pytest
WORKERS ?= 2

.PHONY: help demo test test-fake parity lint mutants cuda-report gradcheck-score bench results gpu notebooks docs docs-parity size clean

help:
	@sed -n 's/^#   make /make /p' $(firstword $(MAKEFILE_LIST))
	@echo 'make lint      ruff and mypy'
	@echo 'make test-fake all tests of ops, autograd, nn, optim and models on the strict fake device'
	@echo 'make mutants   plant bugs in every op; the op checks must go red'
	@echo 'make cuda-report  registers of the CUDA kernels (needs nvcc), and bugs planted in them'
	@echo 'make gradcheck-score  score the gradient check on planted bugs'
	@echo 'make bench     time ops, convolutions and networks against PyTorch and JAX, in turns'
	@echo 'make results   train ResNet-20 on CIFAR-10 (ROOT=DIR), write docs/results.md'
	@echo 'make gpu       run, compare and time everything on a CUDA GPU (8 minutes; installs CuPy)'
	@echo 'make notebooks run the notebooks and keep their outputs'
	@echo 'make docs      write docs/ops.md, layers.md (and its pictures) and onnx.md anew'
	@echo 'make docs-parity  compare every layer with PyTorch and write docs/parity.md'
	@echo 'make size      lines per room, and what outgrows the design'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "minitorch_cv needs Python 3.10 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# A stamp for each set of extras, renewed when setup.cfg changes.
$(VENV)/.installed: $(BIN)/python setup.cfg
	$(PIP) -e .
	@touch $@
$(VENV)/.installed-%: $(VENV)/.installed
	$(PIP) -e '.[$*]'
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/minitorch-cv train lenet --data digits --out runs/lenet-digits --overwrite

test: $(VENV)/.installed-test $(VENV)/.nvrtc
	$(PYTEST) -n $(WORKERS) --ignore=tests/parity
	$(PYTEST) -n $(WORKERS) -q --device fake $(ON_DEVICE)

# A part of what `make test-fake` runs, which takes less than a minute.
ON_DEVICE := tests/autograd tests/nn/losses tests/nn/modules tests/optim/test_optimizer.py \
  tests/models/test_lenet.py tests/models/test_gradients.py tests/ops/conv tests/ops/loss

test-fake: $(VENV)/.installed-test
	$(PYTEST) -n $(WORKERS) -q --device fake tests

# NVIDIA's compiler (58 MB) shows, without a GPU, that the CUDA kernels compile; where it cannot be
# had, those tests are skipped.
$(VENV)/.nvrtc: $(VENV)/.installed-test
	-@$(PIP) -e '.[nvrtc]' && touch $@

# The models' parity tests compare with torchvision, and are skipped where it cannot be installed.
parity: $(VENV)/.installed-test $(VENV)/.installed-torch
	-@$(PIP) -e '.[torch,torchvision]'
	$(PYTEST) -n $(WORKERS) tests/parity

lint: $(VENV)/.installed-test
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

mutants: $(VENV)/.installed-test
	$(BIN)/python tools/mutants.py

cuda-report: $(VENV)/.installed-test
	$(BIN)/python tools/cuda_budget.py
	$(BIN)/python tools/cuda_mutants.py

gradcheck-score: $(VENV)/.installed-test
	$(BIN)/python tools/gradcheck_score.py

bench: $(VENV)/.installed-bench
	$(BIN)/python benchmarks/ops.py
	$(BIN)/python benchmarks/conv.py
	$(BIN)/python -m benchmarks.networks

ROOT ?= data
results: $(VENV)/.installed-test
	$(BIN)/python benchmarks/train_cifar.py --root $(ROOT)

gpu: $(VENV)/.installed-test $(VENV)/.installed-gpu
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.gpu

notebooks: $(VENV)/.installed-test
	$(BIN)/python tools/notebooks.py

docs: $(VENV)/.installed
	$(BIN)/python tools/pages/page_ops.py
	$(BIN)/python tools/pages/layer_pictures.py
	$(BIN)/python tools/pages/page_layers.py
	$(BIN)/python tools/pages/page_onnx.py
	$(BIN)/python tools/pages/page_models.py

docs-parity: $(VENV)/.installed-test $(VENV)/.installed-torch
	$(BIN)/python tools/pages/page_parity.py

size: $(VENV)/.installed
	$(BIN)/python tools/size.py

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache

"""Answers for `torch` and `torchvision`, asked for in a process of their own."""

import subprocess
import sys

import pytest


def answered(text, *arguments):
    """What lines of a script print, one process for each test."""
    begin = "from minitorch_cv.as_torch import install; install()\nimport torch, sys\n"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", begin + text, *map(str, arguments)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_name_in_the_tables_is_there():
    lines = answered(
        "import importlib\n"
        "from minitorch_cv.as_torch import tables, finder\n"
        "for module in tables.TABLES:\n"
        "    made = importlib.import_module(module)\n"
        "    for name in dir(made):\n"
        "        getattr(made, name)\n"
        "print(len(finder.known_names()) > 900, 'relu' in dir(torch), 'nn' in dir(torch))\n"
    )
    assert lines == ["True True True"]


def test_the_engine_s_own_rooms_do_not_show():
    rooms = ("data", "tasks", "models", "ops", "interop", "testing", "backend", "use_kernels")
    lines = answered(f"print([name for name in {rooms} if hasattr(torch, name)])")
    assert lines == ["[]"]


def test_flags_may_be_set_and_are_kept():
    lines = answered(
        "torch.backends.cudnn.benchmark = True\nfrom torch.backends import cudnn\n"
        "print(cudnn.benchmark, cudnn.enabled, torch.backends.mps.is_available())\n"
        "print(torch.version.cuda, torch.cuda.device_count() >= 0)\n"
    )
    assert lines == ["True True False", "None True"]


def test_dtypes_have_pytorch_s_names_and_numpy_takes_them():
    lines = answered(
        "import numpy as np, copy, pickle\n"
        "print(torch.float, torch.half, torch.long, torch.short, torch.bool, torch.double)\n"
        "print(np.zeros(2, torch.int16).dtype, torch.ones(1).dtype is torch.float32)\n"
        "print(torch.float32 == np.float32, {torch.int64: 1}[torch.ones(1).long().dtype])\n"
        "print(pickle.loads(pickle.dumps(torch.uint8)), isinstance(torch.int8, torch.dtype))\n"
        "print(torch.int8.is_floating_point, torch.finfo(torch.half).max, torch.double.itemsize)\n"
        "torch.set_default_dtype(torch.float64)\n"
        "print(torch.ones(1).dtype, torch.get_default_dtype())"
    )
    assert lines == [
        "torch.float32 torch.float16 torch.int64 torch.int16 torch.bool torch.float64",
        "int16 True", "True 1", "torch.uint8 True", "False 65504.0 8",
        "torch.float64 torch.float64",
    ]  # fmt: skip


def test_draws_have_the_chances_they_were_given():
    lines = answered(
        "torch.manual_seed(0)\n"
        "p = torch.tensor([[0.1, 0.9], [0.5, 0.5]]).repeat(4000, 1)\n"
        "m = torch.bernoulli(p).view(4000, 2, 2).mean(0)\n"
        "print((m - p[:2]).abs().max().item() < 0.03)\n"
        "w = torch.tensor([0.0, 1.0, 3.0])\n"
        "n = torch.multinomial(w, 8000, replacement=True).bincount(minlength=3) / 8000\n"
        "print(n[0].item(), abs(n[2].item() - 0.75) < 0.03)\n"
        "firsts = torch.multinomial(w.repeat(8000, 1), 2)\n"
        "print(abs((firsts[:, 0] == 2).float().mean().item() - 0.75) < 0.03, firsts.min().item())\n"
        "print(torch.empty(3).random_(5, 6), torch.normal(2.0, 0.0, (2,)))\n"
    )
    assert lines == ["True", "0.0 True", "True 1", "tensor([5., 5., 5.]) tensor([2., 2.])"]


def test_a_wrong_gradient_is_found():
    lines = answered(
        "class Wrong(torch.autograd.Function):\n"
        "    forward = staticmethod(lambda ctx, x: x * 2)\n"
        "    backward = staticmethod(lambda ctx, g: g * 3)\n"
        "x = torch.ones(2, dtype=torch.double, requires_grad=True)\n"
        "from torch.autograd import gradcheck\n"
        "print(gradcheck(Wrong.apply, (x,), raise_exception=False), gradcheck(torch.sin, (x,)))\n"
    )
    assert lines == ["False True"]


def test_trained_weights_come_from_the_cache_and_from_nowhere_else(tmp_path):
    lines = answered(
        "import os; os.environ['TORCH_HOME'] = sys.argv[1]\n"
        "from torchvision import models\n"
        "for ask in ({'pretrained': True}, {'weights': 'DEFAULT'},\n"
        "            {'weights': models.SqueezeNet1_1_Weights.IMAGENET1K_V1}):\n"
        "    try: models.squeezenet1_1(**ask)\n"
        "    except FileNotFoundError as error: print(error)\n"
        "net = models.squeezenet1_1()\n"
        "folder = os.path.join(sys.argv[1], 'hub', 'checkpoints'); os.makedirs(folder)\n"
        "torch.save(net.state_dict(), os.path.join(folder, 'squeezenet1_1-b8a52dc0.pth'))\n"
        "other = models.squeezenet1_1(pretrained=True)\n"
        "print(torch.equal(net.features[0].weight, other.features[0].weight))\n"
        "print(models.SqueezeNet1_1_Weights.DEFAULT.transforms())\n",
        tmp_path,
    )
    assert all("squeezenet1_1-*.pth" in line and "downloaded" in line for line in lines[:3])
    assert lines[3] == "True" and "Resize(size=256" in lines[5]


def test_data_that_is_not_there_is_one_error(tmp_path):
    lines = answered(
        "from torchvision import datasets\n"
        "for name in ('CIFAR10', 'MNIST', 'FashionMNIST', 'CIFAR100'):\n"
        "    try: getattr(datasets, name)(sys.argv[1], train=True, download=True)\n"
        "    except FileNotFoundError as error: print(error)\n",
        tmp_path,
    )
    assert len(lines) == 4 and all("nothing is downloaded" in line for line in lines)


@pytest.mark.parametrize("kind", ["model", "object"])
def test_saving_code_is_refused(kind):
    what = {"model": "torch.nn.Linear(2, 2)", "object": "{'a': [object()]}"}[kind]
    words = {"model": "use torch.save(model.state_dict(), path)", "object": "a.0 is a object"}[kind]
    lines = answered(
        f"import io\ntry: torch.save({what}, io.BytesIO())\nexcept TypeError as e: print(e)"
    )
    assert words in lines[0]


def test_saving_to_an_open_file_and_back():
    lines = answered(
        "import io\nfile = io.BytesIO()\n"
        "x = {'n': -5, 'big': 2**70, 's': 'ü', 't': (torch.arange(3), None, True, 0.1), 'e': {}}\n"
        "torch.save(x, file); file.seek(0); print(torch.load(file) == {**x, 't': 0} or 1)\n"
        "file.seek(0); y = torch.load(file)\n"
        "print(y['n'], y['big'] == 2**70, y['s'], y['t'][0], y['t'][1:], y['e'])\n"
    )
    assert lines[1] == "-5 True ü tensor([0, 1, 2]) (None, True, 0.1) {}"


def test_tensors_are_printed_in_other_ways_when_asked():
    lines = answered(
        "torch.set_printoptions(precision=2)\nprint(torch.tensor([1.23456, 2]))\n"
        "torch.set_printoptions(sci_mode=True)\nprint(torch.tensor([1.5]))\n"
        "torch.set_printoptions(profile='default', threshold=4, edgeitems=1)\n"
        "print(torch.arange(10), torch.zeros(3, 3))\n"
    )
    assert lines[0] == "tensor([1.23, 2.00])" and lines[1] == "tensor([1.50e+00])"
    assert lines[2] == "tensor([0,  ..., 9]) tensor([[0.,  ..., 0.],"

"""Which name of PyTorch is answered by what: one row for each module.

A row's `homes` are modules of ours whose public names all count; `names` are single names, as
"home:attribute"; `values` are set when the module is made, so that scripts may change them;
`fallback` is a function that is asked last.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .. import __version__

ROOTS = ("torch", "torchvision")
HERE = "minitorch_cv"
ANSWERS = f"{HERE}.as_torch.answers"


class Answers(NamedTuple):
    """What one module answers."""

    homes: tuple[str, ...] = ()
    names: dict[str, str] = {}  # noqa: RUF012 (never changed)
    values: dict[str, Any] = {}  # noqa: RUF012
    without: tuple[str, ...] = ()
    fallback: str = ""


def at(home: str, *names: str, **renamed: str) -> dict[str, str]:
    """Rows for names of one home; renamed: name of PyTorch = name of ours."""
    rows = {name: f"{HERE}.{home}:{name}" for name in names}
    return rows | {theirs: f"{HERE}.{home}:{ours}" for theirs, ours in renamed.items()}


# Functions of nn.functional that PyTorch has in `torch`, too, with the same arguments.
_IN_TORCH = (
    "adaptive_avg_pool1d", "alpha_dropout", "avg_pool1d", "bilinear", "channel_shuffle", "conv1d",
    "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "cosine_similarity", "dropout", "group_norm", "layer_norm", "max_pool1d", "max_pool2d",
    "max_pool3d", "pairwise_distance", "pdist", "pixel_shuffle", "pixel_unshuffle", "rms_norm",
)  # fmt: skip
_OURS_ALONE = (
    "array", "autograd", "backend", "bfloat16", "cuda", "data", "default_generator", "float16",
    "float32", "float64", "half", "int16", "int32", "int64", "int8", "interop", "long", "double",
    "models",
    "nn", "ops", "optim", "tasks", "testing", "uint8", "use_kernels", "Generator", "bool", "float",
    "int", "annotations", "Any", "TYPE_CHECKING", "importlib", "explain", "detection", "memory",
)  # fmt: skip
_DATA = (
    "BatchSampler", "ConcatDataset", "Dataset", "IterableDataset", "RandomSampler", "Sampler",
    "SequentialSampler", "Subset", "SubsetRandomSampler", "TensorDataset", "WeightedRandomSampler",
    "default_collate", "default_convert", "random_split",
)  # fmt: skip
_DATA_ROWS = at("data", *_DATA) | at("as_torch.answers.loader", "DataLoader")
_DATA_ROWS |= at("as_torch.answers.loader", "get_worker_info")
_GRAD = at(
    "autograd", "Function", "backward", "detect_anomaly", "enable_grad", "grad", "inference_mode",
    "no_grad", "set_detect_anomaly", "set_grad_enabled",
)  # fmt: skip
_CUDA = (
    "current_device", "device_count", "empty_cache", "get_device_name", "init", "is_available",
    "is_initialized", "manual_seed", "manual_seed_all", "max_memory_allocated",
    "memory_allocated", "reset_peak_memory_stats", "set_device", "synchronize",
)  # fmt: skip
_VISION = "as_torch.answers.vision"
_MODELS = Answers(fallback=f"{ANSWERS}.models:model")
_TRANSFORM_ROWS = at("as_torch.answers.transforms", "PILToTensor", "ToTensor")

TABLES: dict[str, Answers] = {
    "torch": Answers(
        (f"{ANSWERS}.functions", HERE),
        at("nn.functional", *_IN_TORCH)
        | at("as_torch.costume.dtypes", "dtype")
        | at("as_torch.costume.size", "Size")
        | at("as_torch.costume.show", "set_printoptions")
        | at("as_torch.answers.functions", "Generator")
        | at("as_torch.answers.saving", "load", "save"),
        dict(
            __version__=f"2.13.0+minitorch_cv.{__version__}", pi=math.pi, inf=math.inf, e=math.e,
            nan=math.nan, newaxis=None, strided="torch.strided",
            contiguous_format="torch.contiguous_format",
        ),
        _OURS_ALONE,
        f"{ANSWERS}.types:named",
    ),
    "torch.nn": Answers((f"{HERE}.nn",), at("as_torch.answers.layers", "DataParallel")),
    "torch.nn.functional": Answers((f"{HERE}.nn.functional",)),
    "torch.nn.init": Answers((f"{HERE}.nn.init",)),
    "torch.nn.utils": Answers((f"{HERE}.nn.utils",)),
    "torch.nn.utils.clip_grad": Answers((f"{HERE}.nn.utils.clip_grad",)),
    "torch.nn.parameter": Answers(names=at("nn", "Parameter")),
    "torch.nn.modules": Answers((f"{HERE}.nn",)),
    "torch.nn.modules.module": Answers(names=at("nn", "Module")),
    "torch.nn.modules.utils": Answers(fallback=f"{ANSWERS}.layers:helper"),
    "torch.nn.modules.loss": Answers((f"{HERE}.nn",)),
    "torch.nn.modules.conv": Answers((f"{HERE}.nn",)),
    "torch.nn.modules.batchnorm": Answers((f"{HERE}.nn",)),
    "torch.optim": Answers((f"{HERE}.optim",)),
    "torch.optim.lr_scheduler": Answers((f"{HERE}.optim.lr_scheduler",)),
    "torch.optim.swa_utils": Answers((f"{HERE}.optim.swa_utils",)),
    "torch.optim.optimizer": Answers(names=at("optim", "Optimizer")),
    "torch.autograd": Answers(names=_GRAD | at("as_torch.answers.checks", "Variable", "gradcheck")),
    "torch.autograd.function": Answers(names=at("autograd", "Function")),
    "torch.autograd.variable": Answers(names=at("as_torch.answers.checks", "Variable")),
    "torch.linalg": Answers((f"{HERE}.autograd.linalg",)),
    "torch.random": Answers(
        names=at("backend.random", "get_rng_state", "set_rng_state")
        | at("as_torch.answers.functions", "initial_seed", "manual_seed", "seed")
    ),
    "torch.amp": Answers(
        names=at("optim.amp", "GradScaler") | at("autograd.autocasting", "autocast")
    ),
    "torch.cuda": Answers(names=at("as_torch.answers.cuda", *_CUDA)),
    "torch.version": Answers(values={"__version__": "2.13.0", "cuda": None, "hip": None}),
    "torch.backends": Answers(),
    "torch.backends.cudnn": Answers(
        names=at("as_torch.answers.cuda", is_available="never", version="nothing"),
        values=dict(
            benchmark=False, deterministic=False, enabled=True, allow_tf32=True
        ),
    ),
    "torch.backends.cuda": Answers(names=at("as_torch.answers.cuda", is_built="never")),
    "torch.backends.cuda.matmul": Answers(values={"allow_tf32": False}),
    "torch.backends.mps": Answers(
        names=at("as_torch.answers.cuda", is_available="never", is_built="never")
    ),
    "torch.backends.mkldnn": Answers(
        names=at("as_torch.answers.cuda", is_available="never"), values={"enabled": False}
    ),
    "torch.mps": Answers(names=at("as_torch.answers.cuda", is_available="never")),
    "torch.utils": Answers(),
    "torch.utils.data": Answers(names=_DATA_ROWS),
    "torch.utils.data.dataset": Answers(names=_DATA_ROWS),
    "torch.utils.data.dataloader": Answers(names=_DATA_ROWS),
    "torch.utils.data.sampler": Answers(names=_DATA_ROWS),
    "torchvision": Answers(values={"__version__": f"0.28.0+minitorch_cv.{__version__}"}),
    "torchvision.datasets": Answers((f"{ANSWERS}.datasets",)),
    "torchvision.datasets.folder": Answers(
        names=at("data.image_folder", "DatasetFolder", "IMG_EXTENSIONS", "ImageFolder",
                 "default_loader", "pil_loader")
    ),
    "torchvision.transforms": Answers(
        (f"{HERE}.data.transforms",), _TRANSFORM_ROWS, without=("functional",)
    ),
    "torchvision.transforms.transforms": Answers(
        (f"{HERE}.data.transforms",), _TRANSFORM_ROWS, without=("functional",)
    ),
    "torchvision.transforms.functional": Answers(
        (f"{HERE}.data.transforms.functional",),
        at("as_torch.answers.transforms", "pil_to_tensor", "to_tensor"),
    ),
    "torchvision.models": _MODELS,
    "torchvision.models.resnet": _MODELS,
    "torchvision.models.vgg": _MODELS,
    "torchvision.models.alexnet": _MODELS,
    "torchvision.models.densenet": _MODELS,
    "torchvision.models.googlenet": _MODELS,
    "torchvision.models.inception": _MODELS,
    "torchvision.models.squeezenet": _MODELS,
    "torchvision.models.mobilenetv2": _MODELS,
    "torchvision.utils": Answers(names=at(_VISION, "make_grid", "save_image")),
    "torchvision.ops": Answers(
        names=at("nn.functional", "sigmoid_focal_loss")
        | at("models", "Conv2dNormActivation", "SqueezeExcitation", "StochasticDepth",
             "stochastic_depth"),
        fallback=f"{ANSWERS}.vision:detection",
    ),
}  # fmt: skip

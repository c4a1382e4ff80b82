"""Which ops run in which precision inside `autocast`: a table of names.

Two lists name the ops whose inputs are cast; every other op runs in the dtypes that it is given.

- LOWER: products. Nearly all the time goes there, GPUs have units for it, and each product is added
  up in float32 and rounded once.
- FLOAT32: sums over many elements, losses, norms, and functions that are steep or leave float16's
  range (6e-8 … 65504) soon: exp, log, powers, reciprocals.

Not named: pooling, ReLU and its like, arithmetic of two tensors (the wider dtype wins), reshaping;
and batch norm, which itself computes in float32 with float32 parameters and rounds its output.

Source: P. Micikevicius et al., "Mixed precision training", ICLR 2018, section 3; the lists are
PyTorch's for CUDA ("CUDA ops that can autocast to float16", "… to float32"), here for all devices,
and further reductions (mean, var, std, logsumexp) and RoI ops, as in torchvision.
"""

from __future__ import annotations

LOWER = frozenset({"conv", "conv_transpose", "linear", "matmul", "prelu"})

FLOAT32 = frozenset({
    # losses
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "huber_loss",
    "kl_div", "l1_loss", "mse_loss", "nll_loss", "smooth_l1_loss", "soft_margin_loss",
    # norms
    "group_norm", "layer_norm", "local_response_norm", "rms_norm",
    # reductions
    "cumprod", "cumsum", "logsumexp", "mean", "norm", "prod", "std", "sum", "var",
    # steep functions
    "acos", "asin", "cosh", "erfinv", "exp", "exp2", "expm1", "log", "log10", "log1p", "log2",
    "log_softmax", "logaddexp", "logit", "pow", "reciprocal", "rsqrt", "sinh", "softmax",
    "softplus", "tan", "xlogy",
    # coordinates
    "grid_sample", "nms", "roi_align", "roi_pool",
})  # fmt: skip

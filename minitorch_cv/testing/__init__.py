"""The checks that students, teachers and our own tests call: gradient checks and op checks.

gradcheck(fn, inputs)             a function of Tensors
gradgradcheck(fn, inputs)         its second derivatives
check_op("conv2d")                every check of one op, on its own samples
check_module(module, x)           a layer's parameters and input
check_layers(model, x)            every layer of a network, on the activations that reach it
fake_device()                     a strict fake GPU, for finding device leaks on any machine
"""

from .fake_device import fake_device
from .gradcheck import GradcheckError, gradcheck, gradcheck_op, gradgradcheck
from .modules import LayerCheck, ParameterCheck, check_layers, check_module, spread_apart
from .op_checks import CHECKS, Check, CheckResult, check_op, report, run_check

__all__ = [
    "CHECKS",
    "Check",
    "CheckResult",
    "GradcheckError",
    "LayerCheck",
    "ParameterCheck",
    "check_layers",
    "check_module",
    "check_op",
    "fake_device",
    "gradcheck",
    "gradcheck_op",
    "gradgradcheck",
    "report",
    "run_check",
    "spread_apart",
]

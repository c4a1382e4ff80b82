"""The checks that students, teachers and our own tests call: gradient checks and op checks.

gradcheck(fn, inputs)             a function of Tensors, a Module, a pair of NumPy functions, ...
gradgradcheck(fn, inputs)         its second derivatives
compare(module_a, module_b, x)    two networks layer by layer: the first layer that diverges
check_op("conv2d")                every check of one op, on its own samples
check_module(module, x)           a layer's parameters and input
check_layers(model, x)            every layer of a network, on the activations that reach it
Profile()                         where the time of a step goes, op by op
fake_device()                     a strict fake GPU, for finding device leaks on any machine
"""

from .compare import Comparison, LayerDifference, compare
from .fake_device import fake_device
from .gradcheck import (
    Diagnosis,
    GradcheckError,
    GradcheckResult,
    gradcheck,
    gradcheck_op,
    gradgradcheck,
)
from .modules import LayerCheck, ParameterCheck, check_layers, check_module, spread_apart
from .op_checks import CHECKS, Check, CheckResult, check_op, report, run_check
from .profile import Profile

__all__ = [
    "CHECKS",
    "Check",
    "CheckResult",
    "Comparison",
    "Diagnosis",
    "GradcheckError",
    "GradcheckResult",
    "LayerCheck",
    "LayerDifference",
    "ParameterCheck",
    "Profile",
    "check_layers",
    "check_module",
    "check_op",
    "compare",
    "fake_device",
    "gradcheck",
    "gradcheck_op",
    "gradgradcheck",
    "report",
    "run_check",
    "spread_apart",
]

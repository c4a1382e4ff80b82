"""What is not here: one error that names it, so that scripts can look before they leap."""

import torch

print(hasattr(torch, "fft"), hasattr(torch, "matmul"), hasattr(torch.Tensor, "svd"))
try:
    from torch.utils.tensorboard import SummaryWriter
except ImportError as error:
    SummaryWriter = None
    print(type(error).__mro__[1].__name__, error)
try:
    import torch.fft
except ModuleNotFoundError as error:
    print(error)
try:
    from torch import conv2
except ImportError as error:
    print(error)
try:
    torch.zeros(2).matrix_exp()
except AttributeError as error:
    print(error)


def transform(signal):
    return torch.fft.rfft(signal)


transform(torch.zeros(8))

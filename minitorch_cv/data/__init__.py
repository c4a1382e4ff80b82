"""Datasets, transforms and the loader. Datasets give NumPy arrays; the loader makes Tensors."""

from . import transforms
from .collate import default_collate
from .dataset import Dataset, Subset, TensorDataset, random_split
from .digits import Digits
from .loader import DataLoader
from .mnist import MNIST
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

__all__ = [
    "MNIST",
    "BatchSampler",
    "DataLoader",
    "Dataset",
    "Digits",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "TensorDataset",
    "default_collate",
    "random_split",
    "transforms",
]

"""Datasets, transforms and the loader. Datasets give NumPy arrays; the loader makes Tensors."""

from . import transforms
from .cifar import CIFAR10, CIFAR100
from .collate import default_collate, default_convert
from .dataset import (
    ConcatDataset,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    random_split,
)
from .digits import Digits
from .fake import FakeData
from .image_folder import DatasetFolder, ImageFolder
from .loader import DataLoader
from .mnist import MNIST, FashionMNIST
from .prefetch import Prefetcher
from .sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

__all__ = [
    "CIFAR10", "CIFAR100", "MNIST", "BatchSampler", "ConcatDataset", "DataLoader", "Dataset",
    "DatasetFolder", "Digits", "FakeData", "FashionMNIST", "ImageFolder", "IterableDataset",
    "Prefetcher", "RandomSampler", "Sampler", "SequentialSampler", "Subset", "SubsetRandomSampler",
    "TensorDataset", "WeightedRandomSampler", "default_collate", "default_convert", "random_split",
    "transforms",
]  # fmt: skip

"""The CIFAR-10 classifier of the tutorials: augmentation, a sampler, a ConvNet of nn.Sequential."""

import sys

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
import torchvision.datasets as dset
import torchvision.transforms as T
from torch.utils.data import DataLoader, sampler

torch.manual_seed(7)
root = sys.argv[1]
NUM_TRAIN = 900
normalize = T.Normalize((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
augment = T.Compose(
    [T.RandomCrop(32, padding=4), T.RandomHorizontalFlip(), T.ToTensor(), normalize]
)
plain = T.Compose([T.ToTensor(), normalize])
cifar10_train = dset.CIFAR10(root, train=True, download=True, transform=augment)
cifar10_test = dset.CIFAR10(root, train=False, download=True, transform=plain)
loader_train = DataLoader(
    cifar10_train,
    batch_size=50,
    num_workers=2,
    sampler=sampler.SubsetRandomSampler(range(NUM_TRAIN)),
)
loader_test = DataLoader(cifar10_test, batch_size=100)
print(cifar10_train.classes, cifar10_train.data.shape, cifar10_train.targets[:5])
print(cifar10_train.class_to_idx["ship"], len(cifar10_test))

USE_GPU = True
device = torch.device("cuda") if USE_GPU and torch.cuda.is_available() else torch.device("cpu")
dtype = torch.float32


def flatten(x):
    N = x.shape[0]
    return x.view(N, -1)


class Flatten(nn.Module):
    def forward(self, x):
        return flatten(x)


def check_accuracy(loader, model):
    num_correct = 0
    num_samples = 0
    model.eval()
    with torch.no_grad():
        for x, y in loader:
            x = x.to(device=device, dtype=dtype)
            y = y.to(device=device, dtype=torch.long)
            scores = model(x)
            _, preds = scores.max(1)
            num_correct += (preds == y).sum()
            num_samples += preds.size(0)
    acc = float(num_correct) / num_samples
    print("Got %d / %d correct (%.2f)" % (num_correct, num_samples, 100 * acc))
    return acc


model = nn.Sequential(
    nn.Conv2d(3, 16, 5, padding=2),
    nn.ReLU(),
    nn.Conv2d(16, 8, 3, padding=1, stride=2),
    nn.BatchNorm2d(8),
    nn.ReLU(),
    nn.MaxPool2d(2),
    Flatten(),
    nn.Linear(8 * 8 * 8, 10),
).to(device)
optimizer = optim.SGD(model.parameters(), lr=1e-2, momentum=0.9, nesterov=True)
losses = []
for e in range(3):
    for t, (x, y) in enumerate(loader_train):
        model.train()
        x, y = x.to(device=device, dtype=dtype), y.to(device=device, dtype=torch.long)
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if t % 9 == 0:
            print("Iteration %d, loss = %.4f" % (t, loss.item()))
print(np.mean(losses[-9:]) < np.mean(losses[:9]))
print(check_accuracy(loader_test, model) > 0.15)

"""ImageFolder, transforms on Pillow images and on tensors, a grid of pictures."""

import os
import sys

import numpy as np
import torch
import torchvision
import torchvision.transforms as transforms
import torchvision.transforms.functional as TF
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import datasets
from torchvision.datasets import ImageFolder

root = sys.argv[1]
rng = np.random.RandomState(3)
for split in ("train", "val"):
    for name in ("cats", "dogs", "owls"):
        os.makedirs(os.path.join(root, split, name), exist_ok=True)
        for k in range(3):
            size = (40 + 5 * k, 50)
            pixels = rng.randint(0, 256, size=(*size, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(os.path.join(root, split, name, f"{k}.png"))

mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
data_transforms = {
    "train": transforms.Compose([
        transforms.RandomResizedCrop(24),
        transforms.RandomHorizontalFlip(),
        transforms.ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1),
        transforms.RandomRotation(10),
        transforms.ToTensor(),
        transforms.Normalize(mean, std),
        transforms.RandomErasing(p=0.5),
    ]),
    "val": transforms.Compose([
        transforms.Resize(32),
        transforms.CenterCrop(24),
        transforms.ToTensor(),
        transforms.Normalize(mean, std),
    ]),
}  # fmt: skip
image_datasets = {
    x: datasets.ImageFolder(os.path.join(root, x), data_transforms[x]) for x in data_transforms
}
loaders = {
    x: DataLoader(image_datasets[x], batch_size=4, shuffle=(x == "train")) for x in image_datasets
}
print({x: len(image_datasets[x]) for x in image_datasets}, image_datasets["train"].classes)
print(image_datasets["val"].class_to_idx, image_datasets["val"].targets)
print(data_transforms["train"])
for inputs, classes in loaders["train"]:
    print(inputs.shape, inputs.dtype, classes.shape, bool(torch.isfinite(inputs).all()))
for inputs, classes in loaders["val"]:
    print(classes, "%.5f %.5f" % (inputs.mean(), inputs.std()))

folder = ImageFolder(os.path.join(root, "val"))
picture, label = folder[4]
print(picture.size, picture.mode, label, isinstance(picture, Image.Image))
image = transforms.ToTensor()(picture)
print(image.shape, image.min().item() >= 0, image.max().item() <= 1, image.dtype)
print(TF.hflip(image)[0, 0, 0] == image[0, 0, -1], "%.5f" % TF.rotate(image, 30).mean())
print(
    "%.5f" % TF.resize(image, [20, 20]).mean(), TF.pad(image, 2).shape, TF.to_pil_image(image).size
)
print("%.5f" % TF.adjust_contrast(image, 1.5).mean(), TF.rgb_to_grayscale(image).shape)
print(len(transforms.FiveCrop(16)(picture)), transforms.PILToTensor()(picture).dtype)
stacked = transforms.Compose([
    transforms.TenCrop(20),
    transforms.Lambda(lambda crops: torch.stack([transforms.ToTensor()(crop) for crop in crops])),
])(picture)  # fmt: skip
print(stacked.shape, "%.5f" % stacked.mean())

batch = torch.linspace(0, 1, 5 * 3 * 6 * 7).view(5, 3, 6, 7)
grid = torchvision.utils.make_grid(batch, nrow=3, padding=1, pad_value=0.5)
print(grid.shape, "%.6f" % grid.sum())
print("%.6f" % torchvision.utils.make_grid(batch[:, :1] * 4 - 2, normalize=True).sum())
torchvision.utils.save_image(batch, os.path.join(root, "grid.png"))
print(np.asarray(Image.open(os.path.join(root, "grid.png"))).sum())
npimg = grid.numpy()
print(np.transpose(npimg, (1, 2, 0)).shape)
fake = datasets.FakeData(
    size=6, image_size=(3, 16, 16), num_classes=4, transform=transforms.ToTensor()
)
print(len(fake), fake[0][0].shape, 0 <= int(fake[0][1]) < 4)

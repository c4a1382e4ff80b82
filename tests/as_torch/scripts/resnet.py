"""A ResNet-18 for CIFAR-10 from its blocks, beside torchvision's ResNet-18."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from torchvision import models


class ResBlock(nn.Module):
    expansion = 1

    def __init__(self, in_channels, out_channels, stride=1):
        super(ResBlock, self).__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, stride=1, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return F.relu(out)


class ResNet18(nn.Module):
    def __init__(self, num_classes=10, width=8):
        super().__init__()
        self.in_channels = width
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.layers = nn.ModuleList(
            [self.make_layer(width * 2**k, 2, stride=1 if k == 0 else 2) for k in range(4)]
        )
        self.linear = nn.Linear(width * 8, num_classes)

    def make_layer(self, channels, blocks, stride):
        layers = []
        for s in [stride] + [1] * (blocks - 1):
            layers.append(ResBlock(self.in_channels, channels, s))
            self.in_channels = channels
        return nn.Sequential(*layers)

    def forward(self, x):
        x = self.stem(x)
        for layer in self.layers:
            x = layer(x)
        x = F.avg_pool2d(x, 4)
        x = x.view(x.size(0), -1)
        return self.linear(x)


net = ResNet18()
with torch.no_grad():
    for k, p in enumerate(net.parameters()):
        if p.dim() > 1:
            wave = torch.sin(torch.arange(p.numel(), dtype=torch.float32) * 0.9 + k)
            p.copy_(wave.view_as(p) * (4.0 / p[0].numel()) ** 0.5)
net.linear.bias.data.zero_()
print(net.layers[1])
print(len(list(net.modules())), sum(p.numel() for p in net.parameters()))
images = torch.sin(torch.arange(4 * 3 * 32 * 32, dtype=torch.float32) * 0.013).view(4, 3, 32, 32)
labels = torch.tensor([0, 1, 2, 3])
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()
net.train()
optimizer.zero_grad()
outputs = net(images)
loss = criterion(outputs, labels)
loss.backward()
optimizer.step()
print(outputs.shape, "%.4f" % loss.item())
total = torch.sqrt(sum((p.grad**2).sum() for p in net.parameters()))
print("%.1f" % total.item())
net.eval()
with torch.no_grad():
    _, preds = torch.max(net(images), 1)
print(preds.shape, preds.dtype)

big = models.resnet18(weights=None, num_classes=10)
print(big.layer2[0].downsample, big.fc, sum(p.numel() for p in big.parameters()))
print(list(big.state_dict().keys())[:6], len(big.state_dict()))
big.fc = nn.Linear(big.fc.in_features, 5)
print(big(torch.randn(2, 3, 64, 64)).shape, torchvision.models.resnet34(pretrained=False).fc)

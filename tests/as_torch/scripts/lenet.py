"""LeNet on MNIST from a folder that holds it: the images in order, so that every loss is known."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
train_set = datasets.MNIST(sys.argv[1], train=True, download=True, transform=transform)
test_set = datasets.MNIST(sys.argv[1], train=False, transform=transform)
print(len(train_set), len(test_set), train_set.data.shape, train_set.data.dtype)
print(train_set.targets[:10], train_set.classes[:3])
print(train_set)
image, label = train_set[0]
print(image.shape, label, "%.4f" % image.mean())
picture, label = datasets.MNIST(sys.argv[1])[1]
print(picture.size, picture.mode, label)


class LeNet(nn.Module):
    def __init__(self):
        super(LeNet, self).__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(-1, self.num_flat_features(x))
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return F.log_softmax(self.fc3(x), dim=1)

    def num_flat_features(self, x):
        size = x.size()[1:]
        num_features = 1
        for s in size:
            num_features *= s
        return num_features


net = LeNet()
with torch.no_grad():
    for k, p in enumerate(net.parameters()):
        fan_in = p[0].numel() if p.dim() > 1 else 1e9
        wave = torch.sin((torch.arange(p.numel(), dtype=torch.float64) * 12.9898 + k) ** 2 % 6.283)
        p.copy_(wave.float().view_as(p) * (1.0 / fan_in) ** 0.5)
optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
loader = DataLoader(Subset(train_set, range(2048)), batch_size=64, shuffle=False)
for step, (data, target) in enumerate(loader):
    optimizer.zero_grad()
    loss = F.nll_loss(net(data), target)
    loss.backward()
    optimizer.step()
    if step % 8 == 0:
        print(step, "%.3f" % loss.item())
net.eval()
correct = 0
with torch.no_grad():
    for data, target in DataLoader(Subset(test_set, range(1000)), batch_size=250):
        pred = net(data).argmax(dim=1, keepdim=True)
        correct += pred.eq(target.view_as(pred)).sum().item()
print(correct > 500, correct)

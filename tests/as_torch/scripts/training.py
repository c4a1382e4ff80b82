"""A module, a loader, an optimizer, a schedule, a checkpoint: the loop of every tutorial."""

import os
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset, random_split

torch.manual_seed(0)
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
folder = sys.argv[1]


class Net(nn.Module):
    def __init__(self, num_classes=3):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, kernel_size=3, padding=1)
        self.bn = nn.BatchNorm2d(4)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc = nn.Linear(4 * 4 * 4, num_classes)
        self.dropout = nn.Dropout(p=0.0)

    def forward(self, x):
        x = self.pool(F.relu(self.bn(self.conv1(x))))
        x = torch.flatten(x, 1)
        return self.fc(self.dropout(x))


class Stripes(Dataset):
    """Images whose stripes lie along rows, along columns, or nowhere."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, idx):
        label = idx % 3
        rows = torch.arange(8).float().view(8, 1).expand(8, 8)
        image = [rows, rows.t(), torch.zeros(8, 8)][label]
        return torch.sin(image * 2 + idx).unsqueeze(0), label


def fill(model):
    """The same numbers on every machine and engine."""
    with torch.no_grad():
        for k, p in enumerate(model.parameters()):
            if p.dim() > 1:
                wave = torch.sin(torch.arange(p.numel(), dtype=torch.float32) * 1.7 + k)
                p.copy_(wave.view_as(p) * (2.0 / p[0].numel()) ** 0.5)
            elif k % 2:
                p.zero_()


def train(model, loader, optimizer, criterion, epoch):
    model.train()
    running_loss = 0.0
    for batch_idx, (data, target) in enumerate(loader):
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        output = model(data)
        loss = criterion(output, target)
        loss.backward()
        optimizer.step()
        running_loss += loss.item() * data.size(0)
        if batch_idx % 2 == 0:
            print(f"Train Epoch: {epoch} [{batch_idx * len(data)}/{len(loader.dataset)}]", end=" ")
            print("Loss: {:.4f}".format(loss.item()))
    return running_loss / len(loader.dataset)


def test(model, loader):
    model.eval()
    correct = total = 0
    test_loss = 0.0
    with torch.no_grad():
        for data, target in loader:
            output = model(data.to(device))
            test_loss += F.cross_entropy(output, target, reduction="sum").item()
            _, predicted = torch.max(output.data, 1)
            total += target.size(0)
            correct += (predicted == target).sum().item()
    print("Average loss: {:.4f}, Accuracy: {}/{}".format(test_loss / total, correct, total))
    return correct / total


train_loader = DataLoader(Stripes(48), batch_size=12, shuffle=False, num_workers=0)
held_out = [Stripes(60)[i] for i in range(48, 60)]
test_set = TensorDataset(
    torch.stack([x for x, _ in held_out]), torch.tensor([y for _, y in held_out])
)
test_loader = DataLoader(test_set, batch_size=5)
images, labels = next(iter(train_loader))
print(images.shape, images.dtype, labels, len(train_loader), len(test_loader))

model = Net().to(device)
fill(model)
print(model)
print(sum(p.numel() for p in model.parameters() if p.requires_grad))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
scheduler = StepLR(optimizer, step_size=2, gamma=0.1)
for epoch in range(1, 5):
    train_loss = train(model, train_loader, optimizer, criterion, epoch)
    test(model, test_loader)
    scheduler.step()
    print(epoch, round(train_loss, 4), "%.6f" % scheduler.get_last_lr()[0])

path = os.path.join(folder, "model.pth")
torch.save(model.state_dict(), path)
copy = Net()
print(copy.load_state_dict(torch.load(path, map_location=device)))
copy.eval()
print(torch.allclose(copy(images), model.eval()(images)))
checkpoint = {
    "epoch": epoch, "model_state_dict": model.state_dict(), "loss": train_loss,
    "optimizer_state_dict": optimizer.state_dict(),
}  # fmt: skip
torch.save(checkpoint, os.path.join(folder, "checkpoint.tar"))
checkpoint = torch.load(os.path.join(folder, "checkpoint.tar"), weights_only=True)
optimizer.load_state_dict(checkpoint["optimizer_state_dict"])
print(sorted(checkpoint), checkpoint["epoch"], list(checkpoint["model_state_dict"])[:3])
print(sorted(checkpoint["optimizer_state_dict"]["param_groups"][0])[:2])

parts = random_split(Stripes(50), [40, 10], generator=torch.Generator().manual_seed(42))
print([len(part) for part in parts], len(set(parts[0].indices) | set(parts[1].indices)))
subset = Subset(Stripes(30), range(0, 30, 3))
print(len(subset), subset[2][1], [y.tolist() for _, y in DataLoader(subset, batch_size=4)])

"""Mixed precision as PyTorch's own recipe has it: autocast around the forward, a scaler."""

import torch
import torch.nn as nn
from torch.amp import GradScaler, autocast

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
scaler = GradScaler("cpu")
x = torch.randn(64, 8)
y = x[:, :1] * 2 - x[:, 1:2]
for _ in range(60):
    optimizer.zero_grad()
    with autocast("cpu", dtype=torch.float16):
        guess = net(x)
        loss = nn.functional.mse_loss(guess.float(), y)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
assert guess.dtype == torch.float16 and net[0].weight.dtype == torch.float32
assert loss.item() < 0.1, loss
print("scale", scaler.get_scale())

"""Mixed precision in bfloat16, as scripts for newer GPUs have it: no scaler."""

import torch
import torch.nn as nn

torch.manual_seed(0)
assert repr(torch.bfloat16) == "torch.bfloat16" and torch.bfloat16.is_floating_point
net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
x = torch.randn(32, 1, 6, 6)
y = x[:, 0, 2, 2:3]
for _ in range(80):
    optimizer.zero_grad()
    with torch.autocast(device_type="cpu", dtype=torch.bfloat16):
        guess = net(x)
        loss = nn.functional.mse_loss(guess.float(), y)
    loss.backward()
    optimizer.step()
assert net[0].weight.dtype == torch.float32
rounded = guess.detach().float().numpy().view("uint32")
assert not (rounded & 0xFFFF).any(), rounded
with torch.amp.autocast("cpu", dtype=torch.bfloat16):
    assert not ((x[0, 0] @ x[1, 0]).float().numpy().view("uint32") & 0xFFFF).any()
assert loss.item() < 0.2, loss
try:
    x.to(torch.bfloat16)
except TypeError as error:
    print(error)
else:
    print("as in PyTorch")

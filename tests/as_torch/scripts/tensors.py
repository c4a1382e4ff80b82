"""Tensors and autograd, as a first lesson shows them."""

import numpy as np
import torch

x = torch.tensor([[1, 2, 3], [4, 5, 6]], dtype=torch.float32)
print(x)
print(x.shape, x.dtype, x.device, x.ndim, x.numel())
print(x.size(), x.size(1), len(x))
print(x + 10, x * x, x @ x.t(), sep="\n")
print(x[0], x[:, 1], x[x > 2], x[-1, -1].item())
print(x.view(3, 2), x.reshape(-1), x.permute(1, 0).shape, x.unsqueeze(0).shape)
print(x.sum(), x.mean(dim=0), x.max(), x.argmax(dim=1))
values, indices = torch.max(x, 1)
print(values, indices)
print(torch.cat([x, x], dim=0).shape, torch.stack([x, x]).shape)
print(torch.arange(10), torch.arange(0, 1, 0.25), torch.linspace(0, 1, 5), sep="\n")
print(torch.zeros(2, 3), torch.ones(2, dtype=torch.int64), torch.eye(3), sep="\n")
print(torch.tensor([True, False]), torch.tensor(3.5), torch.tensor([]), torch.tensor([1, 2]).dtype)
print(torch.tensor([0.001, 1234.5]), torch.tensor([1e-6, 1.0]), torch.tensor([1.5, float("inf")]))
print(torch.arange(2000.0), torch.arange(60.0).reshape(3, 20) / 7, sep="\n")
print(torch.ones(2, 2, dtype=torch.float64), torch.zeros(0, 4), x.int(), sep="\n")

a = np.ones((2, 2), dtype=np.float32)
t = torch.from_numpy(a)
t.add_(1)
print(a, t.numpy().dtype, t.tolist())
print(x.double().dtype, x.long().dtype, (x > 3).dtype, torch.float32 == x.dtype, x.type())
print(isinstance(x, torch.Tensor), torch.is_tensor(a), type(x))

w = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
y = (w**2).sum()
y.backward()
print(y.item(), w.grad, w.requires_grad, y.requires_grad, w.is_leaf)
w.grad.zero_()
with torch.no_grad():
    z = w * 2
print(z.requires_grad, torch.is_grad_enabled())
(w.exp().log() * 3).sum().backward()
print(w.grad)
print(w, y.detach(), f"{y.item():.3f} {y:.2f}", "%.4f" % y)

# Fit a line by hand.
inputs = torch.linspace(-1, 1, 50)
targets = 3 * inputs + 0.5
slope = torch.zeros(1, requires_grad=True)
shift = torch.zeros(1, requires_grad=True)
learning_rate = 0.1
for step in range(200):
    loss = ((inputs * slope + shift - targets) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        slope -= learning_rate * slope.grad
        shift -= learning_rate * shift.grad
        slope.grad.zero_()
        shift.grad = None
    if step % 50 == 0:
        print(step, f"{loss.item():.5f}")
print(round(slope.item(), 4), round(shift.item(), 4))

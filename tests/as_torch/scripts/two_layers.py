"""A two-layer network four times: NumPy, tensors, autograd, nn and optim."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
dtype = torch.float64
N, D_in, H, D_out = 16, 20, 12, 5
rng = np.random.RandomState(0)
x_np, y_np = rng.randn(N, D_in), rng.randn(N, D_out)
w1_np, w2_np = rng.randn(D_in, H) * 0.1, rng.randn(H, D_out) * 0.1
lr = 1e-3

w1, w2 = w1_np.copy(), w2_np.copy()
for t in range(5):
    h = x_np.dot(w1)
    h_relu = np.maximum(h, 0)
    y_pred = h_relu.dot(w2)
    loss = np.square(y_pred - y_np).sum()
    print(t, "%.6f" % loss)
    grad_y = 2.0 * (y_pred - y_np)
    grad_w2 = h_relu.T.dot(grad_y)
    grad_h = grad_y.dot(w2.T)
    grad_h[h < 0] = 0
    w1 -= lr * x_np.T.dot(grad_h)
    w2 -= lr * grad_w2

x = torch.tensor(x_np, device=device, dtype=dtype)
y = torch.tensor(y_np, device=device, dtype=dtype)
w1, w2 = torch.tensor(w1_np).to(device), torch.tensor(w2_np).to(device)
for t in range(5):
    h = x.mm(w1)
    h_relu = h.clamp(min=0)
    y_pred = h_relu.mm(w2)
    loss = (y_pred - y).pow(2).sum()
    print(t, "%.6f" % loss.item())
    grad_y = 2.0 * (y_pred - y)
    grad_w2 = h_relu.t().mm(grad_y)
    grad_h = grad_y.mm(w2.t())
    grad_h[h < 0] = 0
    w1 -= lr * x.t().mm(grad_h)
    w2 -= lr * grad_w2

w1 = torch.tensor(w1_np, requires_grad=True)
w2 = torch.tensor(w2_np, requires_grad=True)
for t in range(5):
    loss = (x.mm(w1).clamp(min=0).mm(w2) - y).pow(2).sum()
    print(t, "%.6f" % loss.item())
    loss.backward()
    with torch.no_grad():
        for w in (w1, w2):
            w -= lr * w.grad
            w.grad.zero_()


class TwoLayerNet(nn.Module):
    def __init__(self, d_in, hidden, d_out):
        super(TwoLayerNet, self).__init__()
        self.linear1 = nn.Linear(d_in, hidden, bias=False)
        self.linear2 = nn.Linear(hidden, d_out, bias=False)

    def forward(self, x):
        return self.linear2(F.relu(self.linear1(x)))


model = TwoLayerNet(D_in, H, D_out).to(device=device, dtype=dtype)
with torch.no_grad():
    model.linear1.weight.copy_(torch.tensor(w1_np.T))
    model.linear2.weight.copy_(torch.tensor(w2_np.T))
print(model)
optimizer = optim.SGD(model.parameters(), lr=lr)
criterion = nn.MSELoss(reduction="sum")
for t in range(5):
    y_pred = model(x)
    loss = criterion(y_pred, y)
    print(t, "%.6f" % loss.item())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

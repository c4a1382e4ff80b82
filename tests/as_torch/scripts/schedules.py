"""Optimizers and schedules on one quadratic: every number is printed."""

import torch
from torch import nn, optim
from torch.optim import lr_scheduler

makers = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda p: optim.Adam(p, lr=0.1, betas=(0.9, 0.99)),
    "adamw": lambda p: optim.AdamW(p, lr=0.1, weight_decay=0.01),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.01),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.1),
}
for name, make in makers.items():
    w = nn.Parameter(torch.tensor([1.0, -2.0, 3.0]))
    optimizer = make([w])
    for _ in range(10):
        optimizer.zero_grad()
        loss = (w * w * torch.tensor([1.0, 2.0, 0.5])).sum()
        loss.backward()
        optimizer.step()
    print(name, " ".join(f"{v:.5f}" for v in w.tolist()))

schedules = {
    "step": lambda o: lr_scheduler.StepLR(o, 3, gamma=0.5),
    "multi": lambda o: lr_scheduler.MultiStepLR(o, milestones=[2, 5], gamma=0.1),
    "exp": lambda o: lr_scheduler.ExponentialLR(o, 0.9),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=8),
    "lambda": lambda o: lr_scheduler.LambdaLR(o, lr_lambda=lambda e: 1 / (1 + e)),
    "cycle": lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.5, total_steps=10),
}
for name, make in schedules.items():
    optimizer = optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
    scheduler = make(optimizer)
    rates = []
    for _ in range(8):
        optimizer.step()
        scheduler.step()
        rates.append("%.5f" % optimizer.param_groups[0]["lr"])
    print(name, *rates)

plateau = lr_scheduler.ReduceLROnPlateau(optimizer, mode="min", patience=1, factor=0.1)
for value in (1.0, 0.9, 0.9, 0.9, 0.9):
    plateau.step(value)
print(optimizer.param_groups[0]["lr"] < 0.05)
print(optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1))
groups = optim.SGD(
    [
        {"params": [nn.Parameter(torch.zeros(1))]},
        {"params": [nn.Parameter(torch.zeros(1))], "lr": 1e-3},
    ],
    lr=1e-2,
)
print([g["lr"] for g in groups.param_groups])

"""A Function of one's own, hooks, initialisation, and a table of the parameters."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Function, gradcheck


class MyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[x < 0] = 0
        return grad_input


class Scale(Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x * factor

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * ctx.factor, None


x = torch.tensor([-1.0, 0.5, 2.0], requires_grad=True)
y = MyReLU.apply(x)
Scale.apply(y, 3).sum().backward()
print(y.detach(), x.grad)
print(gradcheck(MyReLU.apply, (torch.tensor([0.3, -0.4], dtype=torch.double, requires_grad=True),)))

net = nn.Sequential(
    nn.Conv2d(3, 6, 5),
    nn.ReLU(inplace=True),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(6 * 14 * 14, 10),
)
shapes = {}


def remember(name):
    def hook(module, inputs, output):
        shapes[name] = (tuple(inputs[0].shape), tuple(output.shape))

    return hook


handles = [m.register_forward_hook(remember(n)) for n, m in net.named_children()]
net(torch.randn(2, 3, 32, 32))
for name, (before, after) in shapes.items():
    print(name, net[int(name)].__class__.__name__, before, "->", after)
for handle in handles:
    handle.remove()

total = 0
print("-" * 40)
for name, param in net.named_parameters():
    print(f"{name:<12} {str(list(param.shape)):<18} {param.numel():>8,d} {param.requires_grad}")
    total += param.numel()
print("-" * 40, f"\nTotal params: {total:,}")


def init_weights(m):
    if isinstance(m, nn.Conv2d):
        nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
        nn.init.constant_(m.bias, 0)
    elif isinstance(m, nn.Linear):
        torch.nn.init.xavier_uniform_(m.weight)
        m.bias.data.fill_(0.01)


torch.manual_seed(1)
net.apply(init_weights)
std = net[0].weight.std().item()
print(abs(std - math.sqrt(2 / (6 * 25))) < 0.02, net[0].bias.sum().item(), net[4].bias[0].item())
print(net[4].weight.abs().max().item() <= math.sqrt(6 / (1176 + 10)))

grads = []
w = torch.ones(3, requires_grad=True)
handle = w.register_hook(lambda g: grads.append(g.clone()))
(w * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
handle.remove()
print(grads, w.grad)
norm = nn.utils.clip_grad_norm_([w], max_norm=1.0)
print(round(norm.item(), 4), w.grad)

(dy,) = torch.autograd.grad((w**3).sum(), w, create_graph=True)
(ddy,) = torch.autograd.grad(dy.sum(), w)
print(dy.detach(), ddy)
conv = nn.Conv2d(1, 1, 3, padding=1, bias=False)
conv.weight.data = torch.tensor([[[[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]]])
print(conv(torch.arange(16.0).view(1, 1, 4, 4)).detach())
print(F.softmax(torch.tensor([[1.0, 2.0, 3.0]]), dim=1), F.one_hot(torch.tensor([0, 2]), 3))
print(isinstance(conv.weight, nn.Parameter), isinstance(conv.weight, torch.Tensor))
print(nn.Parameter(torch.zeros(2)))
mask = torch.ones(3, 3, dtype=torch.bool).tril()
q = torch.sin(torch.arange(12.0)).view(1, 1, 3, 4)
print(F.scaled_dot_product_attention(q, q, q, attn_mask=mask))

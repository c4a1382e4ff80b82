"""How PyTorch was written in its first years; it still runs."""

import torch
import torch.nn as nn
from torch.autograd import Variable
from torch.nn.modules.utils import _pair
from torch.nn.parameter import Parameter

torch.backends.cudnn.benchmark = True
torch.backends.cudnn.deterministic = False
x = Variable(torch.FloatTensor([[1, 2], [3, 4]]), requires_grad=True)
out = (x * x).mean()
out.backward()
print(
    x.grad.data, out.data, torch.LongTensor([1, 2]), torch.Tensor([1, 2]), torch.Tensor(2, 3).shape
)
print(isinstance(x.data, torch.FloatTensor), isinstance(x.data, torch.LongTensor), x.data.type())


class Mask(nn.Module):
    def __init__(self, size):
        nn.Module.__init__(self)
        self.size = _pair(size)
        self.weight = Parameter(torch.Tensor(*self.size))
        self.register_buffer("count", torch.zeros(1))
        self.reset_parameters()

    def reset_parameters(self):
        self.weight.data.fill_(0.5)

    def forward(self, x):
        self.count += 1
        return x * self.weight

    def extra_repr(self):
        return "size={}".format(self.size)


mask = Mask(2)
print(mask, mask(x).sum().item(), mask.count, list(mask.state_dict()))
model = nn.DataParallel(nn.Linear(2, 1))
print(list(model.state_dict()), model(x.data).size(), model.module.in_features)
if torch.cuda.is_available():
    torch.cuda.manual_seed_all(0)
    model = model.cuda()
print(torch.cuda.device_count() >= 0, next(model.parameters()).is_cuda)
params = dict(model.named_parameters())
print(
    sorted(params), torch.sigmoid(torch.zeros(1)), torch.nn.functional.relu(torch.tensor([-1.0, 1]))
)

"""VGG-19: frozen features and a new head, as for transfer learning."""

import torch
import torch.nn as nn
import torch.optim as optim
import torchvision

model = torchvision.models.vgg19(weights=None)
for param in model.features.parameters():
    param.requires_grad = False
model.classifier[6] = nn.Linear(4096, 10)
print(model.features[0], model.features[4], len(model.features))
print(model.classifier[6], len(model.classifier))
total = sum(p.numel() for p in model.parameters())
trainable = [name for name, p in model.named_parameters() if p.requires_grad]
print(total, trainable)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = model.to(device)
optimizer = optim.SGD(filter(lambda p: p.requires_grad, model.parameters()), lr=1e-3, momentum=0.9)
print(len(optimizer.param_groups[0]["params"]))
before = model.features[0].weight.clone()
model.train()
loss = nn.CrossEntropyLoss()(model(torch.randn(2, 3, 32, 32)), torch.tensor([1, 7]))
loss.backward()
optimizer.step()
print(model.features[0].weight.grad is None, model.classifier[6].weight.grad.shape)
print(torch.equal(before, model.features[0].weight), loss.dim())

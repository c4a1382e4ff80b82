"""PyTorch's own formats: a pickle machine for data alone, storages, containers, writing."""

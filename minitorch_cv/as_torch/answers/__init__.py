"""What PyTorch and torchvision have and the engine's own rooms do not, or have in another form."""

"""From the linear classifier to VGG: one layer after the other."""

"""What trained networks say about many images, and how good that is."""

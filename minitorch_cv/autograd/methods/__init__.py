"""What `Tensor` can do, as mixins: one file for each kind of method."""

"""Batches from pairs of files: a `tf.data.Dataset`, or NumPy arrays."""

"""From pairs of files to batches: a `tf.data.Dataset`, or NumPy arrays."""

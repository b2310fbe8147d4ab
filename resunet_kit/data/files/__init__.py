"""From a file to an array: decoding, reading, resizing, normalisation."""

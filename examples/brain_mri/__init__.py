"""Two-stage pipeline for brain tumours: a classifier detects slices with tumour, a segmenter delineates it."""

"""Random variation of images with their masks: spatial, then of intensity."""

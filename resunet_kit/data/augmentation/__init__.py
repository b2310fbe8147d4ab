"""Random augmentation of images with their masks: spatial transforms, then changes of intensity."""

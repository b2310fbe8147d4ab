"""What `predict` reads and writes: slices, NIfTI volumes and DICOM series, each as one patient's slices."""

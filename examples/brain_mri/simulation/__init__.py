"""Simulated cohort that can be trained on without any download.

The anatomy is the MNI152 average that nilearn carries. The template is stripped of its skull, while the published
slices mostly show it, so skull, scalp, eyes and soft tissue of the face are made up around the brain: the scalp's
bright fat is one of the things that a threshold on FLAIR mistakes for tumour. The lesions are made up too: nothing
measured on this cohort says anything about patients.
"""

from examples.brain_mri.simulation.cohort import simulate_cohort
from examples.brain_mri.simulation.patient import Patient, simulate_patient

__all__ = ["Patient", "simulate_cohort", "simulate_patient"]

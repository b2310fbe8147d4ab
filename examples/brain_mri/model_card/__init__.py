"""The model card of a run: what it is, what it is for, how good it is and for whom, and what is not known.

References:
    Mitchell et al. (2019), "Model cards for model reporting", FAT*, arXiv:1810.03993: the headings, in order.
"""

from examples.brain_mri.model_card.card import blocks, write
from examples.brain_mri.model_card.descriptions import caveats, intended_use

__all__ = ["blocks", "caveats", "intended_use", "write"]

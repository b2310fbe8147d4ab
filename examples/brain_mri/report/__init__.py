"""The interactive report of a run, one module per group of sections."""

from examples.brain_mri.report.page import write_report

__all__ = ["write_report"]

"""Interactive figures from NumPy arrays, and a report that holds them.

Every function returns a `plotly.graph_objects.Figure` and never shows it: call `.show()`, `.write_html(path)`, or
put it into `write_report`. Neither Keras nor TensorFlow is loaded. The colours are Okabe and Ito's, which readers
with the common kinds of colour blindness tell apart; in every picture the truth alone is sky blue, the prediction
alone orange, and what both agree on green.
"""

from resunet_kit.plots.calibration import reliability_diagram
from resunet_kit.plots.curves import precision_recall_curve, roc_curve
from resunet_kit.plots.errors import error_map, worst_cases
from resunet_kit.plots.history import training_history
from resunet_kit.plots.images import overlay, sample_grid
from resunet_kit.plots.labels import class_balance, confusion_matrix
from resunet_kit.plots.report import Section, write_report
from resunet_kit.plots.scores import score_distribution
from resunet_kit.plots.thresholds import threshold_curve
from resunet_kit.plots.volumes import slice_viewer

__all__ = [
    "Section",
    "class_balance",
    "confusion_matrix",
    "error_map",
    "overlay",
    "precision_recall_curve",
    "reliability_diagram",
    "roc_curve",
    "sample_grid",
    "score_distribution",
    "slice_viewer",
    "threshold_curve",
    "training_history",
    "worst_cases",
    "write_report",
]

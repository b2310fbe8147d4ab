"""Interactive figures from NumPy arrays, and a report that holds them.

Each function returns a `plotly.graph_objects.Figure` without showing it: call `.show()` or `.write_html(path)`, or
pass it to `write_report`. Importing loads neither Keras nor TensorFlow. The palette of Okabe and Ito can be told apart
with the common kinds of colour blindness. In every picture false negatives (truth alone) are sky blue, false positives
(prediction alone) orange, and true positives green.
"""

from resunet_kit.plots._keyboard import page_script
from resunet_kit.plots.agreement import bland_altman
from resunet_kit.plots.architecture import architecture_diagram
from resunet_kit.plots.calibration import reliability_diagram
from resunet_kit.plots.curves import precision_recall_curve, roc_curve
from resunet_kit.plots.errors import error_map, worst_cases
from resunet_kit.plots.heatmaps import heatmap_overlay
from resunet_kit.plots.history import training_history
from resunet_kit.plots.images import overlay, sample_grid
from resunet_kit.plots.intervals import interval_plot
from resunet_kit.plots.labels import class_balance, confusion_matrix
from resunet_kit.plots.learning_curves import score_curves
from resunet_kit.plots.planes import orthogonal_planes
from resunet_kit.plots.report import Details, Section, Table, write_report
from resunet_kit.plots.scores import score_distribution
from resunet_kit.plots.surfaces import lesion_surface
from resunet_kit.plots.thresholds import threshold_curve
from resunet_kit.plots.volumes import slice_viewer

__all__ = [
    "Details",
    "Section",
    "Table",
    "architecture_diagram",
    "bland_altman",
    "class_balance",
    "confusion_matrix",
    "error_map",
    "heatmap_overlay",
    "interval_plot",
    "lesion_surface",
    "orthogonal_planes",
    "overlay",
    "page_script",
    "precision_recall_curve",
    "reliability_diagram",
    "roc_curve",
    "sample_grid",
    "score_curves",
    "score_distribution",
    "slice_viewer",
    "threshold_curve",
    "training_history",
    "worst_cases",
    "write_report",
]

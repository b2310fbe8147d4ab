"""The page of a report: text, tables, figures, style sheet and script."""

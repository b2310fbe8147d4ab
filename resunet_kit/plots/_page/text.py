"""Text of a report as HTML."""

import html
import re


def paragraphs(text: str) -> str:
    """Return text as HTML paragraphs, escaped; blank lines separate them, `**bold**` and backticks mark up.

    Example:
        >>> paragraphs("Dice **0.9** < 1")
        '<p>Dice <strong>0.9</strong> &lt; 1</p>'
    """
    parts = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    return "\n".join(f"<p>{_marked(part)}</p>" for part in parts)


def escaped(text: object) -> str:
    """Return text for between two tags.

    Example:
        >>> escaped("</td><script>")
        '&lt;/td&gt;&lt;script&gt;'
    """
    return html.escape(str(text), quote=False)


def _marked(text: str) -> str:
    pieces = re.split(r"`([^`]+)`", escaped(text))  # every second piece was between backticks
    return "".join(
        f"<code>{piece}</code>" if index % 2 else re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", piece, flags=re.S)
        for index, piece in enumerate(pieces)
    )

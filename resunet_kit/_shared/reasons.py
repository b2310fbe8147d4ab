"""What Keras says is wrong, in one line of its own messages."""

import re

STYLES = re.compile(r"\x1b\[\d*m")


def reason(error: Exception) -> str:
    """Return the first line of the message that names a reason, rather than the call it happened in."""
    lines = [STYLES.sub("", line).strip() for line in str(error).splitlines()]
    named = [line for line in lines if line and not line.startswith("Exception encountered when calling")]
    return named[0] if named else repr(error)

"""What of this process's environment goes along with a task."""

import os


def sendable() -> tuple[dict[str, str], list[str]]:
    """All that can be sent, and the names of what cannot, because it is not UTF-8."""
    sent, left = {}, []
    for name, value in os.environ.items():
        try:
            (name + value).encode()
            sent[name] = value
        except UnicodeEncodeError:
            left.append(name)
    return sent, left

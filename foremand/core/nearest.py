"""What somebody may have meant who wrote a name that is none."""

import difflib
import json
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean "..."?` with the most similar known word, or nothing where none is similar."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {json.dumps(close[0])}?" if close else ""

"""Which words of a line changed: what stands between the words that both lines begin and end with."""

import re

_WORD = re.compile(r"\w+|\s+|[^\w\s]")

Span = tuple[int, int]


def changed(old: str, new: str) -> tuple[Span, Span]:
    """The part of either line that the other does not have, in characters. Empty where next to nothing is common:
    then the whole line is another one, and marking all of it would say nothing."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    most = min(len(before), len(after))
    head = 0
    while head < most and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < most - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    common = [*before[:head], *before[len(before) - tail :]]
    if not any(word.strip() for word in common):
        return (0, 0), (0, 0)
    start, rest = sum(map(len, before[:head])), sum(map(len, before[len(before) - tail :]))
    return (start, len(old) - rest), (start, len(new) - rest)

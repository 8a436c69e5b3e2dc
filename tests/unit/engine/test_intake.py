"""A target is read once for as long as its branches stand where they stood, and not kept for ever."""

from pathlib import Path
from typing import Any

from foremand.engine import intake


def test_what_was_not_asked_for_the_longest_is_forgotten() -> None:
    nothing: Any = None
    taken = intake.Intake(nothing, nothing, nothing, nothing, sandboxed=True)
    keys = [(Path("/repo"), "main", f"pipeline {number}") for number in range(intake.REMEMBERED + 1)]
    for key in (*keys[:-1], keys[0], keys[-1]):
        taken._remember(key, "heads", nothing)
    assert set(taken._known) == set(keys) - {keys[1]}

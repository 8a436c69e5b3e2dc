"""Repositories of which nothing is known but that `make` tests them."""

import re
from pathlib import Path

from foremand.pipeline.init.kinds import Kind, ProposedGate, lines_of

_FILES = ("GNUmakefile", "makefile", "Makefile")
"""In the order in which GNU make looks for them."""
_RULE = re.compile(r"(?P<targets>[^\s:=#][^:=#]*?)\s*::?(?!=)")


def look(top: Path) -> Kind | None:
    """The kind of a repository whose makefile has a target `test` or `check`."""
    file = next((name for name in _FILES if (top / name).exists()), None)
    if file is None:
        return None
    rules = (_RULE.match(line) for line in lines_of(top / file))
    targets = {target for rule in rules if rule for target in rule["targets"].split()}
    target = next((name for name in ("test", "check") if name in targets), None)
    if target is None:
        return None
    gate = ProposedGate(name="tests", about=f"The target `{target}` of {file}.", run=f"make {target}")
    return Kind(name="make", gates=(gate,))

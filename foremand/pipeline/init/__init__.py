"""Writing a first pipeline that fits a repository.

What is written calls nothing that resolves inside the user's own checkout or environment: what the tests need is set
up from the repository's own lock files, in the tree itself.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pathspec
from msgspec import Struct

from foremand.pipeline.init import cargo, go, make, node, python, template
from foremand.pipeline.init.kinds import Kind, NoProposal, lines_of

__all__ = ["NoProposal", "Proposal", "propose"]

_LOOKS: tuple[Callable[[Path], Kind | None], ...] = (python.look, node.look, cargo.look, go.look)
_KNOWN = "pytest (pip, uv, poetry), npm, pnpm, cargo, go, or a makefile with a target test or check"

_COMMITTED = "# It holds once it is committed."


class Proposal(Struct, frozen=True):
    """The text of a pipeline file, and what in the repository it does not judge: one reason each."""

    text: str
    left_out: tuple[str, ...] = ()


def propose(top: Path, *, own: bool = False) -> Proposal:
    """A pipeline file for the repository at `top`, which is only read.

    `own`: it will lie among the user's settings, not in the repository. Raises NoProposal where no kind of
    repository that is known here is found.
    """
    kinds, refusals = _kinds(top)
    if not kinds and refusals:
        raise refusals[0]
    if not kinds:
        raise NoProposal(f"no tests were found: no sign of {_KNOWN}")
    return Proposal(
        template.render(kinds, _place(top) if own else _COMMITTED, all_ignored=_ignores_all(top, kinds)),
        tuple(refusal.reason for refusal in refusals),
    )


def _kinds(top: Path) -> tuple[list[Kind], list[NoProposal]]:
    kinds, refusals = [], []
    for look in _LOOKS:
        try:
            kind = look(top)
        except NoProposal as refusal:
            refusals.append(refusal)
            continue
        if kind is not None:
            kinds.append(kind)
    # Beside another kind a makefile only calls its tools, as the user's environment has them.
    made = make.look(top) if not kinds else None
    return ([made] if made is not None else kinds), refusals


def _ignores_all(top: Path, kinds: list[Kind]) -> bool:
    """Whether the top's .gitignore covers what the setup makes, also in parts that are yet to come."""
    rules = pathspec.GitIgnoreSpec.from_lines(lines_of(top / ".gitignore"))
    now = [f"{name}/" for kind in kinds for name in kind.makes]
    later = [f"any/part/{name}/" for kind in kinds if kind.grows for name in kind.makes]
    return all(map(rules.match_file, now + later))


def _place(top: Path) -> str:
    readable = os.fsencode(top).decode(errors="backslashreplace")
    return (
        "# It is for one person: it lies among their settings, is found by its name, and holds while the repository\n"
        f"# has no pipeline of its own. The repository: {template.quoted(readable)}"
    )

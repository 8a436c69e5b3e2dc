"""Comments written in an editor: between the quoted lines of the change, as one answers a letter."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from foremanctl.harmless import line as one_line

from .comments import Place, place_of
from .patch import Patch
from .patch_paint import plain

_MOST_LINES = 3000
_LONGEST = 1000
_HOW = (
    "What is to change? Write it above for the whole work, or below a line for that line.",
    "Lines that begin with > are not sent.",
    "",
)


@dataclass(frozen=True)
class Quoted:
    """A line as the editor has it, and the place that words below it are about."""

    shown: str
    place: Place = field(default_factory=Place)
    text: str = ""


def letter(patch: Patch) -> list[Quoted]:
    """The change to be answered, after a line for the whole work."""
    quoted = [Quoted(""), *(Quoted(f"> {text}".rstrip()) for text in _HOW)]
    for line in _lines(patch):
        if len(quoted) > _MOST_LINES:
            quoted.append(Quoted("> [...] the change goes on: comment on the rest of it on the screen, with c"))
            break
        quoted.append(line)
    return quoted


def written(answer: str, quoted: list[Quoted]) -> list[tuple[Place, str, str]]:
    """What was written in between: the place, the line there, and the words. Quoted lines may have been deleted."""
    at = 0
    here = Quoted("")
    said: dict[Place, tuple[str, list[str]]] = {}
    for text in answer.split("\n"):
        found = _next(quoted, text, at) if text.startswith(">") else None
        if found is not None:
            at, here = found + 1, quoted[found]
        else:
            said.setdefault(here.place, (here.text, []))[1].append(text)
    blocks = ((place, line, "\n".join(words).strip("\n")) for place, (line, words) in said.items())
    return [block for block in blocks if block[2].strip()]


def _next(quoted: list[Quoted], text: str, at: int) -> int | None:
    wanted = text.rstrip()
    return next((index for index in range(at, len(quoted)) if quoted[index].shown == wanted), None)


def _lines(patch: Patch) -> Iterator[Quoted]:
    for file in patch.files:
        place = Place(file.path)
        yield Quoted(f"> {file.letter} {one_line(file.path)}", place)
        for line in patch.body(file):
            shown = one_line(patch.sign(line) + plain(patch, line)[:_LONGEST])
            there = place_of(patch, file, line)
            yield Quoted(f"> {shown}".rstrip(), there or place, plain(patch, line) if there else "")
        yield Quoted(">")

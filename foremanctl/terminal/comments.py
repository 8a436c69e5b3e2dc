"""What a person says about lines, files and the whole work, until it is sent as one message."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from foremanctl.harmless import line as one_line

from .patch import File, Patch
from .patch_paint import plain

_LONGEST_QUOTE = 500


@dataclass(frozen=True, order=True)
class Place:
    """What a comment is about: line `number` of a file, a file, or with no `path` the whole work.

    `before`: the number is that of a line that the change removes.
    """

    path: str = ""
    number: int = 0
    before: bool = False


@dataclass(frozen=True)
class Comment:
    """Words about a place in one revision. `quoted` is the line itself."""

    revision: str
    place: Place
    text: str
    quoted: str = ""


class Comments:
    """The comments on one task's revisions: one for each place."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, Place], Comment] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, comment: Comment) -> None:
        """Keeps it, in the place of what was said there before. One without words removes that."""
        if comment.text.strip():
            self._kept[comment.revision, comment.place] = comment
        else:
            self.remove(comment.revision, comment.place)

    def remove(self, revision: str, place: Place) -> None:
        """Forgets what was said there, if anything was."""
        self._kept.pop((revision, place), None)

    def clear(self) -> None:
        """Forgets everything: it was sent."""
        self._kept.clear()

    def at(self, revision: str, place: Place) -> Comment | None:
        """What was said there."""
        return self._kept.get((revision, place))

    def on(self, revision: str) -> list[Comment]:
        """Those on one revision: on the whole work first, then by file and line."""
        return sorted((each for each in self._kept.values() if each.revision == revision), key=lambda c: c.place)

    def elsewhere(self, revision: str) -> list[Comment]:
        """Those on other revisions, in the order in which they were made."""
        return [each for each in self._kept.values() if each.revision != revision]

    def carry(self, revision: str, patch: Patch) -> None:
        """Takes comments on other revisions along to this one, where the line that they quote is still there, or the
        file. What has gone keeps its own revision: it is said of that."""
        files = {path: file for file in patch.files for path in file.paths}
        for comment in self.elsewhere(revision):
            place = _found_again(comment, files.get(comment.place.path), patch)
            if place is not None and (revision, place) not in self._kept:
                del self._kept[comment.revision, comment.place]
                self.put(replace(comment, revision=revision, place=place))

    def message(self, revision: str) -> str:
        """All of them as one text: every comment word for word, with its file, line and the line itself."""
        parts = [_said(each) for each in self.on(revision)]
        earlier: dict[str, list[Comment]] = {}
        for comment in self.elsewhere(revision):
            earlier.setdefault(comment.revision, []).append(comment)
        for old, said in earlier.items():
            parts.append(f"On the earlier revision {old[:12]}, of lines that have changed since:")
            parts += map(_said, said)
        return "\n\n".join(parts)


def place_of(patch: Patch, file: File, line: int) -> Place | None:
    """The place of a line of a hunk; None for what is no line of either file."""
    old, new = patch.numbers(line)
    if new is not None:
        return Place(file.path, new)
    return None if old is None else Place(file.path, old, before=True)


def lines_at(patch: Patch, file: File, comments: Iterable[Comment]) -> dict[int, Comment]:
    """The comments on lines of a file, each by the line of the patch that it stands under."""
    wanted = {comment.place: comment for comment in comments if comment.place.number}
    if not wanted:
        return {}
    places = ((line, place_of(patch, file, line)) for line in patch.body(file))
    return {line: wanted[place] for line, place in places if place in wanted}


def about(place: Place) -> str:
    """A place in words: `src/a.py, line 12`."""
    if not place.path:
        return "the whole work"
    path = one_line(place.path)
    if not place.number:
        return path
    return f"{path}, line {place.number}" + (" before the change" if place.before else "")


def _said(comment: Comment) -> str:
    text = comment.text.strip("\n")
    if not comment.place.path:
        return text
    quote = f"\n> {_quotable(comment.quoted)}" if comment.place.number else ""
    return f"{about(comment.place)}:{quote}\n{text}"


def _quotable(text: str) -> str:
    """A line as it is, but for a NUL, which no program can be given, and for what goes on without end."""
    kept = text[:_LONGEST_QUOTE].replace("\0", "\\x00")
    return kept + (" [...]" if len(text) > _LONGEST_QUOTE else "")


def _found_again(comment: Comment, file: File | None, patch: Patch) -> Place | None:
    if not comment.place.path:
        return comment.place
    if file is None:
        return None
    if not comment.place.number:
        return replace(comment.place, path=file.path)
    there = [
        place
        for line in patch.body(file)
        if (place := place_of(patch, file, line)) is not None
        and place.before == comment.place.before
        and plain(patch, line) == comment.quoted
    ]
    return _nearest(there, comment.place.number)


def _nearest(places: Sequence[Place], number: int) -> Place | None:
    return min(places, key=lambda place: abs(place.number - number), default=None)

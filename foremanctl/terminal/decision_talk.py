"""Comments made on the decision screen: on the line where the cursor is, or in the editor."""

from foremanctl.harmless import line

from .comments import Comment, Comments, Place, about, place_of
from .comments_editor import letter, written
from .decision_fetch import Fetched
from .decision_page import Spot
from .patch_paint import plain
from .screens import Terminal


class Talk:
    """What a person says about what is shown."""

    def __init__(self, terminal: Terminal, found: Fetched, comments: Comments) -> None:
        self._terminal = terminal
        self._found = found
        self._comments = comments
        self._revision = found.known.revision

    async def comment(self, spot: Spot) -> None:
        """Asks for one line of words about a spot; what was said there is there to be changed."""
        place = self._place(spot)
        if place is None:
            gone = "this line was removed since then: say it about the line above or below"
            return self._terminal.say(gone, bad=True)
        before = self._comments.at(self._revision, place)
        if before is not None and "\n" in before.text:
            return await self._edit(before)
        text = await self._terminal.line(f"{line(about(place))}: ", before.text if before else "")
        if text is not None:
            self._comments.put(Comment(self._revision, place, text, self._quoted(spot)))
        return None

    def remove(self, spot: Spot) -> None:
        """Takes back what was said there."""
        place = self._place(spot)
        if place is None or self._comments.at(self._revision, place) is None:
            return self._terminal.say("nothing was said here")
        return self._comments.remove(self._revision, place)

    async def write(self) -> bool:
        """Opens the editor on the whole change; whether anything was written."""
        quoted = letter(self._found.whole)
        answer = await self._terminal.edit("\n".join(each.shown for each in quoted) + "\n")
        said = written(answer, quoted) if answer is not None else []
        for place, text, words in said:
            before = self._comments.at(self._revision, place)
            both = f"{before.text}\n{words}" if before is not None else words
            self._comments.put(Comment(self._revision, place, both, text))
        if not said:
            self._terminal.say("nothing was written")
        return bool(said)

    async def _edit(self, comment: Comment) -> None:
        text = await self._terminal.edit(comment.text)
        if text is not None:
            self._comments.put(Comment(comment.revision, comment.place, text.strip("\n"), comment.quoted))

    def _place(self, spot: Spot) -> Place | None:
        if spot.file < 0 or not self._found.shown.files:
            return Place()
        patch = self._found.shown
        file = patch.files[spot.file]
        if spot.line < 0:
            return Place(file.path)
        place = place_of(patch, file, spot.line) or Place(file.path)
        # What is new since then tells lines of the revision in between, which is neither before nor after the change.
        return None if place.before and self._found.view != "whole" else place

    def _quoted(self, spot: Spot) -> str:
        is_line = spot.file >= 0 and spot.line >= 0 and self._found.shown.sign(spot.line) in "+- "
        return plain(self._found.shown, spot.line) if is_line else ""

"""What has happened to a change since somebody answered for it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from .diff import patch_by
from .trial import trial, try_merge
from .work import WorkRepo

UNLIKE = (
    b"The approved change conflicts with the present base: below are all differences between both revisions, "
    b"what others have landed included.\n"
)

Range = tuple[str, str]
"""A change: its base and its revision."""


async def interdiff(work: WorkRepo, old: Range, new: Range) -> AsyncGenerator[bytes, None]:
    """A patch for people from the change that was approved to the present one, in pieces; nothing where they agree.

    The old change is put on the new base first, so that what others landed in between is not shown. Where that
    conflicts the two revisions are compared, and a first line says so.
    """
    (old_base, old_revision), (new_base, new_revision) = old, new
    async with trial(work) as git:
        approved = old_revision
        if await work.tree_of(old_base) != await work.tree_of(new_base):
            moved = await try_merge(git, old_base, new_base, old_revision)
            if moved.conflicts:
                yield UNLIKE
            else:
                approved = moved.tree
        async with aclosing(patch_by(git, approved, new_revision)) as pieces:
            async for piece in pieces:
                yield piece

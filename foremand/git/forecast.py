"""Will two tasks get in each other's way? Told before either of them lands."""

from msgspec import Struct

from .trial import trial, try_merge
from .work import WorkRepo


class Side(Struct, frozen=True):
    """One task's change, `base..revision` in its repository `work`."""

    work: WorkRepo
    base: str
    revision: str


async def forecast(a: Side, b: Side) -> tuple[str, ...]:
    """The paths in which two changes contradict each other: one lands, the other is then built on it.

    Empty: they do not. Both are seen on the later of their bases, so what others landed in between is no conflict
    of theirs. Nothing is kept, in no repository.
    """
    async with trial(a.work, b.work) as git:
        first = a.revision
        if a.base != b.base:
            if (await git.result("merge-base", "--is-ancestor", b.base, a.base)).code == 0:
                a, b = b, a
            first = (await try_merge(git, a.base, b.base, a.revision)).tree
        return (await try_merge(git, b.base, first, b.revision)).conflicts

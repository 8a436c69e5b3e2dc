"""Facts of landing: candidates, the queue, and the branch as it moves."""

from typing import Literal

from msgspec import Struct

from foremand.core.spec import Gate

from .base import Fact, Work


class CandidateBuilt(Fact, frozen=True, kw_only=True, tag=True):
    """`source` stands as one commit on `tip`. `empty`: the tip has it all already.

    `approved_by` are the people whom the commit's message names. `gates` are those of the tip's own pipeline file
    that the pinned one does not have. `old` is what the branch holds, where that is not the tip (`fetch`). `signs`:
    the user's git signs what they commit, so this is signed before it lands.
    """

    number: int
    source: str
    tip: str
    work: Work
    empty: bool = False
    approved_by: tuple[str, ...] = ()
    gates: tuple[Gate, ...] = ()
    old: str = ""
    signs: bool = False


class CandidateConflicted(Fact, frozen=True, kw_only=True, tag=True):
    """`source` does not merge with `tip`; `files` is the tree of the merge with its markers.

    `others`: what landed there meanwhile, with its purpose and change, for who has to resolve it.
    """

    number: int
    source: str
    tip: str
    tip_tree: str
    files: str
    paths: tuple[str, ...]
    others: str = ""


class Signed(Fact, frozen=True, kw_only=True, tag=True):
    """The candidate as the user signs it: the same commit but for the signature."""

    candidate: int
    commit: str


class QueueEntered(Fact, frozen=True, kw_only=True, tag=True):
    """The task takes its place in the landing queue of its repository and branch."""

    candidate: int


class QueueLeft(Fact, frozen=True, kw_only=True, tag=True):
    """The task gives its place in the queue back without having landed."""

    reason: str


class LandingIntended(Fact, frozen=True, kw_only=True, tag=True):
    """The branch is about to move from `old` to `new`. Only recovery may follow, or the landing itself."""

    candidate: int
    old: str
    new: str


class LockFile(Struct, frozen=True, kw_only=True):
    """A lock file of git's in the user's repository that a landing made; inode and time tell it from any later one."""

    path: str
    device: int
    inode: int
    mtime_ns: int


class LandingLocked(Fact, frozen=True, kw_only=True, tag=True):
    """The branch is held for the landing. What a power cut leaves of `locks` is ours to remove, and nothing else."""

    candidate: int
    locks: tuple[LockFile, ...]


class LandingRefused(Fact, frozen=True, kw_only=True, tag=True):
    """The branch did not move: its tip is another now (`moved`), or something of the user's is in the way (`blocked`).

    What is in the way may be seen before there is a candidate: then `candidate` is the one that would have been next.
    """

    candidate: int
    kind: Literal["moved", "blocked"]
    reason: str


class Landed(Fact, frozen=True, kw_only=True, tag=True):
    """Ancestry and tree are proved: the branch holds the work."""

    commit: str
    reason: str = ""

"""A landing that is about to happen, and what must hold when it did or could not."""

from pathlib import Path

import pytest

from foremand.git import (
    Blocked,
    Candidate,
    build,
    identity,
    land,
)

AT = 1_700_000_000.0


class Landing:
    """A candidate that changes, adds and removes files, and the user's repository before it."""

    def __init__(self, user, work, old: str, made: Candidate) -> None:
        self.user = user
        self.work = work
        self.old = old
        self.new = made.commit
        self.tree = made.tree

    async def land(self, into: str = "main", **more) -> None:
        await land(self.user.top, self.work, into, self.old, self.new, **more)

    def assert_landed(self, where: Path | None = None) -> None:
        top = where or self.user.top
        assert self.user.git("rev-parse", "main") == self.new
        assert (top / "a.txt").read_text() == "one\nTWO\nthree\n"
        assert (top / "pkg" / "new.txt").read_text() == "new\n"
        assert not (top / "src").exists()
        assert self.user.git("status", "--porcelain", cwd=top) == ""
        assert not list((self.user.top / ".git").rglob("*.lock")) + list((self.user.top / ".git").rglob("*.foremand"))


async def begun(user, mirror, work) -> Landing:
    """The user's branch, and a candidate to land on it."""
    old = user.head
    user.git("checkout", "-q", "-b", "side")
    user.git("rm", "-q", "src/b.py")
    revision = user.commit({"a.txt": "one\nTWO\nthree\n", "pkg/new.txt": "new\n"})
    await mirror.fetch()
    user.git("checkout", "-q", "main")
    user.git("branch", "-q", "-D", "side")
    who = await identity(user.top)
    made = await build(
        work, tip=old, base=old, revision=revision, message="land", author=who.author, committer=who.committer,
        at=AT, ref=work.candidate_ref(1),
    )  # fmt: skip
    assert isinstance(made, Candidate)
    return Landing(user, work, old, made)


async def blocked(landing: Landing, *paths: str, match: str | None = None) -> None:
    """It is refused for these paths, and the repository is exactly as it was."""
    before, files, status = landing.user.traces(), snapshot(landing.user.top), landing.user.status
    with pytest.raises(Blocked, match=match) as caught:
        await landing.land()
    assert set(paths) <= set(caught.value.paths) and caught.value.reason
    assert landing.user.status == status
    assert landing.user.traces() == before
    assert snapshot(landing.user.top) == files


def snapshot(top: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(top)): path.read_bytes() if path.is_file() else b"?"
        for path in top.rglob("*")
        if ".git" not in path.parts
    }

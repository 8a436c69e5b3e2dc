"""Which caches are shared, and that nothing an agent laid in its HOME leads out of it."""

from pathlib import Path

import pytest

from foremand.engine.caches import refused_caches, share


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's home."""
    home = tmp_path / "user"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A task's."""
    home = tmp_path / "task"
    home.mkdir()
    return home


@pytest.mark.parametrize(
    ("cache", "allowed", "refused"),
    [
        ((), (), ()),
        (("~/.cache/pip",), ("~/.cache/pip",), ()),
        (("~/.cache/pip/", "~/./.npm"), ("~/.npm/", "~/.cache//pip"), ()),
        (("~/.cache/pip", "~/.npm"), (), ("~/.cache/pip", "~/.npm")),
        (("~/.cache/pip",), ("~/.cache",), ("~/.cache/pip",)),
        (("~/.cache",), ("~/.cache/pip",), ("~/.cache",)),
        (("~/.cache/pip2", "~/.cache/pip"), ("~/.cache/pip",), ("~/.cache/pip2",)),
        (("~/.cache/pip/../../.ssh",), ("~/.cache/pip",), ("~/.cache/pip/../../.ssh",)),
    ],
)
def test_only_what_the_user_names_is_allowed(
    cache: tuple[str, ...], allowed: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    assert refused_caches(cache, allowed) == refused


@pytest.mark.parametrize("linked", [False, True])
def test_what_is_allowed_has_both_its_sides_and_what_is_not_has_none(user: Path, home: Path, linked: bool) -> None:
    for _ in range(2):
        shared = share(("~/.cache/pip", "~/.npm"), ("~/.cache/pip",), home, linked=linked)
        assert shared == ((user / ".cache" / "pip", home / ".cache" / "pip"),)
    assert (user / ".cache" / "pip").is_dir()
    assert (home / ".cache" / "pip").is_dir()
    assert (home / ".cache" / "pip").is_symlink() is linked
    assert not (user / ".npm").exists()
    assert not (home / ".npm").exists()


def test_with_and_without_the_sandbox_in_turn(user: Path, home: Path) -> None:
    at = home / ".npm"
    for linked in (True, False, True):
        share(("~/.npm",), ("~/.npm",), home, linked=linked)
        assert at.is_symlink() is linked
    at.unlink()
    at.mkdir()
    (at / "mine").write_text("the task's own")
    share(("~/.npm",), ("~/.npm",), home, linked=True)
    assert (at / "mine").read_text() == "the task's own"


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("laid", [".cache", ".cache/deep", ".cache/deep/pip"])
def test_links_that_an_agent_laid_are_not_followed(user: Path, home: Path, laid: str, linked: bool) -> None:
    (user / ".ssh").mkdir()
    (home / laid).parent.mkdir(parents=True, exist_ok=True)
    (home / laid).symlink_to(user / ".ssh")
    shared = share(("~/.cache/deep/pip",), ("~/.cache/deep/pip",), home, linked=linked)
    assert list((user / ".ssh").iterdir()) == []
    assert not (home / ".cache" / "deep").is_symlink()
    assert (home / ".cache/deep/pip").resolve() == (shared[0][0] if linked else shared[0][1]).resolve()


def test_a_file_in_the_way_is_said(user: Path, home: Path) -> None:
    (home / ".cache").write_text("in the way")
    with pytest.raises(OSError, match=r"\.cache"):
        share(("~/.cache/pip",), ("~/.cache/pip",), home, linked=False)

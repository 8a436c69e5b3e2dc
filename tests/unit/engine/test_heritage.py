"""What an agent's home is given of the user's own, and that it does not stay longer than it is meant to."""

import shutil
from pathlib import Path

import msgspec
import pytest

from foremand.agents.port import File
from foremand.engine import heritage


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "home" / "claude"
    place.mkdir(parents=True)
    (place / "own.txt").write_text("the agent's own")
    return place


def files(home: Path, **texts: str) -> tuple[File, ...]:
    return tuple(File(home / "c" / f"{name}.md", text.encode(), read_only=True) for name, text in texts.items())


def there(home: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(home.rglob("*")) if path.is_file()}


def test_what_is_given_no_more_is_gone_and_the_agent_s_own_stays(home: Path) -> None:
    heritage.give(home, files(home, rules="one", servers="key"))
    assert there(home) == {"own.txt": "the agent's own", "rules.md": "one", "servers.md": "key"}
    heritage.give(home, files(home, rules="two"))
    assert there(home) == {"own.txt": "the agent's own", "rules.md": "two"}
    heritage.give(home, ())
    assert there(home) == {"own.txt": "the agent's own"}


def test_a_home_that_is_given_nothing_has_no_note(home: Path) -> None:
    heritage.give(home, ())
    assert [path.name for path in home.parent.iterdir()] == ["claude"]


def test_cut_short_anywhere_the_next_time_takes_all_of_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise OSError("no space left")

    heritage.give(home, files(home, rules="one"))
    with monkeypatch.context() as broken:
        broken.setattr(heritage, "write_new", never)
        with pytest.raises(OSError, match="no space"):
            heritage.give(home, files(home, servers="key"))
    (home / "c" / "servers.md").write_text("key")  # it came as far as that
    heritage.give(home, ())
    assert there(home) == {"own.txt": "the agent's own"}


def test_nothing_is_taken_through_a_link_or_instead_of_a_folder(home: Path, tmp_path: Path) -> None:
    heritage.give(home, files(home, rules="one", servers="key"))
    outside = tmp_path / "outside"
    (home / "c").rename(outside)
    (home / "c").symlink_to(outside)
    heritage.give(home, ())
    assert there(outside) == {"rules.md": "one", "servers.md": "key"}

    other = home.with_name("other")
    other.mkdir()
    heritage.give(other, files(other, rules="one"))
    rules = other / "c" / "rules.md"
    rules.unlink()
    rules.mkdir()
    heritage.give(other, ())
    assert rules.is_dir()


def test_a_name_that_is_no_utf_8_comes_and_goes_like_any_other(home: Path) -> None:
    heritage.give(home, files(home, **{"sch\udcf6n": "latin"}))
    assert len(there(home)) == 2
    heritage.give(home, ())
    assert there(home) == {"own.txt": "the agent's own"}


@pytest.mark.parametrize("laid", ["a file", "nothing"])
def test_what_the_agent_has_laid_in_the_place_of_a_folder_keeps_nobody_from_working(home: Path, laid: str) -> None:
    heritage.give(home, files(home, rules="one"))
    shutil.rmtree(home / "c")
    if laid == "a file":
        (home / "c").write_text("mine")
    heritage.give(home, ())
    assert (home / "c").exists() == (laid == "a file")


@pytest.mark.parametrize("note", [b"?", msgspec.msgpack.encode([b"/etc/passwd"]), msgspec.msgpack.encode([b"../x"])])
def test_a_note_that_is_not_ours_takes_nothing_and_is_said(home: Path, note: bytes) -> None:
    home.with_name("x").write_text("stays")
    home.with_name("claude.inherited").write_bytes(note)
    with pytest.raises(OSError, match=r"inherited cannot be read|was never given to"):
        heritage.give(home, ())
    assert home.with_name("x").read_text() == "stays"

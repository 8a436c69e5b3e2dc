"""Bubblewrap's arguments as text: which mount comes before which."""

from pathlib import Path

import msgspec
import pytest

from foremand.executors import sandbox as room
from foremand.executors.sandbox import Mounts, Sandbox

HERE = Sandbox(bwrap="/usr/bin/bwrap", nice="/usr/bin/nice", homes=())
MOUNTS = Mounts(
    tree=Path("/state/w/tree"), at=Path("/home/ann/repo"), home=Path("/state/w/home"), tmp=Path("/state/w/tmp")
)


@pytest.fixture(autouse=True)
def nothing_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "NEEDED", ())


def mounts_of(argv: tuple[str, ...]) -> list[tuple[str, str]]:
    """(how, where) of every mount in order."""
    found = []
    for i, word in enumerate(argv[: argv.index("--")]):
        if word in ("--bind", "--ro-bind", "--dev-bind"):
            found.append((word, argv[i + 2]))
        elif word in ("--tmpfs", "--dev", "--proc", "--remount-ro"):
            found.append((word, argv[i + 1]))
    return found


def test_the_whole_machine_first_then_the_runs_own_places_from_the_top_down() -> None:
    argv = HERE.wrap(("true",), MOUNTS, "/home/ann/repo")
    assert mounts_of(argv) == [
        ("--ro-bind", "/"),
        ("--dev", "/dev"),
        ("--proc", "/proc"),
        ("--tmpfs", "/run"),
        ("--bind", "/tmp"),
        ("--bind", "/home/ann/repo"),
        ("--bind", "/state/w/home"),
        ("--bind", "/state/w/tmp"),
    ]
    assert {"--unshare-pid", "--unshare-ipc", "--die-with-parent", "--new-session"} <= set(argv)
    assert "--unshare-net" not in argv
    assert argv[-1] == "true"


def test_a_tree_to_read_and_no_network() -> None:
    argv = HERE.wrap(("true",), msgspec.structs.replace(MOUNTS, read_only=True, network=False), "/home/ann/repo")
    assert ("--ro-bind", "/home/ann/repo") in mounts_of(argv)
    assert "--unshare-net" in argv


def test_words_that_look_like_options_are_the_programs() -> None:
    argv = HERE.wrap(("--bind", "--", "/"), MOUNTS, "/")
    assert argv[argv.index("--") :] == ("--", "/usr/bin/nice", "-n", "0", "--", "--bind", "--", "/")


def test_a_hidden_directory_comes_before_what_is_shown_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_EMPTIED", (tmp_path / "run", tmp_path / "private"))
    state = tmp_path / "state"
    for name in ("tree", "home", "tmp"):
        (state / name).mkdir(parents=True)
    (tmp_path / "token").write_text("")
    mounts = Mounts(
        tree=state / "tree", at=tmp_path / "repo", home=state / "home", tmp=state / "tmp",
        hide=(state, tmp_path / "token", tmp_path / "gone"),
    )  # fmt: skip
    seen = mounts_of(HERE.wrap(("true",), mounts, "/"))
    assert seen.index(("--tmpfs", str(state))) < seen.index(("--bind", str(state / "home")))
    assert seen.index(("--bind", str(state / "tmp"))) < seen.index(("--remount-ro", str(state)))
    assert ("--dev-bind", str(tmp_path / "token")) in seen
    assert not any(where == str(tmp_path / "gone") for _, where in seen)


def test_what_cannot_be_looked_at_is_hidden_well_enough() -> None:
    unseen = Path("/", "x" * 300)  # an OSError for everybody; for most people another user's home is one
    mounts = msgspec.structs.replace(MOUNTS, hide=(unseen,))
    here = msgspec.structs.replace(HERE, homes=(unseen,))
    assert here.wrap(("true",), mounts, "/") == here.wrap(("true",), MOUNTS, "/")


def test_what_the_tree_covers_needs_no_hiding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_EMPTIED", (tmp_path / "run", tmp_path / "private"))
    (tmp_path / "repo" / ".aws").mkdir(parents=True)
    mounts = msgspec.structs.replace(MOUNTS, at=tmp_path / "repo", hide=(tmp_path / "repo" / ".aws",))
    seen = mounts_of(HERE.wrap(("true",), mounts, "/"))
    assert not any(".aws" in where for _, where in seen)
    shown = msgspec.structs.replace(mounts, at=tmp_path / "elsewhere", readable=(tmp_path / "repo",))
    assert ("--tmpfs", str(tmp_path / "repo" / ".aws")) in mounts_of(HERE.wrap(("true",), shown, "/"))


@pytest.mark.parametrize("name", room.CREDENTIALS)
def test_every_place_of_credentials_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(room, "_EMPTIED", (tmp_path / "run", tmp_path / "private"))
    (tmp_path / name).mkdir(parents=True)
    here = msgspec.structs.replace(HERE, homes=(tmp_path,))
    assert ("--tmpfs", str(tmp_path / name)) in mounts_of(here.wrap(("true",), MOUNTS, "/"))

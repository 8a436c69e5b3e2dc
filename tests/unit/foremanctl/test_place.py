"""Where the socket is, and whose."""

import contextlib
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from foremanctl.exits import Denied, Unreachable, Usage
from foremanctl.place import Place


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A short one: sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="ctl-") as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FOREMAND_SOCKET", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def _greets(path: Path, answer: bytes) -> socket.socket:
    """What answers beside `path`."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(f"{path}.operator")
    listener.listen()

    def answers() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(BrokenPipeError):  # who does not trust it leaves without a word
            connection.sendall(answer)

    threading.Thread(target=answers, daemon=True).start()
    return listener


def test_a_flag_goes_before_the_environment_before_the_runtime_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Place.find(None) == Place(str(tmp_path / "foremand" / "foremand.sock"))
    monkeypatch.setenv("FOREMAND_SOCKET", "/run/a.sock")
    assert Place.find(None) == Place("/run/a.sock", named=True)
    assert Place.find("b.sock") == Place(str(tmp_path / "b.sock"), named=True)


def test_without_a_runtime_folder_it_is_platformdirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert Place.find(None).path.endswith("/foremand/foremand.sock")


def test_a_path_that_no_socket_can_have_is_said_before_anything_is_tried() -> None:
    longest = "/" + "s" * (107 - len(".operator") - 1)
    assert Place.find(longest).path == longest
    for path in (longest + "s", "/" + "s" * 107, "/" + "é" * 60):
        with pytest.raises(Usage, match="too long"):
            Place.find(path)


def test_a_token_is_read(tmp_path: Path) -> None:
    with _greets(tmp_path / "s", b'{"token": "t"}\n'):
        operator = Place(str(tmp_path / "s"), named=True).greet()
        assert operator.token == "t"
        assert "t'" not in repr(operator)
        operator.close()


def test_a_refusal_says_why(tmp_path: Path) -> None:
    with _greets(tmp_path / "s", b'{"refused": "an agent", "hint": "ask"}\n'), pytest.raises(Denied) as refused:
        Place(str(tmp_path / "s"), named=True).greet()
    assert (refused.value.why, refused.value.hint) == ("an agent", "ask")


@pytest.mark.parametrize("answer", [b"", b"hello\n", b"[]\n", b'{"token"', b"x" * 70000])
def test_what_is_no_foremand_is_unreachable(tmp_path: Path, answer: bytes) -> None:
    with _greets(tmp_path / "s", answer), pytest.raises(Unreachable):
        Place(str(tmp_path / "s"), named=True).greet()


def test_a_socket_that_nobody_holds_is_unreachable(tmp_path: Path) -> None:
    _greets(tmp_path / "s", b"").close()
    with pytest.raises(Unreachable):
        Place(str(tmp_path / "s"), named=True).greet()


def test_another_users_daemon_is_not_talked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with _greets(tmp_path / "s", b'{"token": "t"}\n'), pytest.raises(Denied, match="not yours"):
        Place(str(tmp_path / "s"), named=True).greet()

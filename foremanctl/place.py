"""Where the daemon's socket is, and the one beside it that tells who is asking."""

import json
import os
import socket as sockets
import struct
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from .exits import Denied, Unreachable, Usage

_LONGEST = 107  # bytes of a Unix socket's path (sun_path holds 108 with the closing NUL)
_OPERATOR = ".operator"
_GREETING_SECONDS = 5.0
_GREETING_BYTES = 65536

_START = "start one with: foremand (in the foreground); `foremanctl submit` starts one by itself"


@dataclass(frozen=True)
class Place:
    """The socket's absolute path. `named`: somebody asked for just this one."""

    path: str
    named: bool = False

    @classmethod
    def find(cls, socket: str | None) -> "Place":
        """By --socket, else FOREMAND_SOCKET, else the runtime folder's. Usage if the path is too long to exist."""
        named = socket or os.environ.get("FOREMAND_SOCKET")
        place = cls(str(Path(named).absolute()) if named else _default(), named=bool(named))
        length = len(os.fsencode(place.path + _OPERATOR))
        if length > _LONGEST:
            raise Usage(
                f"the socket's path is too long: {place.path}",
                why=f"a Unix socket's path has at most {_LONGEST} bytes; this one, with the {_OPERATOR!r} of the "
                f"socket beside it, has {length}",
                hint="give a shorter one with --socket or FOREMAND_SOCKET",
            )
        return place

    def greet(self) -> "Operator":
        """A new operator's connection. Unreachable if nobody answers, Denied if the daemon does not want us."""
        connection = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
        connection.settimeout(_GREETING_SECONDS)
        try:
            connection.connect(self.path + _OPERATOR)
            self._check_owner(connection)
            answer = _answer(connection)
        except PermissionError as error:
            connection.close()
            raise Denied(f"the daemon's socket is not yours: {self.path}", why=_reason(error)) from error
        except (OSError, ValueError) as error:
            connection.close()
            raise Unreachable(
                f"no daemon answers at {self.path}", why=_absent(error), hint=_START, lost=True
            ) from error
        if "token" in answer:
            return Operator(answer["token"], connection)
        connection.close()
        raise Denied("the daemon refuses this caller", why=answer.get("refused", ""), hint=answer.get("hint", ""))

    def _check_owner(self, connection: sockets.socket) -> None:
        """Only a daemon of our own may have our tasks and our environment: where there is no runtime folder, the
        socket is under /tmp, and there anybody could have been first."""
        _pid, uid, _gid = struct.unpack("3i", connection.getsockopt(sockets.SOL_SOCKET, sockets.SO_PEERCRED, 12))
        owners = {uid} if self.named else {uid, Path(self.path).parent.stat().st_uid}
        if owners != {os.geteuid()}:
            raise PermissionError(f"it belongs to user {', '.join(map(str, sorted(owners)))}")


@dataclass(frozen=True)
class Operator:
    """A person at the daemon: the token holds while the connection is open."""

    token: str = field(repr=False)
    connection: sockets.socket = field(repr=False)

    def close(self) -> None:
        """The token ends."""
        self.connection.close()


def _absent(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no socket"
    return "the daemon that was there is gone" if isinstance(error, ConnectionRefusedError) else _reason(error)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _answer(connection: sockets.socket) -> dict[str, str]:
    read = b""
    while not read.endswith(b"\n"):
        piece = connection.recv(4096)
        if not piece:
            raise ConnectionError("the daemon closed the connection without a word")
        read += piece
        if len(read) > _GREETING_BYTES:
            raise ValueError("what answers there is no foremand")
    answer = json.loads(read)
    if not isinstance(answer, dict):
        raise ValueError("what answers there is no foremand")  # noqa: TRY004 (one kind of wrong answer)
    return answer


def _default() -> str:
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        return str(Path(runtime).absolute() / "foremand" / "foremand.sock")
    import platformdirs  # 25 ms that hardly anybody needs

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no XDG_RUNTIME_DIR is known here
        return str(Path(platformdirs.user_runtime_dir("foremand")) / "foremand.sock")

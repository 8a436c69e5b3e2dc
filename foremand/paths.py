"""Where things lie: the state, the socket and the settings, by the XDG rules (contract 1)."""

import hashlib
import os
import warnings
from pathlib import Path

import platformdirs
from msgspec import Struct

LONGEST_SOCKET = 107
"""Bytes that a Unix socket's path may have on Linux."""


class SocketTooLong(Exception):
    """The socket's path does not fit into the kernel's address."""

    def __init__(self, path: Path) -> None:
        length = len(os.fsencode(path))
        super().__init__(
            f"the socket's path has {length} bytes, and the system allows {LONGEST_SOCKET}: {path}\n"
            "choose a shorter one with --socket or FOREMAND_SOCKET"
        )


def _runtime_without_a_session() -> Path:
    """Where platformdirs puts it; it warns that nobody cleans up there, and nobody has to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Path(platformdirs.user_runtime_dir("foremand"))


class Places(Struct, frozen=True):
    """The three folders of one daemon. Two daemons with different XDG folders never meet."""

    state: Path
    runtime: Path
    config: Path
    socket: Path

    @classmethod
    def of_environment(cls, socket: str | None = None) -> "Places":
        """The folders that the environment names. `socket` is the flag's value. Raises SocketTooLong."""
        state = Path(platformdirs.user_state_dir("foremand")).absolute()
        runtime_root = os.environ.get("XDG_RUNTIME_DIR")
        runtime = Path(runtime_root) / "foremand" if runtime_root else _runtime_without_a_session()
        config = Path(platformdirs.user_config_dir("foremand")).absolute()
        chosen = socket or os.environ.get("FOREMAND_SOCKET")
        path = Path(chosen).absolute() if chosen else runtime.absolute() / "foremand.sock"
        if len(os.fsencode(path)) + len(".operator") > LONGEST_SOCKET:
            raise SocketTooLong(path)
        return cls(state, path.parent, config, path)

    @property
    def journal(self) -> Path:
        """The facts."""
        return self.state / "journal.db"

    @property
    def lock(self) -> Path:
        """Held by the one daemon of this state folder."""
        return self.state / "lock"

    @property
    def operator_socket(self) -> Path:
        """Where a client shows who it is and gets its token."""
        return self.socket.with_name(self.socket.name + ".operator")

    def mirror(self, repo: Path) -> Path:
        """The bare mirror of a user's repository; the hash keeps repositories of one name apart."""
        digest = hashlib.sha256(os.fsencode(repo)).hexdigest()[:16]
        return self.state / "repos" / f"{repo.name}-{digest}.git"

    def own_pipeline(self, repo: Path) -> Path:
        """The user's own pipeline for a repository that holds none, under the name that the mirror has."""
        return self.config / "pipelines" / f"{self.mirror(repo).name.removesuffix('.git')}.toml"

    def work(self, task: int) -> Path:
        """The repository of a task's seals and candidates."""
        return self.state / "work" / f"{task}.git"

    def attempt(self, task: int, number: int) -> Path:
        """One agent run: prompt, transcript, exit."""
        return self.state / "attempts" / str(task) / str(number)

    def gate_run(self, task: int, name: str) -> Path:
        """One run of a command gate."""
        return self.state / "gates" / str(task) / name

    def workspace(self, task: int) -> Path:
        """`tree/`, `home/AGENT/` and `tmp/` of a task."""
        return self.state / "workspaces" / str(task)

    def checkout(self, task: int, name: str) -> Path:
        """A gate's own checkout."""
        return self.state / "checkouts" / f"{task}-{name}"

    def setup(self, key: str) -> Path:
        """A setup's run and the snapshot of what it left."""
        return self.state / "setups" / key

    def environment(self, task: int) -> Path:
        """The submitting client's environment, readable by the user alone."""
        return self.state / "environments" / f"{task}.json"

"""What a run sees of the machine: bubblewrap's arguments, made from what is to be seen, written and hidden.

Everything is there and read-only, but for the run's own places; /run, /tmp, the caller's hidden directories and
the places where people keep credentials are empty. The workspace stands at the path of the user's own repository,
so that absolute paths in what a setup made are right and the user's checkout cannot be seen.
"""

import asyncio
import os
import pwd
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from foremand.children import child

from .errors import SandboxMissing
from .shim import STATUS_FD

CREDENTIALS = (
    ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".netrc", ".git-credentials", ".config/gh",
    ".config/gcloud", ".claude", ".claude.json", ".codex", ".gemini", ".npmrc", ".pypirc",
)  # fmt: skip
"""Where people keep credentials, below their home."""
NEEDED = (Path("/etc/resolv.conf"), Path("/run/current-system"), Path("/run/wrappers"))
"""What is seen although it, or what it links to, lies where all else is hidden: host names and programs need it."""
_EMPTIED = (Path("/run"), Path("/tmp"))  # noqa: S108 - hidden, not used
_INSTALL = 'install bubblewrap 0.4 or newer, or set `sandbox` to "auto" or "off"'
_ALLOW = 'allow unprivileged user namespaces for bwrap, or set `sandbox` to "auto" or "off"'
_PROBE_SECONDS = 10.0


class Mounts(msgspec.Struct, frozen=True, kw_only=True):
    """What one run sees. All paths are the host's and exist, but for those in `hide`."""

    tree: Path
    """The workspace or checkout."""
    at: Path
    """Where it stands inside: the path of the user's repository, over which it is bound."""
    read_only: bool = False
    """The tree refuses writes: a stage that only reads."""
    home: Path
    """HOME, writable, at its own path."""
    tmp: Path
    """TMPDIR, writable, at its own path and as /tmp."""
    readable: tuple[Path, ...] = ()
    """Bound read-only at their own path, where they would be hidden."""
    writable: tuple[tuple[Path, Path], ...] = ()
    """Folders bound to be written, each with where it stands inside: a folder that is there too."""
    hide: tuple[Path, ...] = ()
    """State, runtime and settings directories, for instance; credentials are hidden without being named."""
    network: bool = True


class Unsandboxed(msgspec.Struct, frozen=True):
    """Runs are not confined, and why."""

    why: str


class _Place(NamedTuple):
    """One mount. `own`: it shows the host's own files of that path. Of two at one path the higher rank wins."""

    at: Path
    rank: int
    args: tuple[str, ...]
    own: bool


class Sandbox(msgspec.Struct, frozen=True, kw_only=True):
    """A bubblewrap that works here. `homes`: whose credential places are hidden."""

    bwrap: str
    nice: str
    homes: tuple[Path, ...]

    @staticmethod
    async def probe(mode: Literal["auto", "required", "off"]) -> "Sandbox | Unsandboxed":
        """Finds out by doing it whether bubblewrap can confine runs here.

        Raises SandboxMissing when it cannot and `mode` is "required".
        """
        if mode == "off":
            return Unsandboxed('switched off: sandbox = "off"')
        found = await _probe()
        if isinstance(found, Sandbox):
            return found
        why, hint = found
        if mode == "required":
            raise SandboxMissing(f'sandbox = "required", but {why}', hint)
        return Unsandboxed(why)

    def wrap(self, argv: Sequence[str], mounts: Mounts, cwd: str) -> tuple[str, ...]:
        """The argv that runs `argv` in directory `cwd` of what `mounts` describe. Looks at the file system."""
        hidden = list(self._hidden(mounts))
        places = sorted([*_places(mounts), *hidden], key=lambda place: (len(place.at.parts), place.rank))
        return (
            *_base(self.bwrap),
            *(arg for place in places for arg in place.args),
            *(arg for place in hidden if place.args[0] == "--tmpfs" for arg in ("--remount-ro", str(place.at))),
            *(() if mounts.network else ("--unshare-net",)),
            *("--chdir", cwd, "--json-status-fd", str(STATUS_FD)),
            # Bubblewrap exits with 1 when it finds no program. `nice` says 127 or 126 as a shell would and, unlike
            # a shell or `env`, passes on every environment and every program name as they are.
            *("--", self.nice, "-n", "0", "--", *argv),
        )

    def _hidden(self, mounts: Mounts) -> Iterator[_Place]:
        """Mounts over what must not be seen, where anything that is mounted would show it."""
        shown = _places(mounts)
        named = [*mounts.hide, *(home / name for home in self.homes for name in CREDENTIALS)]
        secret = sorted({Path(os.path.realpath(name)) for name in named})
        yield from _hidden_again(secret, mounts)
        for path in secret:
            around = [place for place in shown if path.is_relative_to(place.at)]
            nearest = max(around, key=lambda place: (len(place.at.parts), place.rank), default=None)
            if nearest is not None and not nearest.own:
                continue
            yield from _cover(path, path, 1)


def _base(bwrap: str) -> tuple[str, ...]:
    namespaces = ("--unshare-pid", "--unshare-ipc", "--die-with-parent", "--new-session")
    return (bwrap, *namespaces, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")


def _places(mounts: Mounts) -> list[_Place]:
    """What is mounted for the run, on top of the whole machine. Bubblewrap cannot mount on a symbolic link."""

    def bind(how: str, source: Path, at: Path, rank: int, *, own: bool = True) -> _Place:
        return _Place(at, rank, (how, str(source), str(at)), own)

    tree, at, home, tmp = (Path(os.path.realpath(path)) for path in (mounts.tree, mounts.at, mounts.home, mounts.tmp))
    readable = sorted({Path(os.path.realpath(path)) for path in mounts.readable})
    run, private = _EMPTIED
    return [
        _Place(run, 0, ("--tmpfs", str(run)), own=False),
        bind("--bind", tmp, private, 0, own=False),
        *(bind("--ro-bind", source, seen, 0) for source, seen in _needed()),
        bind("--ro-bind" if mounts.read_only else "--bind", tree, at, 2, own=False),
        *(bind("--ro-bind", path, path, 3) for path in readable),
        bind("--bind", home, home, 4),
        bind("--bind", tmp, tmp, 5),
        *(bind("--bind", source, at, 6, own=False) for source, at in _writable(mounts)),
    ]


def _hidden_again(secret: Sequence[Path], mounts: Mounts) -> Iterator[_Place]:
    """What must not be seen of folders that stand at a second place."""
    for source, at in _writable(mounts):
        for path in secret:
            if source.is_relative_to(path):
                yield from _cover(source, at, 7)
            elif path.is_relative_to(source):
                yield from _cover(path, at / path.relative_to(source), 7)


def _cover(path: Path, at: Path, rank: int) -> Iterator[_Place]:
    """Nothing, in the place `at` where `path` would be seen."""
    # Unlike pathlib these do not mind a path that may not be looked at, which is hidden well enough.
    if os.path.isdir(path):  # noqa: PTH112
        yield _Place(at, rank, ("--tmpfs", str(at)), own=False)
    elif os.path.exists(path):  # noqa: PTH110
        yield _Place(at, rank, ("--dev-bind", "/dev/null", str(at)), own=False)


def _writable(mounts: Mounts) -> Iterator[tuple[Path, Path]]:
    return ((Path(os.path.realpath(source)), Path(os.path.realpath(at))) for source, at in mounts.writable)


def _needed() -> Iterator[tuple[Path, Path]]:
    """What of NEEDED has to be put back: the real file, and where it is looked for. Every link on the way there may
    itself lie in an emptied place."""
    for name in NEEDED:
        real = Path(os.path.realpath(name))
        if not real.exists():
            continue
        while True:
            name = Path(os.path.realpath(name.parent), name.name)
            if any(name.is_relative_to(emptied) for emptied in _EMPTIED):
                yield real, name
            if not name.is_symlink():
                break
            name = name.parent / name.readlink()


async def _probe() -> "Sandbox | tuple[str, str]":
    bwrap, nice = shutil.which("bwrap"), shutil.which("nice")
    if bwrap is None:
        return "bubblewrap (bwrap) is not on PATH", _INSTALL
    if nice is None:
        return "`nice` of the coreutils is not on PATH", "install coreutils"
    trial = (*_base(bwrap), "--tmpfs", "/run", "--", nice, "-n", "0", "--", "true")
    quiet = asyncio.subprocess.DEVNULL
    try:
        async with (
            asyncio.timeout(_PROBE_SECONDS),
            child(*trial, stdin=quiet, stdout=quiet, stderr=asyncio.subprocess.PIPE) as process,
        ):
            _, said = await process.communicate()
    except TimeoutError:
        return f"{bwrap} did not answer within {_PROBE_SECONDS:g} s", _ALLOW
    if process.returncode:
        why = said.decode(errors="replace").strip() or f"exit code {process.returncode}"
        return f"{bwrap} cannot make a sandbox: {why}", _ALLOW
    homes = (Path.home(), Path(pwd.getpwuid(os.getuid()).pw_dir))
    return Sandbox(bwrap=bwrap, nice=nice, homes=tuple(dict.fromkeys(homes)))

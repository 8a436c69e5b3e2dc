"""A user's repository, its mirror and a task's work repository, all in a home of their own."""

import asyncio
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import pytest

from foremand.git import Mirror, WorkRepo, checkout, seal

sys.path.insert(0, str(Path(__file__).parent))  # for what tests of landing share


class UserRepository:
    """What a person does in their own checkout, by git itself."""

    def __init__(self, top: Path, *init: str) -> None:
        self.top = top
        if not top.exists():
            top.mkdir(parents=True)
            self.git("init", "-q", "-b", "main", "--template=", *init)

    def git(self, *args: str, check: bool = True, cwd: Path | None = None) -> str:
        done = subprocess.run(("git", *args), cwd=cwd or self.top, capture_output=True, check=False)
        assert not check or done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, name: str, content: str | bytes = "") -> Path:
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def commit(self, files: dict[str, str | bytes], message: str = "work") -> str:
        for name, content in files.items():
            self.write(name, content)
        self.git("add", "-f", "--", *files) if files else None
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.head

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    @property
    def status(self) -> str:
        return self.git("status", "--porcelain")

    def traces(self) -> dict[str, bytes]:
        """Everything in the git folder but objects and the index's stat data: for "as it was"."""
        found = {}
        for folder, _, names in os.walk(self.top / ".git"):
            for name in names:
                path = Path(folder) / name
                if "objects" not in path.parts and name != "index":
                    found[str(path.relative_to(self.top))] = path.read_bytes()
        found["INDEX"] = self.git("ls-files", "-s").encode()
        return found


def live_in(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = Ada Example\n\temail = ada@example.org\n")
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    live_in(tmp_path / "home", monkeypatch)
    return tmp_path / "home"


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's repository and its mirror, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("pattern")
    with pytest.MonkeyPatch.context() as monkeypatch:
        live_in(folder / "home", monkeypatch)
        user = UserRepository(folder / "project")
        user.commit({"a.txt": "one\ntwo\nthree\n", "src/b.py": "b = 1\n", ".gitignore": "*.log\nbuild/\n"}, "first")
        user.git("gc", "-q")
        asyncio.run(Mirror(folder / "mirror.git", user.top).ensure())
    return folder


@pytest.fixture
def user(tmp_path: Path, pattern: Path) -> UserRepository:
    shutil.copytree(pattern / "project", tmp_path / "project")
    user = UserRepository(tmp_path / "project")
    user.git("update-index", "-q", "--refresh")
    return user


@pytest.fixture
def mirror(tmp_path: Path, user: UserRepository, pattern: Path) -> Mirror:
    place = tmp_path / "state" / "repos" / "project.git"
    shutil.copytree(pattern / "mirror.git", place)
    return Mirror(place, user.top)


@pytest.fixture
async def work(tmp_path: Path, mirror: Mirror) -> WorkRepo:
    work = WorkRepo(tmp_path / "state" / "work" / "12.git", mirror, 12)
    await work.ensure()
    return work


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a task's workspace goes."""
    place = tmp_path / "state" / "workspaces" / "12"
    place.mkdir(parents=True)
    return place


@pytest.fixture
def next_second() -> Callable[[], None]:
    """Wait for the clock: git compares times by the second, and must not be fooled within one."""

    def wait() -> None:
        time.sleep(1.01 - time.time() % 1)

    return wait


@pytest.fixture
def another() -> type[UserRepository]:
    """To make further repositories."""
    return UserRepository


Change = Callable[[WorkRepo, str, Mapping[str, str | bytes | None]], Awaitable[str]]


@pytest.fixture
def change(tmp_path: Path) -> Change:
    """Let a task change files (None: remove) of a revision, and seal that: the new revision."""
    trees = iter(range(1_000))

    async def change(work: WorkRepo, entered: str, files: Mapping[str, str | bytes | None]) -> str:
        number = next(trees)
        tree = tmp_path / f"change-{number}"
        await checkout(tree, work, entered)
        for name, content in files.items():
            path = tree / name
            if content is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        sealed = await seal(work, tree, entered, f"seal {number}", 1.0, ref=work.attempt_ref(number + 1))
        return sealed.revision

    return change


class Life:
    """A pipe that a program holds open for writing (`exec 3>PATH`) as long as it or a child of it lives."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def over(self) -> bool:
        """Whether there was a program and it is gone, its children too; waits for that, at most ten seconds."""
        poll = select.poll()
        poll.register(self.reader, 0)  # only the end of the last writer, which is always told
        return bool(poll.poll(10_000))


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """To see that a program is gone."""
    life = Life(tmp_path / "life")
    yield life
    os.close(life.reader)


@pytest.fixture
async def landing(user, mirror, work):
    from landings import begun

    return await begun(user, mirror, work)

"""A workspace has a fresh `.git` and the right files, whatever an agent left and wherever we crashed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from foremand.git import Mirror, WorkRepo, checkout, commits_between, layout, prepare, seal, workspace

AT = 1_700_000_000.0


def git(tree: Path, *args: str) -> str:
    """What the agent's own git says in its tree."""
    done = subprocess.run(("git", "-C", tree, *args), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


@pytest.fixture
def ready(work, user, place):
    async def ready(files: str | None = None, head: str | None = None, **more) -> Path:
        await prepare(place / "tree", work, head or user.head, user.head, files, kept=place / "kept", **more)
        return place / "tree"

    return ready


async def test_a_new_workspace(work, user, mirror, ready):
    user.git("tag", "-a", "v1", "-m", "one")
    await mirror.fetch()
    tree = await ready()
    assert git(tree, "status", "--porcelain") == ""
    assert git(tree, "rev-parse", "HEAD", "refs/foremand/base") == f"{user.head}\n{user.head}"
    assert git(tree, "symbolic-ref", "HEAD") == "refs/heads/foremand/12"
    assert git(tree, "describe") == "v1"
    assert git(tree, "remote") == "" and git(tree, "fsck") == ""
    git(tree, "commit", "-q", "--allow-empty", "-m", "the agent has a name")


async def test_a_retry_has_a_fresh_git_and_the_files_as_they_were(work, user, ready, place):
    tree = await ready()
    (tree / "a.txt").write_text("first try")
    (tree / "x.log").write_text("ignored")
    git(tree, "add", "a.txt")
    git(tree, "commit", "-qm", "mine")
    mine = git(tree, "rev-parse", "HEAD")
    await seal(work, tree, user.head, "one", AT, ref=work.attempt_ref(1))
    await ready()
    assert git(tree, "rev-parse", "HEAD") == user.head
    assert git(tree, "status", "--porcelain") == "M a.txt"
    assert (tree / "x.log").read_text() == "ignored"
    assert git(place / "kept" / "git-1", "cat-file", "-t", mine) == "commit"
    await ready()
    assert [each.name for each in (place / "kept").iterdir()] == ["git-1"]


async def test_fresh_puts_the_files_back_and_leaves_ignored_ones(work, user, ready, place):
    tree = await ready()
    (tree / "a.txt").unlink()
    (tree / "a.txt").mkdir()
    (tree / "a.txt" / "inner").write_text("x")
    (tree / "src" / "b.py").write_text("changed")
    (tree / "src" / "b.py").chmod(0o755)
    (tree / "deep" / "er").mkdir(parents=True)
    (tree / "deep" / "er" / "new.py").write_text("new")
    (tree / "build").mkdir()
    (tree / "build" / "out").write_text("ignored stays")
    (tree / "env").mkdir()
    (tree / "env" / "x").write_text("set-up stays")
    git(tree, "init", "-q", "nested")
    (tree / "nested" / "n.txt").write_text("n")
    git(tree / "nested", "add", ".")
    await ready(files=user.head, keep=("env",))
    assert git(tree, "status", "--porcelain") == "?? env/"
    assert sorted(each.name for each in tree.iterdir()) == [".git", ".gitignore", "a.txt", "build", "env", "src"]
    assert (tree / "src" / "b.py").stat().st_mode & 0o111 == 0
    assert (place / "kept" / "git-1" / "index").exists()


async def test_a_folder_that_became_a_link_is_not_written_through(user, ready, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b.py").write_text("not yours")
    tree = await ready()
    shutil.rmtree(tree / "src")
    os.symlink(outside, tree / "src")
    await ready(files=user.head)
    assert (outside / "b.py").read_text() == "not yours"
    assert (tree / "src" / "b.py").read_text() == "b = 1\n" and not (tree / "src").is_symlink()


async def test_files_of_another_tree_than_head(work, user, ready):
    tree = await ready()
    (tree / "a.txt").write_text("<<<<<<< markers")
    (tree / "added.txt").write_text("x")
    merged = (await seal(work, tree, user.head, "m", AT, ref=work.attempt_ref(1))).tree
    shutil.rmtree(tree)
    await ready(files=merged)
    assert (tree / "a.txt").read_text() == "<<<<<<< markers"
    assert git(tree, "rev-parse", "HEAD") == user.head
    assert git(tree, "status", "--porcelain").splitlines() == ["M a.txt", "?? added.txt"]


@pytest.mark.parametrize("broken", ["link", "file", "locked", "missing"])
async def test_whatever_lies_there_as_git(user, ready, tmp_path, broken):
    tree = await ready()
    shutil.rmtree(tree / ".git")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("x")
    if broken == "link":
        os.symlink(elsewhere, tree / ".git")
    elif broken == "file":
        (tree / ".git").write_text(f"gitdir: {elsewhere}\n")
    elif broken == "locked":
        (tree / ".git" / "objects").mkdir(parents=True)
        (tree / ".git").chmod(0)
    await ready()
    assert git(tree, "status", "--porcelain") == "" and (elsewhere / "precious").exists()


@pytest.mark.parametrize("step", ["read_tree", "populate", "install", "_write_git_dir", "publish"])
@pytest.mark.parametrize("again", [False, True])
async def test_a_crash_at_any_step_is_made_good(user, ready, place, monkeypatch, step, again):
    if again:
        tree = await ready()
        (tree / "a.txt").write_text("work")
        git(tree, "add", "a.txt")
    owner = layout if step == "publish" else workspace

    def crash(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(owner, step, crash)
    with pytest.raises(KeyboardInterrupt):
        await ready()
    monkeypatch.undo()
    tree = await ready()
    assert git(tree, "rev-parse", "HEAD") == user.head
    assert git(tree, "status", "--porcelain") == ("M a.txt" if again else "")
    left = {each.name for each in place.iterdir()} - {"tree", "kept"}
    assert not left


async def test_the_agents_git_honours_the_users_ignores(user, ready, tmp_path):
    mine = tmp_path / "mine"
    mine.write_text("*.swp\n")
    tree = await ready(extra_excludes=(mine,))
    (tree / "x.swp").write_text("x")
    assert git(tree, "status", "--porcelain") == ""


async def test_a_gate_checkout_is_clean_and_works(work, user, mirror, place):
    user.write("run.sh", "#!/bin/sh\n").chmod(0o755)
    os.symlink("a.txt", user.top / "link")
    revision = user.commit({"run.sh": "#!/bin/sh\n", "link": "one\ntwo\nthree\n"})
    user.git("tag", "v1")
    await mirror.fetch()
    dest = place / "gate"
    dest.mkdir()
    (dest / "left over").write_text("x")
    await checkout(dest, work, revision)
    assert git(dest, "status", "--porcelain", "--ignored") == ""
    assert git(dest, "rev-parse", "HEAD") == revision and git(dest, "describe", "--tags") == "v1"
    assert (dest / "run.sh").stat().st_mode & 0o100 and (dest / "link").is_symlink()
    assert git(dest, "log", "--format=%s") == "work\nfirst"


async def test_no_filter_runs_in_a_checkout_and_bytes_stay_as_stored(work, user, mirror, place, tmp_path, home):
    """A driver that is configured for the user, asked for by the tree: in a checkout of theirs it would run."""
    driver = tmp_path / "driver.sh"
    driver.write_text(f"#!/bin/sh\necho >> {tmp_path}/ran\ncat\n")
    driver.chmod(0o755)
    with (home / ".gitconfig").open("a") as config:
        config.write(f'[filter "evil"]\n\tsmudge = {driver}\n\tclean = {driver}\n\trequired = true\n')
    pointer = "version https://git-lfs.github.com/spec/v1\n"
    revision = user.commit({"big.bin": pointer, "crlf.txt": "$Id$\n"})
    user.commit({".gitattributes": "*.bin filter=evil\ncrlf.txt eol=crlf ident\n"})
    user.git("clone", "-q", str(user.top), str(tmp_path / "proof"))
    assert (tmp_path / "ran").exists(), "the driver is set up to run"
    (tmp_path / "ran").unlink()
    revision = user.head
    await mirror.fetch()
    await checkout(place / "gate", work, revision)
    await prepare(place / "tree", work, revision, revision, None, kept=place / "kept")
    await prepare(place / "tree", work, revision, revision, revision, kept=place / "kept")
    for tree in (place / "gate", place / "tree"):
        assert (tree / "big.bin").read_text() == pointer
        assert (tree / "crlf.txt").read_bytes() == b"$Id$\n"
    assert not (tmp_path / "ran").exists()


async def test_names_modes_and_links_of_every_kind(work, user, mirror, place):
    """What git gives back is what the user has, byte for byte, in a workspace, a gate checkout and after a setup."""
    odd = [
        "with space",
        "né\nw line",
        "-dash",
        "a\tb",
        '"quoted"',
        ":(top)x",
        os.fsdecode(b"\xff\xfe"),
        "dir é/in\nner/x",
    ]
    for name in odd:
        user.write(name, f"content of {name!r}\r\n")
    user.write("run.sh", "#!/bin/sh\n").chmod(0o755)
    os.symlink("dir é", user.top / "to a folder")
    os.symlink("/nowhere\nat all", user.top / "to nothing")
    user.git("add", "-A")
    revision = user.commit({})
    await mirror.fetch()
    await prepare(place / "tree", work, revision, revision, None, kept=place / "kept")
    await checkout(place / "gate", work, revision)
    await checkout(place / "set up", work, revision)
    shutil.rmtree(place / "set up" / "dir é")
    (place / "set up" / "to a folder").unlink()
    await workspace.restore(place / "set up", work, revision)
    theirs = everything(user.top)
    assert len(theirs) == len(odd) + 3 + 4 + 2
    for tree in (place / "tree", place / "gate", place / "set up"):
        assert everything(tree) == theirs and git(tree, "status", "--porcelain") == ""
    assert not (await seal(work, place / "tree", revision, "m", AT, ref=work.attempt_ref(1))).changed


def everything(tree: Path) -> dict[str, tuple[int, bytes]]:
    """All that a tree holds: modes, as far as git knows them, and contents."""
    found: dict[str, tuple[int, bytes]] = {}
    for folder, below, names in os.walk(tree):
        below[:] = [name for name in below if name != ".git"]
        for name in (*below, *names):
            path = Path(folder, name)
            mode = path.lstat().st_mode & (0o170100 if path.is_file() else 0o170000)
            if path.is_symlink():
                content = os.fsencode(os.readlink(path))
            else:
                content = path.read_bytes() if path.is_file() else b""
            found[str(path.relative_to(tree))] = (mode, content)
    return found


async def test_of_a_shallow_clone(user, place, tmp_path):
    user.commit({"a.txt": "two"})
    user.git("clone", "-q", "--depth=1", f"file://{user.top}", str(tmp_path / "shallow"))
    mirror = Mirror(tmp_path / "m.git", tmp_path / "shallow")
    await mirror.ensure()
    work = WorkRepo(tmp_path / "w.git", mirror, 1)
    await work.ensure()
    await prepare(place / "tree", work, user.head, user.head, None, kept=place / "kept")
    await checkout(place / "gate", work, user.head)
    for tree in (place / "tree", place / "gate"):
        assert git(tree, "log", "--format=%s") == "work" and git(tree, "fsck") == ""
        assert git(tree, "status", "--porcelain") == "" and (tree / "a.txt").read_text() == "two"
    (place / "tree" / "a.txt").write_text("three")
    sealed = await seal(work, place / "tree", user.head, "m", AT, ref=work.attempt_ref(1))
    assert await commits_between(work, user.head, sealed.revision) == (sealed.revision,)


async def test_restoring_puts_every_file_of_a_revision_back(work, user, place, tmp_path):
    revision = user.commit({"a": "a\n", "lib/b": "b\n", "lib/deep/c": "c\n", "run": "r\n", "same": "s\n"})
    await work.mirror.fetch()
    tree = place / "tree"
    await checkout(tree, work, revision)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b").write_text("somebody's")
    stat = (tree / "same").stat()
    (tree / "a").write_text("x\n")
    os.utime(tree / "a", ns=(stat.st_mtime_ns, stat.st_mtime_ns))
    shutil.rmtree(tree / "lib")
    (tree / "lib").symlink_to(outside)
    (tree / "run").unlink()
    (tree / "run" / "inner").mkdir(parents=True)
    (tree / "more").write_text("stays")
    (tree / ".git" / "config").write_text("[core]\n\tfsmonitor = touch poisoned\n\tworktree = /nowhere\n")
    (tree / ".git" / "index").write_text("no index")
    await workspace.restore(tree, work, revision)
    names = ("a", "lib/b", "lib/deep/c", "run", "same", "more")
    assert [(tree / name).read_text() for name in names] == ["a\n", "b\n", "c\n", "r\n", "s\n", "stays"]
    assert (tree / "same").stat().st_ctime_ns == stat.st_ctime_ns  # what is right is left alone
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("b", "somebody's")]
    assert not (tree / "poisoned").exists()

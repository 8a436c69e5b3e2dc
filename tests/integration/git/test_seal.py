"""A seal holds exactly the work, is the same again, and runs nothing that an agent wrote."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from foremand.git import Mirror, Seal, Unreadable, WorkRepo, prepare, seal, snapshot

AT = 1_700_000_000.5


@pytest.fixture
async def tree(work: WorkRepo, user, place: Path) -> Path:
    await prepare(place / "tree", work, user.head, user.head, None, kept=place / "kept")
    return place / "tree"


async def sealed(work: WorkRepo, tree: Path, entered: str, **more) -> Seal:
    return await seal(work, tree, entered, "attempt 1", AT, ref=work.attempt_ref(1), **more)


async def names(work: WorkRepo, revision: str) -> set[bytes]:
    return set(await work.entries(revision))


async def content(work: WorkRepo, revision: str, path: str) -> bytes:
    return await work.git.run("cat-file", "blob", f"{revision}:{path}")


async def test_a_seal_is_one_commit_on_the_entered_revision_and_the_same_again(work, user, tree):
    (tree / "a.txt").write_text("changed\n")
    (tree / "new file\n.txt").write_text("new\n")
    (tree / "src" / "b.py").unlink()
    first = await sealed(work, tree, user.head)
    again = await sealed(work, tree, user.head)
    assert first == again and first.changed
    assert await names(work, first.revision) == {b".gitignore", b"a.txt", b"new file\n.txt"}
    assert await work.git.line("rev-parse", f"{first.revision}^") == user.head
    assert await work.resolve(work.attempt_ref(1)) == first.revision
    (work.path / "seal.index").unlink()
    assert await sealed(work, tree, user.head) == first


async def test_no_change_has_the_entered_tree(work, user, tree):
    result = await sealed(work, tree, user.head)
    assert not result.changed and result.tree == await work.tree_of(user.head)


async def test_a_corrupt_kept_index_is_done_without(work, user, tree):
    (tree / "a.txt").write_text("changed\n")
    (work.path / "seal.index").write_bytes(b"nonsense")
    assert await content(work, (await sealed(work, tree, user.head)).revision, "a.txt") == b"changed\n"


async def test_a_kept_index_forgets_what_the_last_attempt_added(work, user, tree):
    (tree / "extra.txt").write_text("x")
    await sealed(work, tree, user.head)
    (tree / "extra.txt").unlink()
    assert not (await sealed(work, tree, user.head)).changed


async def test_same_size_and_time_is_still_seen_as_a_change(work, user, tree):
    path = tree / "a.txt"
    await sealed(work, tree, user.head)
    before = path.stat()
    path.write_text("ONE\ntwo\nthree\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (await sealed(work, tree, user.head)).changed


async def test_an_edit_in_the_second_of_the_checkout_is_seen(work, user, place, next_second):
    """Same size, same second: git looks again only because the index is no younger than the file."""
    next_second()
    tree = place / "tree"
    await prepare(tree, work, user.head, user.head, None, kept=place / "kept")
    (tree / "a.txt").write_text("ONE\ntwo\nthree\n")
    next_second()
    assert (await sealed(work, tree, user.head)).changed
    next_second()
    (tree / "a.txt").write_text("one\nTWO\nthree\n")
    await sealed(work, tree, user.head)
    (tree / "a.txt").write_text("one\ntwo\nTHREE\n")
    next_second()
    await prepare(tree, work, user.head, user.head, None, kept=place / "kept")
    assert user.git("diff", "--name-only", cwd=tree) == "a.txt"
    assert await content(work, (await sealed(work, tree, user.head)).revision, "a.txt") == b"one\ntwo\nTHREE\n"


async def test_modes_links_and_odd_names(work, user, tree):
    (tree / "run.sh").write_text("#!/bin/sh\n")
    (tree / "run.sh").chmod(0o755)
    os.symlink("/etc/passwd", tree / "link")
    os.symlink("/etc", tree / "folder-link")
    os.symlink("nowhere", tree / "dangling")
    os.mkdir(os.fsencode(tree) + b"/\xff\xfe")
    (tree / os.fsdecode(b"\xff\xfe") / os.fsdecode(b":(top) -x\xe9")).write_text("odd")
    entries = await work.entries((await sealed(work, tree, user.head)).revision)
    assert entries[b"run.sh"][0] == b"100755"
    assert entries[b"link"][0] == entries[b"folder-link"][0] == entries[b"dangling"][0] == b"120000"
    assert await work.read_blobs([entries[b"folder-link"][1]]) == [b"/etc"]
    assert entries[b"\xff\xfe/:(top) -x\xe9"][0] == b"100644"
    assert not any(path.startswith(b"folder-link/") for path in entries)


async def test_a_folder_becomes_a_file_and_a_file_a_folder(work, user, tree):
    await sealed(work, tree, user.head)
    shutil.rmtree(tree / "src")
    (tree / "src").write_text("a file now")
    (tree / "a.txt").unlink()
    (tree / "a.txt").mkdir()
    (tree / "a.txt" / "inner").write_text("x")
    result = await sealed(work, tree, user.head)
    assert await names(work, result.revision) == {b".gitignore", b"src", b"a.txt/inner"}


async def test_a_tracked_folder_replaced_by_a_link_is_not_followed(work, user, tree, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b.py").write_text("secret")
    shutil.rmtree(tree / "src")
    os.symlink(outside, tree / "src")
    entries = await work.entries((await sealed(work, tree, user.head)).revision)
    assert entries[b"src"][0] == b"120000" and b"src/b.py" not in entries


async def test_ignore_rules_of_three_sides(work, user, tree, tmp_path):
    mine = tmp_path / "my-ignores"
    mine.write_text("*.swp\n")
    (tree / ".gitignore").write_text("!*.log\nhidden/\nsecret.py\n")  # drops the old rules, adds new ones
    (tree / "old.log").write_text("ignored by the entered rules")
    (tree / "notes.swp").write_text("ignored by the user")
    (tree / "hidden").mkdir()
    (tree / "hidden" / "work.py").write_text("kept beside")
    (tree / "secret.py").write_text("kept beside too")
    (tree / "build").mkdir()
    (tree / "build" / "out.o").write_text("ignored before")
    (tree / "src" / ".gitignore").write_text("gen.py\n")
    (tree / "src" / "gen.py").write_text("kept beside three")
    (tree / "src" / "new.py").write_text("work")
    result = await sealed(work, tree, user.head, extra_excludes=(mine,))
    assert await names(work, result.revision) == {
        b".gitignore", b"a.txt", b"src/b.py", b"src/.gitignore", b"src/new.py",
    }  # fmt: skip
    assert set(result.ignored) == {"hidden/", "secret.py", "src/gen.py"}
    assert await names(work, work.attempt_ref(1) + "-ignored") == {b"hidden/work.py", b"secret.py", b"src/gen.py"}


async def test_tracked_paths_count_though_ignored_or_kept_out(work, user, mirror, place):
    user.commit({"build/kept.txt": "tracked though ignored", "env/x": "tracked"})
    await mirror.fetch()
    tree = place / "tree"
    await prepare(tree, work, user.head, user.head, None, kept=place / "kept")
    (tree / "build" / "kept.txt").write_text("changed")
    (tree / "build" / "other.txt").write_text("ignored")
    (tree / "env" / "x").write_text("changed")
    (tree / "env" / "y").write_text("kept out")
    result = await sealed(work, tree, user.head, keep_out=("env",))
    assert await content(work, result.revision, "build/kept.txt") == b"changed"
    assert await content(work, result.revision, "env/x") == b"changed"
    assert not {b"build/other.txt", b"env/y"} & await names(work, result.revision)


async def test_keep_out_is_from_the_top(work, user, tree):
    for name in (".env", "sub/.env", "x.egg-info/a", "venv/lib/y"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("x")
    result = await sealed(work, tree, user.head, keep_out=(".env", "*.egg-info", "venv"))
    assert await names(work, result.revision) == {b".gitignore", b"a.txt", b"src/b.py", b"sub/.env"}


async def test_nested_repositories_are_plain_files(work, user, tree):
    for name in ("empty", "full"):
        user.git("init", "-q", str(tree / name))
        (tree / name / "inner.py").write_text("x")
    user.git("add", ".", cwd=tree / "full")
    user.git("commit", "-qm", "x", cwd=tree / "full")
    result = await sealed(work, tree, user.head)
    entries = await work.entries(result.revision)
    assert result.skipped == ()
    assert entries[b"empty/inner.py"][0] == entries[b"full/inner.py"][0] == b"100644"
    assert not any(b".git/" in path or mode == b"160000" for path, (mode, _) in entries.items())


async def test_a_submodule_keeps_its_gitlink(work, user, mirror, place):
    commit = user.head
    user.git("update-index", "--add", "--cacheinfo", f"160000,{commit},vendor/lib")
    user.git("commit", "-qm", "submodule")
    await mirror.fetch()
    tree = place / "tree"
    await prepare(tree, work, user.head, user.head, None, kept=place / "kept")
    assert (tree / "vendor" / "lib").is_dir()
    user.git("init", "-q", str(tree / "vendor" / "lib"))
    (tree / "vendor" / "lib" / "x.c").write_text("x")
    user.git("add", ".", cwd=tree / "vendor" / "lib")
    user.git("commit", "-qm", "x", cwd=tree / "vendor" / "lib")
    assert not (await sealed(work, tree, user.head)).changed
    shutil.rmtree(tree / "vendor")
    assert b"vendor/lib" not in await names(work, (await sealed(work, tree, user.head)).revision)


async def test_what_git_cannot_hold_is_named(work, user, tree):
    os.mkfifo(tree / "pipe")
    (tree / ".GIT").mkdir()
    (tree / ".GIT" / "config").write_text("x")
    (tree / "a.txt").unlink()
    os.mkfifo(tree / "a.txt")
    os.symlink("x", tree / ".gitmodules")
    here = Path.cwd()
    os.chdir(tree)  # the path of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket")
    finally:
        os.chdir(here)
    result = await sealed(work, tree, user.head)
    assert result.skipped == (".GIT", ".gitmodules", "a.txt", "pipe", "socket")
    assert await names(work, result.revision) == {b".gitignore", b"src/b.py"}


async def test_a_read_stage_keeps_the_entered_tree(work, user, tree):
    began = await snapshot(work, tree, user.head)
    assert not (await sealed(work, tree, user.head, read_only=True, began=began)).changed
    (tree / "sneaked.txt").write_text("x")
    result = await sealed(work, tree, user.head, read_only=True, began=began)
    assert result.changed and result.tree == await work.tree_of(user.head)
    assert await work.tree_of(result.revision) == result.tree
    assert b"sneaked.txt" in await names(work, work.attempt_ref(1) + "-changed")
    began = await snapshot(work, tree, user.head)
    assert not (await sealed(work, tree, user.head, read_only=True, began=began)).changed


async def test_nothing_that_the_agent_wrote_runs(work, user, tree, tmp_path):
    """The agent owns its `.git`, its attributes and its work tree; each of these would run a program."""
    ran = tmp_path / "ran"
    program = tree / "evil.sh"
    program.write_text(f"#!/bin/sh\necho $0 >> {ran}\ncat\n")
    program.chmod(0o755)
    config = tree / ".git" / "config"
    included = tree / "included"
    included.write_text(f'[filter "evil"]\n\tclean = {program}\n\tsmudge = {program}\n\trequired = true\n')
    config.write_text(
        config.read_text()
        + f"[core]\n\tfsmonitor = {program}\n\thooksPath = {tree}/hooks\n\tsshCommand = {program}\n"
        + f'[filter "evil"]\n\tclean = {program}\n\tprocess = {program}\n'
        + f'[diff "evil"]\n\ttextconv = {program}\n[includeIf "gitdir:/"]\n\tpath = {included}\n'
    )
    (tree / "hooks").mkdir()
    for hook in ("post-index-change", "reference-transaction", "pre-commit"):
        shutil.copy(program, tree / "hooks" / hook)
    (tree / ".gitattributes").write_text("* filter=evil diff=evil text eol=crlf ident working-tree-encoding=UTF-16\n")
    (tree / "a.txt").write_bytes(b"$Id$ through the filter\r\n")
    result = await sealed(work, tree, user.head)
    assert await content(work, result.revision, "a.txt") == b"$Id$ through the filter\r\n"
    await prepare(tree, work, result.revision, user.head, result.revision, kept=tree.parent / "kept")
    assert not ran.exists()


async def test_the_work_tree_is_sealed_though_its_git_is_broken_or_a_link(work, user, tree, tmp_path):
    shutil.rmtree(tree / ".git")
    os.symlink("/", tree / ".git")
    (tree / "a.txt").write_text("x")
    assert await content(work, (await sealed(work, tree, user.head)).revision, "a.txt") == b"x"
    (tree / ".git").unlink()
    (tree / ".git").write_text("gitdir: /nowhere\n")
    assert await content(work, (await sealed(work, tree, user.head)).revision, "a.txt") == b"x"


async def test_a_message_may_hold_anything(work, user, tree):
    result = await seal(work, tree, user.head, "plan\0 \udcff é", AT, ref=work.attempt_ref(1))
    assert "plan ? é" in await work.git.line("log", "-1", "--format=%B", result.revision)


@pytest.fixture
def as_normal_user(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Root may read everything, so be somebody else for a while. Yields a folder of their own."""
    folder = Path(tempfile.mkdtemp(prefix="seal-"))
    monkeypatch.setenv("HOME", str(folder))
    root = os.geteuid() == 0
    if root:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        shutil.rmtree(folder)


@pytest.mark.parametrize("locked", ["file", "folder"])
async def test_an_unreadable_file_is_an_error_not_a_loss(as_normal_user, another, locked):
    top = as_normal_user / "p"
    (as_normal_user / ".gitconfig").write_text("[user]\n\tname = A\n\temail = a@example.org\n")
    another(top).commit({})
    mirror = Mirror(as_normal_user / "m.git", top)
    await mirror.ensure()
    work = WorkRepo(as_normal_user / "w.git", mirror, 1)
    await work.ensure()
    head = await mirror.resolve("HEAD")
    tree = as_normal_user / "tree"
    await prepare(tree, work, head, head, None, kept=as_normal_user / "kept")
    (tree / "folder").mkdir()
    (tree / "folder" / "f").write_text("x")
    closed = tree / "folder" / "f" if locked == "file" else tree / "folder"
    closed.chmod(0)
    with pytest.raises(Unreadable) as caught:
        await sealed(work, tree, head)
    assert [Path(path).name for path in caught.value.paths] == [closed.name]
    closed.chmod(0o700)
    assert (await sealed(work, tree, head)).changed


async def test_an_ignore_file_that_is_none_is_not_read(work, user, place):
    tree = place / "tree"
    await prepare(tree, work, user.head, user.head, None, kept=place / "kept")
    with (tree / ".gitignore").open("wb") as rules:
        rules.truncate(3 << 30)
    with pytest.raises(Unreadable, match=r"\.gitignore: it has more than the 10 MB"):
        await seal(work, tree, user.head, "one", 1.0, ref=work.attempt_ref(1))


async def test_the_tree_of_a_commit_is_asked_once_and_that_of_a_name_each_time(work, user, change, monkeypatch):
    base = user.head
    first, second = await change(work, base, {"n.txt": "1"}), await change(work, base, {"n.txt": "2"})
    ref = work.attempt_ref(1)
    for made in (first, second):
        await work.keep(ref, made)
        assert await work.tree_of(ref) == await work.git.line("rev-parse", f"{made}^{{tree}}")
    assert await work.tree_of(first) != await work.tree_of(second)
    assert await work.tree_of(await work.tree_of(first)) == await work.tree_of(first), "a tree is its own"
    monkeypatch.setattr(work, "git", None)
    assert await work.tree_of(first) != await work.tree_of(second)

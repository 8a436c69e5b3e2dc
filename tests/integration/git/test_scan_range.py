"""Every line that would land is looked at, in whatever commit and whatever kind of file it is."""

import os
import tracemalloc

import pytest

from foremand.git import Added, Identity, StageCommit, added_lines, build, checkout, commits_between, seal
from foremand.git.scan_range import LONGEST, OVERLAP

WHO = Identity("Ada Example", "ada@example.org")


async def lines(work, commit: str, parent: str | None = None) -> list[Added]:
    return [added async for added in added_lines(work, commit, parent)]


@pytest.fixture
async def resealed(work, tmp_path):
    """Let `act` have its way with a checkout of a revision, and seal that."""

    async def resealed(entered: str, act) -> str:
        tree = tmp_path / "resealed"
        await checkout(tree, work, entered)
        act(tree)
        return (await seal(work, tree, entered, "x", 1.0, ref=work.attempt_ref(99))).revision

    return resealed


async def test_a_chain_of_seals_the_oldest_first(work, user, change):
    one = await change(work, user.head, {"secret.txt": "hunter2\n"})
    two = await change(work, one, {"secret.txt": None})
    assert await commits_between(work, user.head, two) == (one, two)
    assert await commits_between(work, two, two) == ()
    assert await lines(work, one) == [Added("secret.txt", 1, "hunter2")]
    assert await lines(work, two) == []


@pytest.mark.parametrize("merge", [False, True])
async def test_what_a_candidate_brings_along(work, user, mirror, change, merge):
    """A secret that a later stage removed comes with a merge, and not with a squash."""
    base = user.head
    one = await change(work, base, {"secret.txt": "hunter2\n", "good.txt": "x\n"})
    two = await change(work, one, {"secret.txt": None})
    tip = user.commit({"a.txt": "theirs\n"})
    await mirror.fetch()
    stages = [StageCommit(one, "one"), StageCommit(two, "two")] if merge else None
    made = await build(
        work, tip=tip, base=base, revision=two, message="m", author=WHO, committer=WHO, at=1.0,
        ref=work.candidate_ref(1), stages=stages,
    )  # fmt: skip
    coming = await commits_between(work, tip, made.commit)
    assert len(coming) == (3 if merge else 1) and coming[-1] == made.commit
    seen = {added.text for commit in coming for added in await lines(work, commit)}
    assert seen == ({"hunter2", "x"} if merge else {"x"})


async def test_only_added_lines_with_their_numbers(work, user, change):
    text = [f"line {number}" for number in range(1, 31)]
    base = await change(work, user.head, {"long.txt": "\n".join(text)})
    text[4:5] = ["new five", "", "++ and more"]
    del text[20]
    text.append("@@ -1 +1 @@ the end")
    revision = await change(work, base, {"long.txt": "\n".join(text), "a.txt": None})
    assert await lines(work, revision, base) == [
        Added("long.txt", 5, "new five"),
        Added("long.txt", 6, ""),
        Added("long.txt", 7, "++ and more"),
        Added("long.txt", 31, "line 30"),
        Added("long.txt", 32, "@@ -1 +1 @@ the end"),
    ]


async def test_renamed_files_links_modes_and_binaries(work, user, resealed):
    def act(tree):
        (tree / "a.txt").rename(tree / "moved é\n.txt")
        os.symlink("/token/in/a/target", tree / "link")
        (tree / "src" / "b.py").unlink()
        os.symlink("elsewhere", tree / "src" / "b.py")
        (tree / ".gitignore").chmod(0o755)
        (tree / "bin.dat").write_bytes(b"key\0\xff\x01a token in a database\x00\xfe\0rest\n")
        (tree / "wide.txt").write_text("a key in wide characters\nand short\n", "utf-16")
        (tree / "empty").write_text("")
        (tree / ".gitattributes").write_text("*.txt -diff\n")
        (tree / os.fsdecode(b"\xff.txt")).write_bytes(b"\xfe\n")

    found = set(await lines(work, await resealed(user.head, act)))
    assert found == {
        Added("moved é\n.txt", 1, "one"),
        Added("moved é\n.txt", 2, "two"),
        Added("moved é\n.txt", 3, "three"),
        Added("link", 1, "/token/in/a/target"),
        Added("src/b.py", 1, "elsewhere"),
        Added("bin.dat", 1, "a token in a database", binary=True),
        Added("wide.txt", 1, "a key in wide characters"),
        Added(".gitattributes", 1, "*.txt -diff"),
        Added("\\xff.txt", 1, "\ufffd"),
    }


async def test_a_link_that_becomes_a_file_comes_whole_and_a_submodule_adds_nothing(work, user, mirror, resealed):
    os.symlink("x", user.top / "link")
    user.git("add", "link")
    user.git("update-index", "--add", "--cacheinfo", f"160000,{user.head},sub")
    user.git("commit", "-qm", "link")
    await mirror.fetch()
    assert await lines(work, user.head) == [Added("link", 1, "x")]

    def act(tree):
        (tree / "link").unlink()
        (tree / "link").write_text("one\ntwo")

    assert await lines(work, await resealed(user.head, act)) == [Added("link", 1, "one"), Added("link", 2, "two")]


async def test_the_first_commit_of_all_adds_everything(work, user):
    (root,) = await commits_between(work, await work.git.line("hash-object", "-t", "tree", "--stdin"), user.head)
    assert {added.path for added in await lines(work, root)} == {"a.txt", "src/b.py", ".gitignore"}


async def test_large_files_are_read_too_and_take_no_memory(work, user, change):
    """git compares no file of this size for us: all its lines count, wherever the secret is."""
    noise = "a line that says nothing much\n" * 150_000
    base = await change(work, user.head, {"log.txt": noise})
    revision = await change(work, base, {"log.txt": noise + "hunter2\n", "one-line.js": "x" * 5_000_000 + "hunter2"})
    tracemalloc.start()
    try:
        count, seen = 0, []
        async for added in added_lines(work, revision, base):
            assert len(added.text) <= LONGEST
            count += added.path == "log.txt"
            if "hunter2" in added.text:
                seen.append((added.path, added.line_number))
        assert tracemalloc.get_traced_memory()[1] < 15_000_000
    finally:
        tracemalloc.stop()
    assert seen == [("log.txt", 150_001), ("one-line.js", 1)] and count == 150_001


@pytest.mark.parametrize("start", [LONGEST - 3, 2 * LONGEST - OVERLAP - 3, LONGEST - OVERLAP - 3, 3_000_000 - 10])
@pytest.mark.parametrize("size", [3_000_000, 6_000_000])
async def test_no_secret_is_torn_where_a_long_line_is_cut(work, user, change, start, size):
    line = bytearray(b"x" * size)
    line[start : start + 7] = b"hunter2"
    revision = await change(work, user.head, {"min.js": bytes(line)})
    found = await lines(work, revision)
    assert any("hunter2" in added.text for added in found)
    assert all(added.line_number == 1 and len(added.text) <= LONGEST for added in found)

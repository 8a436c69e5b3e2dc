"""What a change is: an answer holds for exactly one change, wherever the branch has moved."""

import os
import tracemalloc
from pathlib import Path

import pytest

from foremand.git import change_id, diffstat, filtered, patch, prompt_diff, seal
from foremand.git.diff import sections

LINES = "".join(f"line {number}\n" for number in range(60))


@pytest.fixture
def at(user, mirror):
    """Commit files on top of a revision, in the mirror's sight: the new revision."""

    async def at(base: str, files: dict[str, str | bytes | None], mode: dict[str, int] | None = None) -> str:
        user.git("checkout", "-q", "--detach", base)
        for name, content in files.items():
            if content is None:
                user.git("rm", "-q", name)
            else:
                user.write(name, content)
        for name, bits in (mode or {}).items():
            (user.top / name).chmod(bits)
        user.git("add", "-A", "-f")
        user.git("commit", "-q", "--allow-empty", "-m", "x")
        user.git("branch", "-f", f"kept-{user.head[:12]}")
        await mirror.fetch()
        return user.head

    return at


@pytest.fixture
async def base(at, user):
    return await at(user.head, {"long.txt": LINES, "bin.dat": b"a\0b", "a.txt": "one\ntwo\nthree\n"})


async def test_a_rename_is_seen_under_both_names(work, at, base):
    revision = await at(base, {"long.txt": None, "moved/long.txt": LINES})
    for rule, seen in (("/long.txt", True), ("moved/", True), ("/a.txt", False)):
        assert (await change_id(work, base, revision, [rule]) is not None) == seen


async def test_a_name_that_is_not_utf8_can_be_told(work, user, at, base):
    (user.top / os.fsdecode(b"\xff.txt")).write_text("x")
    revision = await at(base, {})
    assert await change_id(work, base, revision, ["\\\\xff.txt"]) == await change_id(work, base, revision) is not None


async def test_the_id_stays_when_the_tip_moves_elsewhere(work, at, base):
    revision = await at(base, {"long.txt": LINES.replace("line 40\n", "changed 40\n")})
    tip = await at(base, {"long.txt": "a new first line\n" + LINES, "other.txt": "x"})
    landed = await at(tip, {"long.txt": "a new first line\n" + LINES.replace("line 40\n", "changed 40\n")})
    assert await change_id(work, base, revision) == await change_id(work, tip, landed)


@pytest.mark.parametrize(
    "other",
    [
        {"long.txt": LINES.replace("line 40\n", "changed 40 \n")},  # white space: git's patch-id would not see it
        {"long.txt": LINES.replace("line 40\n", "\tchanged 40\n")},
        {"long.txt": LINES.replace("line 40\n", "changed 40\n").replace("line 39\n", "context\n")},
        {"long.txt": LINES.replace("line 41\n", "changed 40\n")},
        {"long.txt": LINES.replace("line 40\n", "changed 40\n"), "a.txt": None},
        {"long.txt": LINES.replace("line 40\n", "changed 40\n").removesuffix("\n")},
    ],
)
async def test_any_other_change_has_another_id(work, at, base, other):
    first = await change_id(work, base, await at(base, {"long.txt": LINES.replace("line 40\n", "changed 40\n")}))
    assert first is not None and first != await change_id(work, base, await at(base, other))


@pytest.mark.parametrize("name", ["bin.dat", "late.txt"])
async def test_bytes_after_a_nul_count(work, at, user, name):
    base = await at(user.head, {"bin.dat": b"a\0b", "late.txt": b"x\n" * 5000 + b"\0"})
    long = b"x\n" * 5000
    one = await change_id(work, base, await at(base, {name: long + b"\0one"}))
    two = await change_id(work, base, await at(base, {name: long + b"\0two"}))
    assert one != two


async def test_modes_and_types_count(work, at, user, base):
    plain = await change_id(work, base, await at(base, {"n.sh": "x"}))
    executable = await change_id(work, base, await at(base, {"n.sh": "x"}, {"n.sh": 0o755}))
    user.git("checkout", "-q", "--detach", base)
    os.symlink("x", user.top / "n.sh")
    link = await change_id(work, base, await at(user.head, {}))
    assert len({plain, executable, link}) == 3
    turned = await at(base, {"a.txt": "one\ntwo\nthree\n"}, {"a.txt": 0o755})
    assert await change_id(work, base, turned) is not None


async def test_a_file_that_becomes_a_link_is_told_by_its_blobs(work, at, user, base):
    ids = set()
    for target in ("one", "two"):
        user.git("checkout", "-q", "--detach", base)
        (user.top / "a.txt").unlink()
        os.symlink(target, user.top / "a.txt")
        ids.add(await change_id(work, base, await at(user.head, {"long.txt": LINES + "more\n"})))
        await at(base, {})
    assert len(ids) == 2 and None not in ids


async def test_content_cannot_forge_a_header(work, at, base):
    forged = "diff --git a/x b/x\n@@ -1 +1 @@\nBinary files a/x and b/x differ\n"
    one = await change_id(work, base, await at(base, {"a.txt": forged, "b.txt": "x"}))
    two = await change_id(work, base, await at(base, {"a.txt": forged + "more", "b.txt": "x"}))
    assert one != two


async def test_attributes_of_the_tree_do_not_hide_a_change(work, at, base):
    """`-diff` makes git say "binary files differ" for text; the id must not depend on it."""
    hidden = await at(base, {".gitattributes": "* -diff\n"})
    one = await at(hidden, {"long.txt": "a first line\n" + LINES})
    two = await at(base, {"long.txt": "a first line\n" + LINES})
    assert await change_id(work, hidden, one) == await change_id(work, base, two)
    assert b"+a first line" in b"".join([piece async for piece in patch(work, hidden, one)])


async def test_an_id_can_be_of_some_paths(work, at, base):
    one = await at(base, {"api/x.py": "x", "docs/y.md": "y"})
    two = await at(base, {"api/x.py": "x", "docs/y.md": "other"})
    assert await change_id(work, base, one, ["api/"]) == await change_id(work, base, two, ["api/"])
    assert await change_id(work, base, one, ["/docs/**"]) != await change_id(work, base, two, ["/docs/**"])
    assert await change_id(work, base, one, ["*.go"]) is None
    assert await change_id(work, base, base) is None


async def test_moving_out_of_a_path_touches_it(work, at, base):
    inside = await at(base, {"safe/long.txt": LINES})
    moved = await at(inside, {"safe/long.txt": None, "free/long.txt": LINES})
    assert await change_id(work, inside, moved, ["safe/"]) is not None


async def test_diffstat_counts(work, at, base):
    revision = await at(base, {"long.txt": LINES + "more\n", "bin.dat": b"c\0d", "a.txt": None, "m/x": "1\n2\n"})
    assert await diffstat(work, base, revision) == (4, 3, 3)
    assert await diffstat(work, base, base) == (0, 0, 0)
    moved = await at(base, {"long.txt": None, "moved.txt": LINES})
    assert await diffstat(work, base, moved) == (1, 0, 0)


async def test_the_prompts_diff_shows_code_and_names_the_rest(work, at, base):
    revision = await at(
        base,
        {
            "src/b.py": "b = 2\n",
            "uv.lock": LINES,
            "bin.dat": b"c\0d",
            "gen/api.ts": LINES,
            "web/app.min.js": "x",
            ".gitattributes": "gen/** linguist-generated\n",
            "huge.py": "x = 1\n" * 50_000,
        },
    )
    shown = await prompt_diff(work, base, revision)
    assert "+b = 2\n" in shown and "+gen/** linguist-generated" in shown
    for line in (
        " uv.lock | +60 -0 (lock file)",
        " bin.dat | +0 -0 (binary)",
        " gen/api.ts | +60 -0 (generated)",
        " web/app.min.js | +1 -0 (generated)",
        " huge.py | +50000 -0 (too long)",
    ):
        assert line in shown
    assert "line 3" not in shown and len(shown.encode()) <= 200_000


async def test_the_prompts_diff_never_passes_its_limit(work, at, base):
    revision = await at(base, {f"many/{number:03}-é.txt": "é\n" * number for number in range(200)})
    for limit in (300, 2_000, 20_000):
        shown = await prompt_diff(work, base, revision, limit)
        assert len(shown.encode()) <= limit and "more files" in shown


async def test_files_under_a_filter_driver_are_named(work, at, user, base):
    lfs = await at(base, {".gitattributes": "*.bin filter=lfs diff=lfs -text\nplain.bin -filter\n"})
    revision = await at(lfs, {"x.bin": "pointer", "plain.bin": "x", "src/b.py": "b = 3\n"})
    assert await filtered(work, lfs, revision) == ("x.bin",)
    assert await filtered(work, base, revision) == ("x.bin",)
    escaped = await at(revision, {".gitattributes": "", "x.bin": "now what"})
    assert await filtered(work, revision, escaped) == ("x.bin",)
    assert await filtered(work, base, await at(base, {"y.bin": "x"})) == ()


def large(path: Path, last: str) -> None:
    """A text file of some 20 MB."""
    path.write_text("a line that says nothing much\n" * 700_000 + last)


async def test_large_files_are_told_by_their_blobs_and_take_no_memory(work, at, base, tmp_path):
    seals = []
    for number, last in enumerate(("one", "two", "one")):
        tree = tmp_path / f"tree{number}"
        tree.mkdir()
        large(tree / "log.txt", last)
        seals.append((await seal(work, tree, base, "log", 1.0, ref=work.attempt_ref(number + 1))).revision)
    one, two, _ = seals
    tracemalloc.start()
    try:
        ids = [await change_id(work, base, each) for each in seals]
        shown = [len(piece) async for piece in patch(work, base, one)]
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    assert ids[0] == ids[2] != ids[1]
    assert await change_id(work, one, two) is not None
    assert sum(shown) > 20_000_000, "a person gets all of it"
    assert "log.txt | +0 -0 (binary)" in await prompt_diff(work, base, one)


async def test_a_change_of_many_files_comes_in_pieces(work, at, base):
    many = {f"src/{number}.txt": f"diff --git a/{number}\n" * 400 for number in range(100)}
    one = await at(base, many)
    found = [(each.path, section) async for each, section in sections(work, base, one)]
    assert [path.decode() for path, _ in found] == sorted(many)
    for path, section in found:
        assert section.startswith(b"diff --git a/%b b/%b\n" % (path, path))
        assert section.count(b"\n+diff --git ") == 400
    pieces = [piece async for piece in patch(work, base, one)]
    assert len(pieces) > 1

"""Nothing gets into or out of a protected place without being seen."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from foremand.git import change_id, checkout, seal, touched
from foremand.git.globs import Globs


@pytest.fixture
async def base(user, mirror) -> str:
    files = {"safe/one.txt": "1\n" * 20, "safe/deep/two.sql": "2\n" * 20, "open/three.txt": "3\n" * 20}
    user.commit(files)
    user.git("update-index", "--add", "--cacheinfo", f"160000,{user.head},vendor/lib")
    user.git("commit", "-qm", "submodule")
    await mirror.fetch()
    return user.head


def rename_out(tree: Path) -> None:
    (tree / "safe" / "one.txt").rename(tree / "open" / "one.txt")


def rename_case(tree: Path) -> None:
    (tree / "safe" / "one.txt").rename(tree / "safe" / "ONE.txt")


def rename_folder_case(tree: Path) -> None:
    (tree / "safe").rename(tree / "Safe")


def link_in(tree: Path) -> None:
    os.symlink("../open/three.txt", tree / "safe" / "link")


def link_over_file(tree: Path) -> None:
    (tree / "safe" / "one.txt").unlink()
    os.symlink("../open/three.txt", tree / "safe" / "one.txt")


def link_over_folder(tree: Path) -> None:
    shutil.rmtree(tree / "safe")
    os.symlink("open", tree / "safe")


def mode(tree: Path) -> None:
    (tree / "safe" / "one.txt").chmod(0o755)


def delete_folder(tree: Path) -> None:
    shutil.rmtree(tree / "safe")


def file_over_folder(tree: Path) -> None:
    shutil.rmtree(tree / "safe")
    (tree / "safe").write_text("x")


SAFE = ["safe/**", "/safe/", "safe", "safe/"]


@pytest.mark.parametrize(
    "act",
    [
        rename_out, rename_case, rename_folder_case, link_in, link_over_file, link_over_folder, mode, delete_folder,
        file_over_folder,
    ],
)  # fmt: skip
async def test_a_protected_folder(work, base, tmp_path, act: Callable[[Path], None]):
    tree = tmp_path / "tree"
    await checkout(tree, work, base)
    act(tree)
    revision = (await seal(work, tree, base, "x", 1.0, ref=work.attempt_ref(1))).revision
    for glob in SAFE:
        assert await touched(work, base, revision, [glob])
        assert await change_id(work, base, revision, [glob]) is not None
    assert await touched(work, base, revision, ["src/", "*.md"]) == ()


async def test_both_names_of_a_rename(work, base, change):
    moved = await change(work, base, {"safe/one.txt": None, "open/one.txt": "1\n" * 20})
    assert await touched(work, base, moved, ["safe/"]) == ("safe/one.txt",)
    assert await touched(work, base, moved, ["open/*"]) == ("open/one.txt",)
    assert await touched(work, base, moved, ["*.txt"]) == ("open/one.txt", "safe/one.txt")
    assert await touched(work, base, moved, ["*.txt", "!safe/**"]) == ("open/one.txt",)


@pytest.mark.parametrize("bump", [True, False])
async def test_a_submodule_that_moves_or_goes(work, user, mirror, base, bump):
    entry = ("--cacheinfo", f"160000,{base},vendor/lib") if bump else ("--force-remove", "vendor/lib")
    user.git("update-index", *entry)
    user.git("commit", "-qm", "bump")
    await mirror.fetch()
    for glob in ("vendor/", "vendor/lib", "vendor/lib/", "vendor/lib/src/*.c", "vendor/**", "**/lib/"):
        assert await touched(work, base, user.head, [glob]) == ("vendor/lib",)
    assert await touched(work, base, user.head, ["safe/", "*.c"]) == ()


@pytest.mark.parametrize(
    ("glob", "link", "about"),
    [
        ("api/migrations/*.sql", "api", True),
        ("api/migrations/*.sql", "api/migrations", True),
        ("api/migrations/*.sql", "api/other", False),
        ("api/migrations/*.sql", "web/api", False),
        ("/api/*/keys/**", "api/x/keys", True),
        ("/api/*/keys/**", "api/x/other", False),
        ("**/migrations/*.sql", "db/migrations", True),
        ("**/migrations/*.sql", "db/other", False),
        ("migrations/", "db/migrations", True),
        ("*.sql", "docs", False),
        ("*.sql", "docs.sql", True),
        ("x/x/y", "x/x", True),
        ("!api/**", "api", False),
        ("#api/**", "api", False),
        ("", "api", False),
        ("**", "api", True),
    ],
)
def test_a_link_where_a_named_folder_would_be(glob, link, about):
    assert Globs([glob]).match(link, stands_for_folder=True) is about

"""What is laid into a tree is laid whole or not at all, and by nobody who was told to let go."""

import asyncio
import os
from pathlib import Path

import pytest

from foremand.engine import laying


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "room" / "tree"
    (tree / "env").mkdir(parents=True)
    (tree / "env" / "old").write_text("old")
    (tmp_path / "source" / "deep").mkdir(parents=True)
    (tmp_path / "source" / "deep" / "new").write_text("new")
    (tmp_path / "source" / "link").symlink_to("deep")
    return tree


async def test_a_copy_takes_the_place_of_what_is_there(tmp_path: Path, tree: Path) -> None:
    (tmp_path / "source").chmod(0o500)
    (tmp_path / "room" / "laying").write_text("what a crash left")
    await laying.lay_copy(tmp_path / "source", tree, "env")
    assert sorted(os.listdir(tree / "env")) == ["deep", "link"]
    assert (tree / "env" / "link").readlink() == Path("deep")
    assert (tree / "env").stat().st_mode & 0o777 == 0o500
    await laying.lay_copy(tmp_path / "source" / "link", tree, "more/link", follow=True)
    assert (tree / "more" / "link" / "new").read_text() == "new"
    assert os.listdir(tmp_path / "room") == ["tree"]
    for path in (tree / "env", tmp_path / "source"):
        path.chmod(0o700)


async def test_letting_go_ends_the_copy_and_leaves_the_tree_as_it_was(
    tmp_path: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "bin" / "cp"
    slow.parent.mkdir()
    os.mkfifo(tmp_path / "begun")
    slow.write_text(f'#!/bin/sh\nfor target; do :; done\nmkdir "$target"\necho $$ > {tmp_path}/begun\nexec sleep 600\n')
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    async with asyncio.TaskGroup() as group:
        doing = group.create_task(laying.lay_copy(tmp_path / "source", tree, "env"))
        pid = int(await asyncio.to_thread((tmp_path / "begun").read_text))
        doing.cancel()
    assert doing.cancelled()
    assert not await asyncio.to_thread(Path(f"/proc/{pid}").exists)
    assert os.listdir(tree / "env") == ["old"]


async def test_a_thread_ends_before_who_waits_for_it(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    ended: list[str] = []
    async with asyncio.TaskGroup() as group:
        doing = group.create_task(laying.to_the_end(lambda: ended.append(gate.read_text())))
        writer = await asyncio.to_thread(os.open, gate, os.O_WRONLY)  # it reads: the thread has begun
        doing.cancel()
        done, _ = await asyncio.wait([doing], timeout=0.05)
        os.close(writer)
    assert not done
    assert doing.cancelled()
    assert ended == [""]

"""What a fact relies on is on disk before the fact: the bytes, the name, and the folders that lead there."""

import os
from pathlib import Path

import pytest

from foremand.agents.port import Job
from foremand.engine import durable, environments
from foremand.engine.plan import Plan, plan_file, read_plan, write_plan


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what was put on disk, each as it was called at that moment; a rename comes as `->`."""
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note(descriptor: int) -> None:
        order.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        fsync(descriptor)

    def rename(path: Path, to: Path) -> Path:
        order.append(f"-> {to.name}")
        return replace(path, to)

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(Path, "replace", rename)
    return order


def test_the_folder_is_synced_after_the_rename(tmp_path: Path, synced: list[str]) -> None:
    durable.write(tmp_path / "a" / "b" / "file", b"said")
    assert synced == [tmp_path.name, "a", "file.new", "-> file", "b"]
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"said"
    assert (tmp_path / "a" / "b" / "file").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["file"]


def test_a_plan_and_an_environment_are_durable(tmp_path: Path, synced: list[str]) -> None:
    job = Job(
        prompt="do",
        stage="implement",
        access="write",
        task=1,
        attempt=1,
        session_id="s",
        home=tmp_path,
        output=tmp_path / "out",
        sandboxed=True,
    )
    plan = Plan(job=job, wall_clock=None, began=None)
    write_plan(tmp_path / "1", plan)
    assert synced[-2:] == [f"-> {plan_file(tmp_path / '1').name}", tmp_path.name]
    assert read_plan(tmp_path / "1") == plan

    environments.keep(tmp_path / "environment", {"PATH": "/bin"})
    assert synced[-2:] == ["-> environment", tmp_path.name]
    assert environments.read(tmp_path / "environment") == {"PATH": "/bin"}

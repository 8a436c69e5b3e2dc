"""What is left of a workspace once its task has landed: every commit that an agent made itself."""

import subprocess
from pathlib import Path

import pytest

from foremand.engine.housekeeping import release


def git(place: Path, *args: str) -> str:
    """What git says in a repository."""
    name = ("-c", "user.name=Agent", "-c", "user.email=agent@example.com")
    return subprocess.run(["git", *name, *args], cwd=place, check=True, capture_output=True, text=True).stdout.strip()


def repository(place: Path) -> str:
    """A repository with one commit; the commit."""
    place.mkdir(parents=True)
    git(place, "init", "-q")
    git(place, "commit", "-q", "--allow-empty", "-m", place.name)
    return git(place, "rev-parse", "HEAD")


@pytest.mark.parametrize("packed", [False, True])
def test_commits_of_agents_outlive_their_workspace(tmp_path: Path, packed: bool) -> None:
    workspace = tmp_path / "1"
    commits = {repository(workspace / "tree" / below) for below in ("", "vendor/nested", "vendor/nested/deep")}
    if packed:
        for repo in list(workspace.rglob(".git")):
            git(repo.parent, "gc", "-q", "--prune=now")
    (workspace / "home").mkdir()

    release(workspace)
    release(workspace)

    assert sorted(path.name for path in workspace.iterdir()) == ["kept"]
    kept = {git(repo, "rev-parse", "HEAD") for repo in (workspace / "kept").iterdir()}
    assert kept == commits


def test_a_submodule_s_repository_is_kept_with_the_one_around_it(tmp_path: Path) -> None:
    workspace = tmp_path / "1"
    bare = workspace / "tree" / ".git"
    for name in ("objects", "modules"):
        (bare / name).mkdir(parents=True)
    commit = repository(bare / "modules" / "lib")

    release(workspace)

    assert git(workspace / "kept" / "git-1" / "modules" / "lib", "rev-parse", "HEAD") == commit


def test_nothing_is_kept_where_nothing_was_committed(tmp_path: Path) -> None:
    workspace = tmp_path / "1"
    (workspace / "tree").mkdir(parents=True)
    git(workspace / "tree", "init", "-q")
    (workspace / "tree" / ".git" / "objects" / "info" / "alternates").write_text("/nowhere\n")

    release(workspace)

    assert not list(workspace.iterdir())

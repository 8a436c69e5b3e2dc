"""Where init writes, and what it leaves alone: the repository, or the user's own settings."""

import hashlib
from pathlib import Path
from typing import Any

FILES = {"Makefile": "test:\n\ttrue\n"}


def own_place(house: Any, top: Path) -> Path:
    digest = hashlib.sha256(str(top).encode()).hexdigest()[:16]
    return Path(house.root / "config/foremand/pipelines" / f"{top.name}-{digest}.toml")


def test_the_users_own_leaves_the_repository_as_it_is(house: Any) -> None:
    repo = house.repo(FILES, "my shop.git")
    (repo.path / "sub").mkdir()
    said = house.ok("init", "--user", cwd=repo.path / "sub")
    file = Path(said.stdout.removesuffix("\n"))
    assert file == own_place(house, repo.path)
    assert repo.git("status", "--porcelain") == ""
    assert str(repo.path) in said.stderr
    assert str(repo.path) in file.read_text()
    house.ok("check", str(file))
    assert house.ok("check", cwd=repo.path).stdout == house.ok("check", str(file), cwd=repo.path).stdout
    assert str(file) in house.ok("doctor", "--format", "json", cwd=repo.path).json["repository"]["says"]

    before = file.read_text()
    again = house.ctl("init", "--user", "-C", str(repo.path))
    assert again.returncode == 5
    assert f"foremanctl check '{file}'" in again.stderr
    assert file.read_text() == before


AGENT = """\
adapter = "command"
command = ["sh", "-c", "test $FOREMAND_STAGE = plan || echo work > work.txt"]
"""


def test_a_task_follows_the_users_own(house: Any) -> None:
    repo = house.repo(FILES, "my shop")
    file = Path(house.ok("init", "--user", cwd=repo.path).stdout.removesuffix("\n"))
    file.write_text(file.read_text().replace('adapter = "claude"\n', AGENT))
    house.start()
    task = house.submit(repo, "work")
    assert house.wait(task, "WAITING")["reason"] == "approve final-review?"
    house.approve(task)
    house.wait(task, "LANDED")
    assert repo.git("ls-tree", "--name-only", "main").splitlines() == ["Makefile", "work.txt"]


def test_the_users_own_does_not_hide_that_the_repository_has_one(house: Any) -> None:
    repo = house.repo(FILES)
    house.ok("init", "--commit", cwd=repo.path)
    said = house.ok("init", "--user", cwd=repo.path)
    assert "goes before this one" in said.stderr


def test_two_repositories_of_one_name_have_a_file_each(house: Any) -> None:
    (house.root / "a").mkdir()
    (house.root / "b").mkdir()
    files = {house.ok("init", "--user", cwd=house.repo(FILES, f"{folder}/shop").path).stdout for folder in "ab"}
    assert len(files) == 2


def test_flags_that_contradict_each_other_write_nothing(house: Any) -> None:
    repo = house.repo(FILES)
    refused = house.ctl("init", "--user", "--commit", cwd=repo.path)
    assert (refused.returncode, "--commit" in refused.stderr) == (2, True)
    assert not own_place(house, repo.path).exists()
    assert repo.git("status", "--porcelain") == ""


def test_without_commit_it_says_how_to(house: Any) -> None:
    repo = house.repo(FILES)
    said = house.ok("init", cwd=repo.path)
    assert said.stdout == f"{repo.path}/.foremand/pipeline.toml\n"
    assert "git add .foremand" in said.stderr
    assert repo.git("status", "--porcelain") == "?? .foremand/"


def test_a_place_that_cannot_be_written_is_named(house: Any) -> None:
    repo = house.repo({**FILES, ".foremand": "a file\n"})
    failed = house.ctl("init", cwd=repo.path)
    assert (failed.returncode, ".foremand/pipeline.toml cannot be written" in failed.stderr) == (1, True)


def test_what_it_does_not_judge_is_told(house: Any) -> None:
    repo = house.repo({"go.mod": "module x\n", "package.json": '{"scripts": {"test": "x"}}', "yarn.lock": ""})
    said = house.ok("init", cwd=repo.path)
    assert "not judged by it: the packages of package.json are yarn's" in said.stderr


def test_a_repository_of_no_known_kind_is_left_alone(house: Any) -> None:
    repo = house.repo({"README": "hi\n"})
    for flags in ([], ["--commit"], ["--user"]):
        refused = house.ctl("init", *flags, cwd=repo.path)
        assert (refused.returncode, "no tests were found" in refused.stderr) == (2, True)
    assert repo.git("status", "--porcelain") == ""
    assert not (repo.path / ".foremand").exists()
    assert not own_place(house, repo.path).exists()

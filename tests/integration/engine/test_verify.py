"""Verifying: all is well with what is well, and each thing that is broken is found and named."""

import asyncio
import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from typing import Any

import pytest
from msgspec.structs import replace

from foremand.core import facts as f
from foremand.engine.desk import TaskUnknown
from foremand.engine.ledger import _memory
from foremand.engine.pruning import Pruner
from foremand.engine.verify import Verifier

STATE = "0123abcd"


async def found(estate: Any, task: int | None = None) -> dict[tuple[int, str], tuple[bool, str]]:
    """What is found, by task and check."""
    verifier = Verifier(estate.places, estate.ledger, estate.journal, estate.repositories, STATE)
    return {(each.task, each.check): (each.ok, each.detail) async for each in verifier.verify(task)}


async def broken(estate: Any, task: int | None = None) -> dict[tuple[int, str], str]:
    """What is not well."""
    return {what: detail for what, (ok, detail) in (await found(estate, task)).items() if not ok}


async def landed(estate: Any, number: int = 1) -> str:
    await estate.begin(number)
    return str(await estate.land(number, await estate.seal(number, {f"{number}.txt": "a"})))


async def test_all_is_well(an_estate: Any) -> None:
    async with an_estate() as estate:
        await landed(estate)
        await estate.begin(2)
        await estate.seal(2, {"b": "b"})
        await estate.end(2)
        await estate.begin(3)
        await estate.seal(3, {"c": "c"})
        before = await found(estate)
        assert [what for what, (ok, _) in before.items() if not ok] == []
        assert [check for task, check in before if task == 1] == [
            *("facts", "revisions", "landed", "verdicts", "workspace", "branch", "processes")
        ]
        assert [check for task, check in before if task == 3] == ["facts", "revisions"]
        assert before[0, "journal"] == (True, "whole")
        assert before[1, "verdicts"] == (True, "tests pass, secret pass, foremand-policy skipped")
        assert {task for task, _ in await found(estate, 2)} == {2}
        with pytest.raises(TaskUnknown):
            await found(estate, 9)
    async with an_estate() as estate:
        assert await found(estate) == before


async def test_a_journal_that_is_damaged(an_estate: Any) -> None:
    async with an_estate() as estate:
        await landed(estate)
        damaged = sqlite3.connect(estate.places.journal)
        damaged.execute("PRAGMA writable_schema = ON")
        damaged.execute("UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'facts_of_task'")
        damaged.commit()
        damaged.close()
        bad = await broken(estate)
        assert {(0, "journal"), (1, "facts")} == set(bad)
        assert all("malformed" in detail or "journal" in detail for detail in bad.values())


async def test_a_task_that_is_not_what_its_facts_tell(an_estate: Any) -> None:
    async with an_estate() as estate:
        await landed(estate)
        as_it_was = estate.ledger[1]
        estate.ledger._tasks[1] = replace(as_it_was, landed_commit="f" * 40)
        assert "the daemon has it otherwise" in (await broken(estate))[1, "facts"]

        estate.ledger._tasks[1] = as_it_was
        await estate.journal.remember(1, estate.journal.last_seq + 1, _memory(replace(as_it_was, over_reason="so")))
        assert await broken(estate) == {(1, "facts"): "what is remembered of it is not what its facts tell"}


async def test_a_revision_that_is_lost_and_one_that_was_pruned(an_estate: Any) -> None:
    async with an_estate() as estate:
        await landed(estate)
        await estate.begin(2)
        refused = await estate.seal(2, {"key": "secret"})
        await estate.judge(2, refused, "secret", "fail")
        lost = await estate.seal(2, {"b": "b"})
        await estate.end(2)
        estate.now += 60
        await Pruner(estate.places, estate.ledger, estate.journal, estate.repositories, 0.0).prune(False)

        state = await found(estate)
        assert state[1, "revisions"] == (True, "pruned")
        assert state[2, "revisions"] == (True, "1 kept, 1 pruned: a secrets gate refused them")

        estate.git("update-ref", "-d", "refs/foremand/2/attempt/2", cwd=estate.places.work(2))
        estate.git("gc", "-q", "--prune=now", cwd=estate.places.work(2))
        assert await broken(estate) == {(2, "revisions"): f"lost: attempt 2 ({lost[:12]})"}

        await asyncio.to_thread(shutil.rmtree, estate.places.work(2))
        assert "its work is lost" in (await broken(estate))[2, "revisions"]


async def test_a_branch_that_was_rewritten_and_a_repository_that_is_gone(an_estate: Any) -> None:
    async with an_estate() as estate:
        commit = await landed(estate)
        estate.git("reset", "-q", "--hard", "HEAD~1")
        assert await broken(estate) == {
            (1, "branch"): f"main was rewritten, or is gone: it does not hold {commit[:12]}"
        }
        estate.git("reflog", "expire", "--expire=now", "--all")
        (estate.repo / ".git" / "FETCH_HEAD").unlink()
        (estate.repo / ".git" / "ORIG_HEAD").unlink(missing_ok=True)
        estate.git("gc", "-q", "--prune=now")
        assert "has no commit" in (await broken(estate))[1, "landed"]

        estate.repo.rename(estate.repo.with_name("elsewhere"))
        assert {(1, "landed"), (1, "branch")} == set(await broken(estate))


@pytest.mark.parametrize("what", ["verdict", "tree", "waived"])
async def test_what_landed_without_being_let_through(an_estate: Any, what: str) -> None:
    """Facts that no pipeline would lead to: the check is its own, and does not believe that they cannot be."""
    async with an_estate() as estate:
        await estate.begin(1)
        source = await estate.seal(1, {"a": "a"})
        for gate in ("tests", "secret"):
            await estate.judge(1, source, gate, "pass")
        made = await estate.build(1, source)
        await estate.judge(1, made, "secret", "fail" if what == "verdict" else "pass")
        if what == "waived":
            await estate.judge(1, made, "secret", "fail")
            answer = estate.ledger[1].answers[-1]
            said = {name: getattr(answer, name) for name in ("gate", "stage", "definition", "about", "revision")}
            await estate.say(f.Waived(task=1, at=estate.now, by="ann", message="an example", **said))
        work = estate.repositories.work(estate.ledger[1])
        commit = made if what != "tree" else await estate.commit(work, {"b": "b"}, made, "more")
        await work.keep("refs/landing", commit)
        estate.git("fetch", "-q", str(work.path), "refs/landing")
        estate.git("merge", "-q", "--ff-only", commit)
        await estate.say(f.Landed(task=1, at=estate.now, commit=commit))

        bad = await broken(estate)
        if what == "verdict":
            assert bad == {(1, "verdicts"): "land: secret: fail"}
        elif what == "tree":
            assert list(bad) == [(1, "landed")]
            assert "not what its gates judged" in bad[1, "landed"]
        else:
            assert bad == {}
            assert "secret waived" in (await found(estate))[1, "verdicts"][1]


async def test_a_workspace_that_is_left(an_estate: Any) -> None:
    async with an_estate() as estate:
        await landed(estate)
        estate.lay(estate.places.workspace(1) / "tree" / "file")
        assert await broken(estate) == {}, "it may be on its way out"
        estate.now += 600
        assert "foremanctl prune" in (await broken(estate))[1, "workspace"]


async def test_processes_that_are_left(an_estate: Any) -> None:
    async with an_estate() as estate:
        await landed(estate)
        with estate.lay(estate.places.attempt(1, 1) / "lock", "").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            assert await broken(estate) == {(1, "processes"): "run 1"}
        marks = [f"{STATE}/1/attempt/1", f"{STATE}/11/attempt/1", "other/1/attempt/1"]
        started = [
            subprocess.Popen(  # noqa: ASYNC220
                [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"],
                env={**os.environ, "FOREMAND_ATTEMPT": mark},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for mark in marks
        ]
        try:
            for each in started:
                assert each.stdout is not None
                assert each.stdout.readline() == b"up\n"
            assert await broken(estate) == {(1, "processes"): f"process {started[0].pid}"}
        finally:
            for each in started:
                each.communicate()
        assert await broken(estate) == {}

"""Pruning: what nothing needs goes, what has not landed stays, and a refused secret is gone at once."""

import asyncio
import fcntl
import os
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from foremand.core import facts as f
from foremand.core.fold import apply
from foremand.core.task import Task
from foremand.engine import pruning as module
from foremand.engine.conductor import StepFailed
from foremand.engine.pruning import Pruner
from foremand.engine.reading import NothingToRead, ReadingRoom
from foremand.engine.taint import check_kept
from foremand.engine.workplace import Room
from foremand.engine.workspaces import Workspaces
from foremand.git import prune as forgetting

DAY = 86400.0


def pruner(estate: Any, keep: float = 0.0) -> Pruner:
    return Pruner(estate.places, estate.ledger, estate.journal, estate.repositories, keep)


def gone(pruned: Any) -> list[tuple[int, str]]:
    return [(each.task, each.what) for each in pruned]


def furnish(estate: Any, number: int) -> None:
    """Everything that a task leaves on disk besides its revisions."""
    places = estate.places
    estate.lay(places.workspace(number) / "tree" / "poem.txt")
    estate.lay(places.workspace(number) / "home" / "hand" / "session")
    estate.lay(places.environment(number), '{"TOKEN": "s3cr3t"}')
    estate.lay(places.attempt(number, 1) / "out", "said\n" * 5000)
    estate.lay(places.gate_run(number, "tests-1") / "out")
    estate.lay(places.checkout(number, "tests-1") / "tree" / "poem.txt")


async def test_what_has_landed_goes_and_what_has_not_keeps_its_revisions_and_words(an_estate: Any) -> None:
    async with an_estate() as estate:
        for number in (1, 2, 3):
            await estate.begin(number)
            furnish(estate, number)
        revision = await estate.seal(1, {"a": "a"})
        await estate.land(1, revision)
        kept = await estate.seal(2, {"b": "b"})
        await estate.end(2)
        live = await estate.seal(3, {"c": "c"})

        assert gone(await pruner(estate, keep=7 * DAY).prune(False)) == [], "nothing is old enough"
        estate.now += 7 * DAY
        planned = await pruner(estate, keep=7 * DAY).prune(True)
        assert estate.places.work(1).exists(), "a dry run touches nothing"
        pruned = await pruner(estate, keep=7 * DAY).prune(False)

        assert gone(pruned) == gone(planned)
        assert sorted(gone(pruned)) == [
            *((1, what) for what in ("checkout", "environment", "gates", "revisions", "transcripts", "workspace")),
            *((2, what) for what in ("checkout", "environment", "workspace")),
        ]
        assert next(p.bytes for p in pruned if p.what == "transcripts") >= 25000
        assert not any(os.path.exists(each.path) for each in pruned if each.what != "workspace")  # noqa: ASYNC240
        assert list(estate.places.workspace(2).iterdir()) == []
        assert estate.has(2, kept)
        assert (estate.places.attempt(2, 1) / "out").exists()
        assert estate.has(3, live)
        assert (estate.places.workspace(3) / "tree" / "poem.txt").exists()
        assert estate.places.environment(3).exists()
        assert estate.places.mirror(estate.repo).exists(), "a kept revision borrows from it"
        assert not (estate.places.state / "trash").exists()
        assert gone(await pruner(estate, keep=7 * DAY).prune(False)) == []


async def test_what_is_pruned_is_told_apart_from_what_never_was(an_estate: Any) -> None:
    async with an_estate() as estate:
        await estate.begin(1)
        furnish(estate, 1)
        commit = await estate.land(1, await estate.seal(1, {"a": "a"}))
        room = ReadingRoom(estate.places, estate.journal, None, estate.repositories, None)  # type: ignore[arg-type]
        task: Task = estate.ledger[1]
        assert b"+a" in b"".join([piece async for piece in room.diff(task, 0, stat=False)[2]])

        await pruner(estate).prune(False)

        for number, stat in ((0, False), (1, False), (0, True)):
            with pytest.raises(NothingToRead, match="was pruned") as told:
                await anext(room.diff(task, number, stat=stat)[2])
            assert commit[:12] in told.value.hint
        with pytest.raises(NothingToRead, match="was pruned"):
            await anext(aiter(room.transcript(task, task.attempts[0], errors=False, follow=False)))


async def test_commits_of_agents_stay_when_the_workspace_of_a_failed_task_goes(an_estate: Any) -> None:
    async with an_estate() as estate:
        await estate.begin(1)
        await estate.seal(1, {"a": "a"})
        tree = estate.places.workspace(1) / "tree"
        tree.mkdir(parents=True)
        estate.git("init", "-q", cwd=tree)
        estate.git("commit", "-q", "--allow-empty", "-m", "mine", cwd=tree)
        commit = estate.git("rev-parse", "HEAD", cwd=tree)
        locked = tree / "locked"
        locked.mkdir()
        (locked / "file").write_text("x")
        locked.chmod(0o500)
        tree.chmod(0o555)
        await estate.end(1, "CANCELLED")

        assert gone(await pruner(estate).prune(False)) == [(1, "workspace")]

        workspace = estate.places.workspace(1)
        assert [path.name for path in workspace.iterdir()] == ["kept"]
        assert estate.git("rev-parse", "HEAD", cwd=workspace / "kept" / "git-1") == commit
        assert gone(await pruner(estate).prune(False)) == []


async def test_a_crash_while_a_workspace_goes_loses_no_commit(an_estate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with an_estate() as estate:
        await estate.begin(1)
        tree = estate.places.workspace(1) / "tree"
        tree.mkdir(parents=True)
        estate.git("init", "-q", cwd=tree)
        estate.git("commit", "-q", "--allow-empty", "-m", "mine", cwd=tree)
        await estate.end(1)
        with monkeypatch.context() as patch:

            def crash(*_: object) -> None:
                raise OSError("the power is gone")

            patch.setattr("foremand.engine.pruning.keep_commits", crash)
            assert gone(await pruner(estate).prune(False)) == []

        assert gone(await pruner(estate).prune(False)) == [(1, "workspace")]
        assert [path.name for path in estate.places.workspace(1).iterdir()] == ["kept"]


async def test_a_workspace_that_alone_has_the_work_stays(an_estate: Any) -> None:
    async with an_estate() as estate:
        await estate.begin(1)
        await estate.seal(1, {}, sealed=False)
        furnish(estate, 1)
        await estate.end(1)

        assert (1, "workspace") not in gone(await pruner(estate).prune(False))
        assert (estate.places.workspace(1) / "tree" / "poem.txt").exists()


async def test_nothing_goes_while_something_of_the_task_runs(an_estate: Any) -> None:
    async with an_estate() as estate:
        await estate.begin(1)
        furnish(estate, 1)
        await estate.land(1, await estate.seal(1, {"a": "a"}))
        lock = estate.lay(estate.places.attempt(1, 1) / "lock", "")
        with lock.open() as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            assert gone(await pruner(estate).prune(False)) == []
        assert (1, "transcripts") in gone(await pruner(estate).prune(False))


async def test_a_task_that_somebody_retries_meanwhile_keeps_what_is_left(
    an_estate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with an_estate() as estate:
        await estate.begin(1)
        revision = await estate.seal(1, {"a": "a"})
        furnish(estate, 1)
        await estate.end(1)
        many = pruner(estate)
        take = many._trash.take

        def first_then_retried(path: Path) -> None:
            take(path)  # the tree's: what it held is sealed
            estate.ledger._tasks[1] = retried(estate.ledger[1])

        monkeypatch.setattr(many._trash, "take", first_then_retried)
        assert await many.prune(False) == ()
        assert (estate.places.workspace(1) / "home" / "hand" / "session").exists()
        assert estate.places.environment(1).exists()
        assert estate.has(1, revision)


def retried(task: Task) -> Task:
    """The task once a person wants it to go on."""
    live = apply(task, f.Retried(task=task.id, at=task.updated_at, by="ann", stage="implement"))
    assert live is not None
    assert live.over is None
    return live


async def test_who_retries_while_a_secret_is_forgotten_does_so_afterwards(
    an_estate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with an_estate() as estate, asyncio.TaskGroup() as group:
        await estate.begin(1)
        revision = await estate.seal(1, {"a": "secret"})
        await estate.judge(1, revision, "secret", "fail")
        await estate.end(1)
        forget, order = module.forget, []

        async def retry() -> None:
            await estate.say(f.Retried(task=1, at=estate.now, by="ann", stage="implement"))
            order.append("retried")

        async def meanwhile(*arguments: Any) -> None:
            group.create_task(retry())
            for _ in range(20):
                await asyncio.sleep(0)
            assert estate.ledger[1].over is not None
            await forget(*arguments)
            order.append("forgotten")

        monkeypatch.setattr(module, "forget", meanwhile)
        assert gone(await pruner(estate, keep=DAY).prune(False)) == [(1, "revisions")]
        await estate.say(f.Said(task=1, at=estate.now, by="ann", message="done", key="k"))
        assert order == ["forgotten", "retried"]
        assert estate.ledger[1].over is None


@pytest.mark.parametrize("moment", ["before it is looked at", "as it is looked at"])
async def test_a_task_that_was_retried_before_its_secret_is_forgotten_keeps_it(
    an_estate: Any, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    async with an_estate() as estate:
        await estate.begin(1)
        revision = await estate.seal(1, {"a": "secret"})
        await estate.judge(1, revision, "secret", "fail")
        await estate.end(1)
        halted = estate.ledger.halted

        def retry_first(number: int) -> Any:
            estate.ledger._tasks[1] = retried(estate.ledger[1])
            return halted(number)

        if moment == "as it is looked at":
            monkeypatch.setattr(estate.ledger, "halted", retry_first)
        else:
            estate.ledger._tasks[1] = retried(estate.ledger[1])
        assert gone(await pruner(estate, keep=DAY).prune(False)) == []
        assert estate.has(1, revision)


async def test_who_goes_on_from_what_was_forgotten_is_told_so_and_how(an_estate: Any) -> None:
    async with an_estate() as estate:
        await estate.begin(1)
        revision = await estate.seal(1, {"a": "secret"})
        await estate.judge(1, revision, "secret", "fail")
        work = estate.repositories.work(estate.ledger[1])
        await check_kept(estate.ledger[1], work, revision, estate.ledger[1].base)
        await estate.end(1)
        estate.now += 60
        await pruner(estate, keep=DAY).prune(False)
        estate.ledger._tasks[1] = task = retried(estate.ledger[1])

        nothing: Any = None
        workspaces = Workspaces(estate.ledger, estate.repositories, nothing, nothing)
        folder = estate.places.workspace(1)
        room = Room(tree=folder / "tree", home=folder / "home", tmp=folder / "tmp")
        with pytest.raises(StepFailed) as told:
            await workspaces.make_ready(task, room, revision, None)
        for words in (revision[:12], "implement made", "secrets gate has refused", "retry 1 --stage implement --fresh"):
            assert words in told.value.reason
        with pytest.raises(StepFailed, match="is kept no more"):
            await workspaces.make_ready(task, room, task.base, revision)
        await check_kept(task, work, task.base, task.base_tree)


async def test_setups_mirrors_and_left_environments_go_when_nobody_used_them(an_estate: Any) -> None:
    async with an_estate() as estate:
        await estate.begin(1)
        await estate.land(1, await estate.seal(1, {"a": "a"}))
        used, unused, running = (estate.places.setup(key) for key in ("used", "unused", "running"))
        for setup in (used, unused, running):
            estate.lay(setup / "tree" / "bin")
        lock = estate.lay(running / "run" / "lock", "")
        mirror, orphan = estate.places.mirror(estate.repo), estate.lay(estate.places.environment(77), "{}")
        estate.now += 7 * DAY
        for path in (unused, running, mirror, orphan):
            os.utime(path, (estate.now - 7 * DAY, estate.now - 7 * DAY))
        os.utime(used, (estate.now - DAY, estate.now - DAY))
        estate.now += 1
        with lock.open() as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            pruned = await pruner(estate, keep=7 * DAY).prune(False)

        assert gone(pruned) == [(1, "revisions"), (0, "environment"), (0, "setup"), (0, "mirror")]
        assert used.exists()
        assert running.exists()
        assert not unused.exists()
        assert not mirror.exists()
        await estate.begin(2)  # the mirror is made again
        assert estate.has(2, estate.ledger[2].base)


async def test_a_mirror_stays_as_long_as_a_live_task_has_it(an_estate: Any) -> None:
    async with an_estate() as estate:
        await estate.begin(1)
        await estate.land(1, await estate.seal(1, {"a": "a"}))
        await estate.begin(2)
        estate.now += 100 * DAY
        assert (0, "mirror") not in gone(await pruner(estate).prune(False))


class TestSecrets:
    """What a secrets gate refused is the first to go, whatever `keep` says; all else stays."""

    async def test_it_is_gone_with_its_objects_once_the_task_is_over(self, an_estate: Any) -> None:
        async with an_estate() as estate:
            await estate.begin(1)
            refused = await estate.seal(1, {"key.pem": "a very secret key\n"})
            await estate.judge(1, refused, "secret", "fail")
            blob = estate.git("rev-parse", f"{refused}:key.pem", cwd=estate.places.work(1))
            clean = await estate.seal(1, {"code.py": "ok\n"})
            keep = pruner(estate, keep=1000 * DAY)
            estate.now += 60

            assert gone(await keep.prune(False)) == [], "the task is still live"
            assert estate.has(1, blob)
            await estate.land(1, clean)
            planned = await keep.prune(True)
            assert gone(planned) == [(1, "revisions")]
            assert planned[0].bytes > 0
            assert estate.has(1, blob), "a dry run touches nothing"
            assert await keep.prune(False) == planned

            assert not estate.has(1, refused)
            assert not estate.has(1, blob)
            assert estate.has(1, clean)
            assert estate.refs(1) == ["attempt/2", "candidate/1"]
            assert await keep.prune(False) == ()

    async def test_what_stands_on_it_or_was_made_of_it_goes_too(self, an_estate: Any) -> None:
        async with an_estate() as estate:
            await estate.begin(1)
            first = await estate.seal(1, {"key.pem": "a very secret key\n"})
            second = await estate.seal(1, {"more.py": "more\n"}, on=first)
            other = await estate.seal(1, {"fine.py": "fine\n"})
            made = await estate.build(1, second)
            await estate.judge(1, second, "secret", "fail")
            await estate.end(1)
            estate.now += 60

            await pruner(estate, keep=DAY).prune(False)

            assert [estate.has(1, each) for each in (first, second, made, other)] == [False, False, False, True]
            assert estate.refs(1) == ["attempt/3"]

    @pytest.mark.parametrize("later", ["pass", "waived", "advisory", "error"])
    async def test_what_was_let_pass_is_not_tainted(self, an_estate: Any, later: str) -> None:
        async with an_estate() as estate:
            task = await estate.begin(1)
            if later == "advisory":
                gate = replace(task.pipeline.gates["secret"], advisory=True)
                await estate.begin(2, replace(task.pipeline, gates={**task.pipeline.gates, "secret": gate}))
            number = 2 if later == "advisory" else 1
            revision = await estate.seal(number, {"key.pem": "an example\n"})
            await estate.judge(number, revision, "secret", "error" if later == "error" else "fail")
            if later == "pass":
                await estate.judge(number, revision, "secret", "pass")
            elif later == "waived":
                answer = estate.ledger[number].answers[-1]
                said = {name: getattr(answer, name) for name in ("gate", "stage", "definition", "about", "revision")}
                await estate.say(f.Waived(task=1, at=estate.now, by="ann", message="an example", **said))
            await estate.end(number)

            assert gone(await pruner(estate, keep=DAY).prune(False)) == []
            assert estate.has(number, revision)

    async def test_a_crash_in_the_middle_is_finished_the_next_time(
        self, an_estate: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with an_estate() as estate:
            await estate.begin(1)
            refused = await estate.seal(1, {"key.pem": "a very secret key\n"})
            await estate.judge(1, refused, "secret", "fail")
            await estate.end(1)
            estate.now += 60
            work = estate.repositories.work(estate.ledger[1])
            run = type(work.git).run

            async def no_gc(git: Any, *args: Any, **more: Any) -> bytes:
                if args[0] == "gc":
                    raise OSError("the power is gone")
                return await run(git, *args, **more)

            with monkeypatch.context() as patch:
                patch.setattr(type(work.git), "run", no_gc)
                assert gone(await pruner(estate, keep=DAY).prune(False)) == []
            assert estate.refs(1) == []
            assert estate.has(1, refused)
            assert forgetting.is_half_forgotten(work)

            assert gone(await pruner(estate, keep=DAY).prune(False)) == [(1, "revisions")]
            assert not estate.has(1, refused)
            assert not forgetting.is_half_forgotten(work)

    async def test_what_is_written_while_it_is_forgotten_stays(self, an_estate: Any) -> None:
        async with an_estate() as estate:
            task = await estate.begin(1)
            work = estate.repositories.work(task)
            written = await work.git.line("hash-object", "-w", "--stdin", input=b"new")
            await forgetting.forget(work, (), before=estate.now - 60)
            assert estate.has(1, written)
            await forgetting.forget(work, (), before=estate.now + 60)
            assert not estate.has(1, written)

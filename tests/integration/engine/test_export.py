"""An export has everything about a task, always in the same bytes, and no value of anybody's environment."""

import gzip
import io
import json
import os
import tarfile
import tracemalloc
from typing import Any

from foremand.engine.export import export
from foremand.engine.pruning import Pruner


async def exported(estate: Any, number: int) -> bytes:
    pieces = export(estate.ledger[number], estate.places, estate.journal, estate.repositories)
    return b"".join([piece async for piece in pieces])


def files(archive: bytes) -> dict[str, bytes]:
    """What is in it, in its order, read by somebody else's tar."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        members = tar.getmembers()
        assert all(member.isfile() for member in members)
        return {member.name: tar.extractfile(member).read() for member in members}  # type: ignore[union-attr]


async def test_everything_about_a_task_is_in_it(an_estate: Any) -> None:
    async with an_estate() as estate:
        await estate.begin(1)
        plain = await estate.seal(1, {"a.txt": "first try\n"})
        await estate.judge(1, plain, "tests", "fail")
        revision = await estate.seal(1, {"a.txt": "second try\n"})
        run, gate = estate.places.attempt(1, 2), estate.places.gate_run(1, "tests-1")
        for name, text in (("out", "said\n"), ("err", "oops\n"), ("stdin", "do it\n"), ("run.json", '{"token": 1}')):
            estate.lay(run / name, text)
        os.mkfifo(run / "control")
        (run / "exit.json").symlink_to("/etc/passwd")
        estate.lay(gate / "out", "1 passed\n")
        estate.lay(estate.places.environment(1), '{"API_KEY": "s3cr3t-value"}')
        estate.lay(estate.places.attempt(1, 2).with_name("2.plan.json"), "{}")
        await estate.land(1, revision)

        archive = await exported(estate, 1)
        assert await exported(estate, 1) == archive

        found = files(archive)
        assert list(found) == [
            "task.json",
            "facts.jsonl",
            "change.patch",
            "changes/attempt-1.patch",
            "changes/attempt-2.patch",
            "attempts/2/stdin",
            "attempts/2/out",
            "attempts/2/err",
            "gates/tests-1/out",
        ]
        task = json.loads(found["task.json"])
        assert (task["id"], task["over"], len(task["attempts"])) == (1, "LANDED", 2)
        facts = [json.loads(line) for line in found["facts.jsonl"].splitlines()]
        assert [fact["seq"] for fact in facts] == sorted(fact["seq"] for fact in facts)
        assert (facts[0]["type"], facts[-1]["type"]) == ("TaskSubmitted", "Landed")
        assert b"+first try" in found["changes/attempt-1.patch"]
        assert b"+second try" in found["change.patch"]
        assert found["attempts/2/out"] == b"said\n"
        assert b"s3cr3t-value" not in gzip.decompress(archive)


async def test_what_is_pruned_is_named(an_estate: Any) -> None:
    async with an_estate() as estate:
        await estate.begin(1)
        await estate.land(1, await estate.seal(1, {"a.txt": "a\n"}))
        await Pruner(estate.places, estate.ledger, estate.journal, estate.repositories, 0.0).prune(False)
        found = files(await exported(estate, 1))
        assert list(found) == ["task.json", "facts.jsonl", "missing.txt"]
        assert found["missing.txt"].splitlines() == [
            b"change.patch: its revision was pruned",
            b"changes/attempt-1.patch: its revision was pruned",
        ]


async def test_a_task_that_has_only_been_submitted(an_estate: Any) -> None:
    async with an_estate() as estate:
        await estate.begin(1)
        assert list(files(await exported(estate, 1))) == ["task.json", "facts.jsonl"]


async def test_a_large_transcript_takes_little_memory(an_estate: Any) -> None:
    async with an_estate() as estate:
        await estate.begin(1)
        await estate.seal(1, {"a": "a\n"})
        out = estate.lay(estate.places.attempt(1, 1) / "out", "")
        os.truncate(out, 96 << 20)
        size = 0
        tracemalloc.start()
        try:
            async for piece in export(estate.ledger[1], estate.places, estate.journal, estate.repositories):
                size += len(piece)
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()
        assert 0 < size < 8 << 20

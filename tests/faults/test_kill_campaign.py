"""kill -9 of the daemon, again and again, while five tasks run: everything lands, once, as if nothing had happened."""

import random
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

TASKS = range(1, 6)
KILLS = 20
LINES = 200


def kill_at_random_moments(house: Any) -> None:
    """Kill the daemon while it works, and every fifth time once more while the next one starts."""
    chance = random.Random(20)
    kills = 0
    while kills < KILLS:
        time.sleep(chance.uniform(0.0, 0.3))
        house.kill()
        kills += 1
        if kills % 5 == 4:
            house.start(wait=False)
            time.sleep(chance.uniform(0.2, 0.9))
            house.kill()
            kills += 1
        house.start()
    assert house.show(TASKS[-1])["state"] != "LANDED", "the tasks were over before the kills were"


async def test_every_task_lands_and_every_line_is_there_once(
    house: Any, worker: Path, plot: Any, caller: Any, journal: Any
) -> None:
    house.start()
    repo = house.repo({".foremand/pipeline.toml": plot.pipeline(worker, LINES), "README": "hello\n"})
    for task in TASKS:
        assert caller.submit(repo) == task
    kill_at_random_moments(house)
    for task in TASKS:
        house.wait(task, "LANDED")
    house.stop()

    files = {f"{name}-{task}.txt" for name in ("work", "count") for task in TASKS}
    assert set(repo.git("ls-tree", "-r", "--name-only", "main").split()) == files | {
        ".foremand/pipeline.toml",
        "README",
    }
    assert all(repo.show(f"work-{task}.txt") == "good" and repo.show(f"count-{task}.txt") == "1" for task in TASKS)
    assert repo.git("rev-list", "--count", "main") == str(1 + len(TASKS))
    assert repo.git("status", "--porcelain") == ""

    record = await journal(house.state)
    for task in TASKS:
        assert record.attempts(task) == [(stage, "done") for stage in plot.stages]
        for number, stage in enumerate(plot.stages, 1):
            assert record.transcript(task, number) == plot.expected(stage, number, LINES)
            assert record.heard(task, number) == plot.expected(stage, number, LINES)
        spans = [record.span(task, number) for number in range(1, len(plot.stages) + 1)]
        assert all(end < start for (_, end), (start, _) in pairwise(spans))
    everything = [record.span(task, number) for task in TASKS for number in range(1, len(plot.stages) + 1)]
    assert max(sum(start <= at < end for start, end in everything) for at, _ in everything) <= 3

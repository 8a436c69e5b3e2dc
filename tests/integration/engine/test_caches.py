"""A download cache of the user's, shared by agents, setups and gates of tasks that may have it, and by nobody else."""

from typing import Any

import pytest

PIPELINE = """
version = 1

[workspace]
cache = ["~/.cache/pip"]
setup = "cat ~/.cache/pip/wheel && echo setup >> ~/.cache/pip/log"
setup_paths = []

[agent.hand]
adapter = "command"
command = ["sh", "-ec", 'cat ~/.cache/pip/wheel > copied; echo agent >> ~/.cache/pip/log; ls ~/.cache > around']

[gate.check]
kind = "command"
run = "cmp ~/.cache/pip/wheel copied && echo gate >> ~/.cache/pip/log"

[[stage]]
name = "implement"
agent = "hand"
gates = ["check"]
"""


@pytest.mark.parametrize("sandbox", ["required", "off"])
def test_an_allowed_cache_is_shared_by_all_that_runs_for_a_task(house: Any, sandbox: str) -> None:
    cache = house.root / "home" / ".cache" / "pip"
    cache.mkdir(parents=True)
    (cache / "wheel").write_text("downloaded\n")
    (cache.parent / "private").write_text("not shared\n")
    settings = house.root / "config" / "foremand"
    settings.mkdir()
    (settings / "config.toml").write_text('allow_cache = ["~/.cache/pip"]\n')
    house.start("--sandbox", sandbox)
    repo = house.repo({".foremand/pipeline.toml": PIPELINE})
    house.wait(house.submit(repo, "use the cache"), "LANDED")
    assert repo.show("copied") == "downloaded"
    assert repo.show("around") == "pip", "the cache alone is there"
    assert set((cache / "log").read_text().split()) == {"setup", "agent", "gate"}

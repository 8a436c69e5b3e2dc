"""The README's screens. `python tests/terminal/screens.py` takes them anew in a real terminal and writes them there.

What differs from run to run (revisions, ages) is written as always the same, so that a test can compare.
"""

import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foremanctl.demo import shop
from foremanctl.demo.monday import BUG_FIX, FEATURE, UPGRADE

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"

_ALWAYS = (
    (r"\b(revision|at) [0-9a-f]{12}\b", r"\1 a1b2c3d4e5f6"),
    (r"\b(revision|at) [0-9a-f]{7}\b", r"\1 a1b2c3d"),
    (r"\bchanged \S+ ago", "changed 1m ago"),
    (r"[ \d]\d[sm](?=  )", " 4m"),  # the column of the ages, which is never narrower
)


def taken(house: Any, tmux: Any) -> dict[str, str]:
    """The floor with a few tasks on it, and the decision on one of them, from its top and where something was said of
    a line. Starts the daemon; leaves nothing running."""
    go_on = house.root / "go-on"
    house.start()
    try:
        tasks = _dispatched(house, go_on)
        floor = tmux.open("attach", columns=110, rows=10)
        floor.shows("2 need you", "approve final-review?", "scripted works")
        decision = tmux.open("attach", columns=100, rows=32)
        decision.shows("2 need you")
        decision.keys("d")
        decision.shows("to decide")
        decision.lacks("more is coming")
        screens = {"floor": _same(floor), "decision": _same(decision)}
        decision.resize(100, 16)
        decision.keys("n", "N", *"jjjjjjjj", "c")
        decision.shows("shop/api.py, line 25:")
        decision.type("say what an empty shelf answers")
        decision.keys("Enter")
        decision.shows("* say what", "1 comment")
        screens["comment"] = _same(decision)
    finally:
        go_on.touch()
    house.ok("cancel", *map(str, tasks))
    for task in tasks:
        house.wait(task, "CANCELLED")
    return screens


def written(readme: str, screens: Mapping[str, str]) -> str:
    """The README with these screens in place of those that are there."""
    for name, text in screens.items():
        begin, end = f"<!-- screen: {name} -->\n", "<!-- end of the screen -->\n"
        before, found, rest = readme.partition(begin)
        assert found, f"the README has no place for the screen {name}"
        _old, found, after = rest.partition(end)
        assert found, f"the place of the screen {name} has no end"
        readme = f"{before}{begin}```text\n{text}\n```\n{end}{after}"
    return readme


def _dispatched(house: Any, go_on: Path) -> list[int]:
    """Two tasks that wait for a person, one whose agent tries again after a refusal (until `go_on` is there), and one
    that comes after another."""
    files = shop.files()
    agent = ".foremand/agents/scripted.py"
    again = "    if refused:\n"
    assert again in files[agent]
    waits = f'        while not Path("{go_on}").exists():\n            time.sleep(0.05)\n'
    repo = house.repo({**files, agent: files[agent].replace(again, again + waits)}, "home/shop")
    fix = house.submit(repo, BUG_FIX.prompt, "--title", "Fix #412: discounts")
    feature = house.submit(repo, FEATURE.prompt, "--title", "Add the route /stock")
    upgrade = house.submit(repo, UPGRADE.prompt, "--title", "Upgrade moneylib")
    for task in (feature, upgrade):
        house.waits(task, "person")
    house.until(lambda: house.show(fix)["attempt"] == 3, "the fix is tried again")
    return [fix, feature, upgrade, house.submit(repo, "Show the stock", "--after", str(feature))]


def _same(screen: Any) -> str:
    text = "\n".join(screen.lines()).rstrip("\n")
    for pattern, always in _ALWAYS:
        text = re.sub(pattern, always, text)
    return text


def main() -> None:
    """Takes the screens and writes them into the README."""
    sys.path.insert(0, str(ROOT))
    from tests.conftest import House
    from tests.terminal.conftest import Tmux

    house = House(Path(tempfile.mkdtemp(prefix="fm-", dir="/var/tmp")).resolve())  # where agents see it
    tmux = Tmux(house)
    try:
        screens = taken(house, tmux)
    finally:
        tmux.close()
        house.close()
        shutil.rmtree(house.root, ignore_errors=True)
    README.write_text(written(README.read_text(), screens))


if __name__ == "__main__":
    main()

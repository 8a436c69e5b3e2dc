"""The parts that the demo stands on, each by itself: the shop, its scripted agent, the house, the story."""

import asyncio
import io
import os
import subprocess
import sys

import pytest

from foremanctl.demo import scripted, shop
from foremanctl.demo.hand import Hand
from foremanctl.demo.house import SOCKET_ROOM, DemoFailed, House, end
from foremanctl.demo.monday import BUG_FIX, FEATURE, UPGRADE, Monday
from foremanctl.demo.narrator import Narrator
from foremanctl.demo.person import Person
from foremanctl.demo.play import OPENING, _wrapped


@pytest.fixture
def work_tree(tmp_path):
    for path, text in shop.files().items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def run_agent(tree, stage, prompt):
    output = tree / "handed-on"
    done = subprocess.run(
        [sys.executable, ".foremand/agents/scripted.py"],
        cwd=tree,
        input=prompt,
        env={**os.environ, "FOREMAND_STAGE": stage, "FOREMAND_OUTPUT": str(output)},
        capture_output=True,
        text=True,
    )
    return done, output.read_text() if output.exists() else None


def run_gate(tree):
    return subprocess.run(
        [sys.executable, "-B", "-m", "unittest", "discover", "-t", ".", "-s", "tests"],
        cwd=tree,
        capture_output=True,
        text=True,
    )


def test_the_shop_opens_green(work_tree):
    assert run_gate(work_tree).returncode == 0


def test_the_hasty_fix_fails_its_own_test_and_only_the_failure_brings_the_right_one(work_tree):
    run_agent(work_tree, "implement", BUG_FIX.prompt)
    refused = run_gate(work_tree)
    assert refused.returncode == 1
    assert f"FAIL: {scripted.HALF_A_CENT}" in refused.stderr

    run_agent(work_tree, "implement", f"{BUG_FIX.prompt}\n\nGate tests failed: exit 1\n\n{refused.stderr}")
    assert run_gate(work_tree).returncode == 0
    assert scripted.RIGHT_DISCOUNT in (work_tree / "shop/cart.py").read_text()


@pytest.mark.parametrize("feedback", ["", "the gate tests failed", "FAIL: test_total (tests.test_cart.CartTest)"])
def test_without_the_failing_test_s_name_the_fix_stays_wrong(work_tree, feedback):
    run_agent(work_tree, "implement", f"{BUG_FIX.prompt}\n{feedback}")
    assert scripted.RIGHT_DISCOUNT not in (work_tree / "shop/cart.py").read_text()
    assert run_gate(work_tree).returncode == 1


@pytest.mark.parametrize(
    ("errand", "path", "word"),
    [(FEATURE, "shop/api.py", '@route("/stock")'), (UPGRADE, "requirements.txt", "moneylib==3.0.0")],
)
def test_the_other_two_are_right_at_once(work_tree, errand, path, word):
    done, handed_on = run_agent(work_tree, "implement", errand.prompt)
    assert done.returncode == 0
    assert handed_on
    assert word in (work_tree / path).read_text()
    assert run_gate(work_tree).returncode == 0


def test_planning_changes_nothing_and_hands_a_plan_on(work_tree):
    before = {path: (work_tree / path).read_text() for path in shop.files()}
    done, plan = run_agent(work_tree, "plan", BUG_FIX.prompt)
    assert done.returncode == 0
    assert "discounted" in plan
    assert scripted.HALF_A_CENT not in plan  # or the first attempt would take it for feedback
    assert {path: (work_tree / path).read_text() for path in shop.files()} == before


def test_an_unknown_task_fails_the_attempt(work_tree):
    done, _ = run_agent(work_tree, "implement", "paint the shed")
    assert done.returncode == 1


def test_no_prompt_names_what_only_feedback_may_name():
    assert all(scripted.HALF_A_CENT not in errand.prompt for errand in Monday().errands)


def test_the_pipeline_is_one_that_foremand_takes():
    from foremand.pipeline.load import load

    pipeline = load(shop.pipeline(), lambda _path: None, "the demo")
    assert [stage.name for stage in pipeline.stages] == ["plan", "implement"]
    assert [gate.name for gate in pipeline.gates_of("implement")] == ["build", "tests", "api-owner"]


@pytest.fixture
def house():
    house = House.build(Monday().files)
    yield house
    house.sweep()
    house.remove()
    assert not house.home.exists()


def test_a_house_keeps_apart_from_the_user(house, monkeypatch):
    inside = [name for name, value in house.environment.items() if value.startswith(str(house.home))]
    assert {"HOME", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME"} <= set(inside)
    assert not [name for name in house.environment if name.startswith(("FOREMAND_", "NOTIFY_"))]
    assert len(os.fsencode(house.home)) <= SOCKET_ROOM
    assert house.git("log", "--format=%s %an").split("\n")[0] == "Open the shop Mona Day"
    assert house.git("status", "--porcelain") == ""


def test_a_long_tmpdir_does_not_make_the_socket_s_path_too_long(tmp_path, monkeypatch):
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    house = House.build({"a": "b"})
    try:
        assert len(os.fsencode(house.home)) <= SOCKET_ROOM
    finally:
        house.remove()


def test_without_git_it_says_so_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DemoFailed, match="git was not found"):
        House.build({})
    assert list(tmp_path.iterdir()) == []


def test_git_that_refuses_is_named(house):
    with pytest.raises(DemoFailed, match="git show nowhere"):
        house.git("show", "nowhere")


async def test_what_runs_is_found_by_environment_arguments_or_place_and_swept(house):
    plain = {"PATH": os.environ["PATH"]}
    sleepers = [
        await asyncio.create_subprocess_exec("sleep", "60", env={**plain, "HOME": str(house.home)}),
        await asyncio.create_subprocess_exec("sleep", "60", env=plain, cwd=house.home),
        await asyncio.create_subprocess_exec("sh", "-c", "sleep 60; :", str(house.home), env=plain),
        await asyncio.create_subprocess_exec("sleep", "60", env=plain, start_new_session=True),
    ]
    stranger = sleepers[-1]
    try:
        assert {sleeper.pid for sleeper in sleepers[:-1]} <= set(house.processes())
        assert stranger.pid not in house.processes()
        house.sweep()
        assert [await sleeper.wait() for sleeper in sleepers[:-1]] == [-9, -9, -9]
        assert house.processes() == {}
        assert stranger.returncode is None
    finally:
        for sleeper in sleepers:
            await end(sleeper)


async def test_the_story_passes_over_what_it_does_not_know_and_uses_no_colour_in_a_file():
    out = io.StringIO()
    narrator = Narrator(out)
    narrator.names[1] = "bug fix"
    await narrator.hear({"seq": 1, "task": 1, "type": "SomethingNew"})
    await narrator.hear({"seq": 2, "task": 9, "type": "Landed", "commit": "a" * 40})
    assert out.getvalue() == ""
    failed = {"task": 1, "type": "VerdictGiven", "gate": "tests", "verdict": "fail", "reason": "exit 1"}
    await narrator.hear({"seq": 3, **failed})
    assert "gate tests: FAIL, exit 1" in out.getvalue()
    assert "foremanctl logs 1 --gate tests" in out.getvalue()
    assert "\x1b" not in out.getvalue()
    assert await narrator.heard(3)
    assert not await narrator.heard(4, patience=0.01)


async def test_what_an_agent_writes_cannot_act_on_the_terminal():
    out = io.StringIO()
    narrator = Narrator(out)
    narrator.names[1] = "bug fix"
    await narrator.hear({"seq": 1, "task": 1, "type": "AttemptEnded", "output": "done\x1b]52;c;aGk=\x07\u202e"})
    await narrator.hear({"seq": 2, "task": 1, "type": "TaskEnded", "state": "FAILED", "reason": "a\nb\x1b[2J"})
    assert not set(out.getvalue()) & set("\x1b\x07\u202e")
    assert "the agent says: done\\x1b]52" in out.getvalue()
    assert len(out.getvalue().splitlines()) == 2


async def test_what_happens_while_something_else_has_the_terminal_is_told_afterwards():
    out = io.StringIO()
    narrator = Narrator(out)
    with narrator.held():
        narrator.tell("you", "hello")
        assert out.getvalue() == ""
    narrator.say("bye")
    assert [line.split()[-1] for line in out.getvalue().splitlines()] == ["hello", "bye"]


async def test_a_terminal_that_does_not_open_ends_the_morning(house, monkeypatch):
    async def fails():
        return 1

    monkeypatch.setattr(house, "attach", fails)
    narrator = Narrator(io.StringIO())
    with pytest.raises(DemoFailed, match="attach ended with 1"):
        await Hand(house, narrator, Monday()).answer(Person(house, narrator))


async def test_a_morning_in_which_nothing_happens_any_more_is_given_up(house, monkeypatch):
    async def leaves():
        return 0

    async def never(_errand):
        await asyncio.Event().wait()

    narrator = Narrator(io.StringIO())
    person = Person(house, narrator)
    monkeypatch.setattr(house, "attach", leaves)
    monkeypatch.setattr(person, "stands", never)
    with pytest.raises(DemoFailed, match="nothing happened for"):
        await Hand(house, narrator, Monday(patience=0.05)).answer(person)


def test_an_agent_thinks_as_long_as_it_is_told():
    assert f"PAUSE = {scripted.PAUSE}" in shop.files()[".foremand/agents/scripted.py"]
    assert "PAUSE = 3.5\n" in shop.files(3.5)[".foremand/agents/scripted.py"]


@pytest.mark.parametrize("columns", [50, 80, 100])
def test_the_introduction_breaks_no_word(columns: int) -> None:
    home = "/tmp/" + "foremand-demo-" * 5
    said = _wrapped(OPENING.format(home=home), columns)
    assert all(len(line) <= columns or home in line.split(" ")[0] for line in said.split("\n"))
    assert said.split() == OPENING.format(home=home).split()

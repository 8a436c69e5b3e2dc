"""The worst case is exact, and each warning is given where it is due and nowhere else."""

import msgspec
import pytest

from foremand.pipeline import explain, report, warnings, worst_case
from foremand.pipeline.advice import loops

RUN, GATES, VERSION, ADAPTER = 'run = "make test"', 'gates = ["tests"]', "version = 1", 'adapter = "claude"'


def played(pipeline):
    """Play the worst task: every stage and landing refuses as long as its limit lets it."""
    left = {stage.name: stage.on_fail.limit for stage in pipeline.stages}
    landing = [pipeline.land.on_fail.goto] * pipeline.land.on_fail.limit
    landing += [pipeline.land.on_conflict.goto] * pipeline.land.on_conflict.limit
    runs, place = 0, 0
    while True:
        if place == len(pipeline.stages):
            if not landing:
                return runs
            place = pipeline.index(landing.pop())
            continue
        stage = pipeline.stages[place]
        runs += 1
        if left[stage.name]:
            left[stage.name] -= 1
            place = pipeline.index(stage.on_fail.goto)
        else:
            place += 1


CASES = {
    "defaults": ([], 8),
    "no second chance": (
        [
            ('access = "read"', 'access = "read"\non_fail = {limit = 0}'),
            (GATES, f"{GATES}\non_fail = {{limit = 0}}"),
            ("[land]", "[land]\non_fail = {limit = 0}\non_conflict = {limit = 0}"),
        ],
        2,
    ),
    "back to the plan": ([(GATES, f'{GATES}\non_fail = {{goto = "plan", limit = 3}}')], 12),
    "landing back to the plan": ([("[land]", '[land]\non_fail = {goto = "plan", limit = 2}')], 11),
}


@pytest.mark.parametrize(("changes", "runs"), CASES.values(), ids=CASES)
def test_worst_case(read, bend, changes, runs):
    pipeline = read(bend(*changes))
    assert loops(pipeline) == played(pipeline)
    assert worst_case(pipeline) == min(runs, 12)


def test_the_worst_case_ends_with_the_attempts(read, bend):
    pipeline = read(bend((VERSION, "version = 1\n[limits]\nattempts = 3")))
    assert (loops(pipeline), worst_case(pipeline)) == (8, 3)
    assert "At worst 3 agent runs, then a person is asked (limits.attempts; the loops alone allow 8)." in explain(
        pipeline
    )


def test_a_sound_pipeline_draws_no_warning(read, bend, contract):
    assert warnings(read(bend())) == ()


def setup(command):
    return [(VERSION, f"version = 1\n[workspace]\nsetup = '{command}'")]


WARNED = {
    "unused gate": ([('gates = ["boss"]', "")], "[gate.boss] is asked nowhere"),
    "unused agent": ([("[land]", '[agent.x]\nadapter = "claude"\n[land]')], "[agent.x] does no stage"),
    "no cost": (
        [(ADAPTER, 'adapter = "command"\ncommand = "./agent"')],
        "[agent.coder] reports no cost, tokens or turns: cost_usd cannot stop it",
    ),
    "model of a program": (
        [(ADAPTER, 'adapter = "command"\ncommand = "./agent"\nmodel = "x"')],
        "[agent.coder] is any program",
    ),
    "allow of all": ([(ADAPTER, f'{ADAPTER}\npermissions = "full"\nallow = ["x"]')], "[agent.coder] allow"),
    "empty reading": ([('access = "read"', 'access = "read"\nallow_empty = true')], '[[stage]] "plan" allow_empty'),
    "key of no setup": ([(VERSION, 'version = 1\n[workspace]\nsetup_key = ["a"]')], "[workspace] setup_key"),
    "unheard plan": ([(GATES, f'{GATES}\nprompt = "{{{{ task }}}}"')], '[[stage]] "plan" hands on what no prompt'),
    "installs a copy": (setup(".venv/bin/pip install -q ."), "[workspace] setup installs a copy"),
    "installs a copy with an extra": (setup("pip install \".[test]\""), "[workspace] setup installs a copy"),
    "installs a copy, then more": (setup("pip install -r a.txt && pip3 install ./ ; x"), "[workspace] setup installs"),
    "installs a copy by uv": (setup("uv pip install ."), "[workspace] setup installs a copy"),
    "setup.py": (setup("python setup.py install"), "[workspace] setup installs a copy"),
    "no environment": ([(RUN, 'run = ".venv/bin/pytest"')], "[gate.tests] runs .venv/bin/pytest, which no setup makes"),
    "bare pytest": ([(RUN, 'run = "pytest -q"')], "[gate.tests] runs pytest as PATH has it"),
    "bare python": ([(RUN, 'run = ["python", "-m", "pytest"]')], "[gate.tests] runs python as PATH has it"),
    "bare after a variable": ([(RUN, 'run = "CI=1 pytest"')], "[gate.tests] runs pytest as PATH has it"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), WARNED.values(), ids=WARNED)
def test_a_warning(read, bend, changes, said):
    given = [warning for warning in warnings(read(bend(*changes))) if warning.startswith(said)]
    assert len(given) == 1


QUIET = [
    setup("python3 -m venv .venv && .venv/bin/pip install -e ."),
    setup("pip install --editable \".[test]\""),
    setup("pip install --target . x"),
    setup("pip install -r requirements.txt"),
    setup("pip install \"unbalanced"),
    [(RUN, 'run = "uv run pytest"')],
    [(RUN, 'run = "unbalanced \\""')],
    [(RUN, 'run = ". .venv/bin/activate && pytest"')],
]  # fmt: skip


@pytest.mark.parametrize("changes", QUIET)
def test_no_warning(read, bend, changes):
    assert warnings(read(bend(*changes))) == ()


def test_explain_tells_the_course(read, contract):
    assert explain(read(contract)) == """\
1. plan: claude reads
     refused: back to plan, twice, then a person decides
2. implement: claude writes
     gate tests: .venv/bin/pytest -q --junitxml=report.xml
     refused: back to implement, twice, then a person decides
3. land: into main
     gate final-review: a person
     gate foremand-policy: a person, if the change touches .foremand/** /.foremand
     refused: back to implement, once, then a person decides
     in conflict: back to implement, once, then a person decides

A task may use $5, 2h of running time, 12 agent runs, 20m without a sign of life.
At worst 8 agent runs, then a person is asked.
"""  # fmt: skip


def test_explain_shows_warnings_and_bounds(read, bend):
    text = explain(
        read(
            bend(
                (VERSION, 'version = 1\n[limits]\nturns = 7\nwall_clock = "90s"'),
                (RUN, 'run = """\npytest -q\ntrue"""'),
                ("[land]", "[land]\non_fail = {limit = 0}"),
            )
        )
    )
    assert "A task may use $5, 7 turns, 90s of running time, 12 agent runs, 20m without a sign of life." in text
    assert "gate tests: pytest -q ..." in text
    assert "     refused: a person decides\n" in text
    assert "warning: [gate.tests] runs pytest" in text


def test_report_is_data(read, contract):
    data = msgspec.json.decode(msgspec.json.encode(report(read(contract))))
    assert data["worst_case"] == 8
    assert data["warnings"] == []
    assert [stage["name"] for stage in data["stages"]] == ["plan", "implement"]
    assert data["land"]["gates"] == ["final-review", "foremand-policy"]
    assert data["gates"]["tests"]["kind"] == "command"

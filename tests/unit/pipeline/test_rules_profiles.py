"""Profiles only add gates and lower limits, and nothing goes below a floor."""

import pytest

from foremand.core.spec import POLICY_GATE, Floor, Limits
from foremand.pipeline import PipelineInvalid, load

GATES, READ, VERSION = 'gates = ["tests"]', 'access = "read"', "version = 1"
AUDIT = '[[stage]]\nname = "audit"\ngates = ["boss"]\n'


def profile(text, name="x"):
    return (VERSION, f"version = 1\n[profile.{name}]\n{text}")


def floor(text):
    return (VERSION, f"version = 1\n[floor]\n{text}")


def audited(*changes):
    """The person is asked at a checkpoint alone, which a profile may skip."""
    return [('[land]\ngates = ["boss"]', f"{AUDIT}[land]"), *changes]


BROKEN = {
    "no default profile": (
        [(VERSION, 'version = 1\ndefault_profile = "strct"\n[profile.strict]')],
        'default_profile: no profile is called "strct"; did you mean "strict"?',
    ),
    "profile's name": (
        [profile("", '"a b"')],
        ('[profile."a b"]: a name has letters, digits, _ and -, begins with a letter or digit, '
        "and has at most 64 of them"),
    ),
    "gates of no stage": (
        [profile('gates = {implemnt = ["boss"]}')],
        '[profile.x] gates: no stage is called "implemnt"; did you mean "implement"?',
    ),
    "no such gate": (
        [profile('gates = {implement = ["bos"]}')],
        '[profile.x] gates.implement: no gate is called "bos"; did you mean "boss"?',
    ),
    "our gate": (
        [profile('gates = {land = ["foremand-policy"]}')],
        '[profile.x] gates.land: "foremand-policy" is foremand\'s own and is asked without being named',
    ),
    "scope stage at landing": (
        [profile('gates = {land = ["tests"]}'), ('run = "make test"', 'run = "make test"\nscope = "stage"')],
        '[profile.x] gates.land: "tests" has scope = "stage" and is not asked at landing',
    ),
    "gates of what it skips": (
        [profile('skip = ["plan"]\ngates = {plan = ["boss"]}')],
        "[profile.x] gates.plan: this profile skips the stage, so nothing is asked there",
    ),
    "skips nothing that is": (
        [profile('skip = ["plna"]')],
        '[profile.x] skip: no stage is called "plna"; did you mean "plan"?',
    ),
    "skips landing": (
        [profile('skip = ["land"]')],
        "[profile.x] skip: landing is not skipped: cancel or reject a task that is not to land",
    ),
    "skips all that writes": (
        [profile('skip = ["implement"]')],
        "[profile.x] skip: leaves no stage that writes, so nothing could ever land",
    ),
    "skips what judges": (
        audited(profile('skip = ["audit"]'), (GATES, "")),
        '[profile.x] skip: leaves the writing stage "implement" without a gate that is sure to judge it',
    ),
    "skips where work goes back": (
        [profile('skip = ["plan"]'), (GATES, f'{GATES}\non_fail = {{goto = "plan"}}')],
        '[profile.x] skip: leaves out "plan", to which the stage "implement" sends work back',
    ),
    "skips where landing goes back": (
        [profile('skip = ["plan"]'), ("[land]", '[land]\non_fail = {goto = "plan"}\non_conflict = {goto = "plan"}')],
        '[profile.x] skip: leaves out "plan", to which landing sends work back',
    ),
    "skips whom a checkpoint judges": (
        [
            profile('skip = ["plan"]'),
            ('[[stage]]\nname = "implement"', f'{AUDIT}[[stage]]\nname = "implement"'),
        ],
        '[profile.x] skip: leaves out "plan", to which the stage "audit" sends work back',
    ),
    "costs more": (
        [profile("limits = {cost_usd = 5.01}")],
        "[profile.x] limits.cost_usd: 5.01 is above that of [limits]: a profile only lowers limits",
    ),
    "takes longer": (
        [profile('limits = {wall_clock = "121m"}')],
        '[profile.x] limits.wall_clock: "121m" is above that of [limits]: a profile only lowers limits',
    ),
    "stalls longer": (
        [profile('limits = {stall = "1h"}')],
        '[profile.x] limits.stall: "1h" is above that of [limits]: a profile only lowers limits',
    ),
    "more than the floor": (
        [(VERSION, "version = 1\n[floor]\nlimits = {tokens = 10}\n[profile.x]\nlimits = {tokens = 11}")],
        "[profile.x] limits.tokens: 11 is above that of [floor]: a profile only lowers limits",
    ),
    "more than both": (
        [(VERSION, "version = 1\n[floor]\nlimits = {attempts = 3}\n[profile.x]\nlimits = {attempts = 13}")],
        "[profile.x] limits.attempts: 13 is above that of [limits] and [floor]: a profile only lowers limits",
    ),
    "skips a gate of the floor": (
        audited((VERSION, 'version = 1\n[floor]\ngates = ["boss"]\n[profile.x]\nskip = ["audit"]')),
        '[profile.x] skip: leaves "boss" of the floor asked nowhere: name it in [land] too',
    ),
    "floor of no gate": (
        [floor('gates = ["bos"]')],
        '[floor] gates: no gate is called "bos"; did you mean "boss"?',
    ),
    "floor of our gate": (
        [floor('gates = ["foremand-policy"]')],
        '[floor] gates: "foremand-policy" is foremand\'s own and is asked without being named',
    ),
    "advisory floor": (
        [floor('gates = ["tests"]'), ('run = "make test"', 'run = "make test"\nadvisory = true')],
        '[floor] gates: "tests" is advisory: a floor\'s gate blocks',
    ),
    "floor of scope stage": (
        [floor('gates = ["tests"]'), ('run = "make test"', 'run = "make test"\nscope = "stage"')],
        '[floor] gates: "tests" has scope = "stage": a floor\'s gate has to hold at landing',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_one_problem(problems, bend, changes, said):
    assert problems(bend(*changes)) == [said]


KEPT = {
    "nothing": [profile("")],
    "skips a plan": [profile('skip = ["plan"]')],
    "skips what judges, and adds another": audited(
        profile('skip = ["audit"]\ngates = {land = ["boss"]}'), (GATES, "")
    ),
    "the same limits": [profile('limits = {cost_usd = 5, wall_clock = "2h", attempts = 12, turns = 7}')],
    "a floor with paths": [floor('gates = ["boss"]'), ('kind = "human"', 'kind = "human"\npaths = ["api/"]')],
    "skips a gate of the floor, and asks it at landing": audited(
        (
            VERSION,
            'version = 1\n[floor]\ngates = ["boss"]\n[profile.x]\nskip = ["audit"]\ngates = {land = ["boss"]}',
        )
    ),
    "skips the last writer, to which landing goes by default": [
        profile('skip = ["harden"]'),
        ("[land]", '[[stage]]\nname = "harden"\nagent = "coder"\n[land]'),
    ],
}  # fmt: skip


@pytest.mark.parametrize("changes", KEPT.values(), ids=KEPT)
def test_what_keeps_the_rules_is_accepted(problems, bend, changes):
    assert problems(bend(*changes)) == []


def test_skips_that_could_not_be_read_draw_nothing_more(problems, bend):
    assert len(problems(bend(profile('skip = "implement"')))) == 1


def test_everything_wrong_with_profiles_is_said_at_once(problems, bend):
    text = bend(
        (
            VERSION,
            (
                'version = 1\ndefault_profile = "z"\n[floor]\ngates = ["q"]\n[profile.a]\nskip = ["implement"]\n'
                "limits = {cost_usd = 9}\n[profile.b]\ngates = {nowhere = []}"
            ),
        )
    )
    assert [said.split(":")[0] for said in problems(text)] == [
        "default_profile",
        "[profile.b] gates",
        "[floor] gates",
        "[profile.a] limits.cost_usd",
        "[profile.a] skip",
    ]


def test_a_floors_gates_that_no_stage_asks_are_asked_at_landing(read, bend):
    text = bend(floor('gates = ["tests", "boss", "scan"]'), ("[land]", '[gate.scan]\nkind = "secrets"\n[land]'))
    assert read(text).land.gates == ("boss", "scan", POLICY_GATE)


def test_a_floors_limits_bound_the_file(read, bend):
    pipeline = read(bend(floor('limits = {cost_usd = 2, wall_clock = "3h", tokens = 9}')))
    assert (pipeline.limits.cost_usd, pipeline.limits.wall_clock, pipeline.limits.tokens) == (2.0, 7200.0, 9)


def with_floor(text, floor):
    return load(text, lambda _: None, "pipeline.toml", floor)


def test_the_users_floor_joins_the_files(bend):
    text = bend(
        floor('gates = ["tests"]\nlimits = {cost_usd = 3}'),
        ("[land]", '[gate.scan]\nkind = "secrets"\n[profile.x]\nlimits = {turns = 50}\n[land]'),
    )
    pipeline = with_floor(text, Floor(gates=("scan", "tests"), limits=Limits(cost_usd=4.0, turns=9)))
    assert pipeline.floor == Floor(gates=("tests", "scan"), limits=Limits(cost_usd=3.0, turns=9))
    assert pipeline.land.gates == ("boss", "scan", POLICY_GATE)
    assert (pipeline.limits.cost_usd, pipeline.limits.turns) == (3.0, 9)
    assert pipeline.profiles["x"].limits == Limits(turns=9)


def test_what_a_profile_skips_of_the_users_floor_is_asked_at_landing(bend):
    text = bend(*audited(profile('skip = ["audit"]')))
    assert with_floor(text, None).land.gates == (POLICY_GATE,)
    assert with_floor(text, Floor(gates=("boss",))).land.gates == ("boss", POLICY_GATE)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", 'gates: asks for the gate "scan", which this pipeline does not define'),
        ('[gate.scan]\nkind = "secrets"\nadvisory = true\n', 'gates: "scan" is advisory: a floor\'s gate blocks'),
        (
            '[gate.scan]\nkind = "secrets"\nscope = "stage"\n',
            'gates: "scan" has scope = "stage": a floor\'s gate has to hold at landing',
        ),
    ],
)
def test_a_file_that_cannot_hold_the_users_floor_is_refused_and_says_whose_it_is(bend, more, said):
    with pytest.raises(PipelineInvalid) as refused:
        with_floor(bend(("[land]", f"{more}[land]")), Floor(gates=("scan",)))
    assert [str(problem) for problem in refused.value.problems] == [f"[floor] of your settings {said}"]

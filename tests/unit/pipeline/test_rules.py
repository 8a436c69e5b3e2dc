"""The rules that join the parts: each is closed, and each leaves open what it should."""

import pytest

RUN, HUMAN, GATES, READ = 'run = "make test"', 'kind = "human"', 'gates = ["tests"]', 'access = "read"'
NEVER = (
    'gates: never ungated: a writing stage is followed by a command, review or human gate without "paths", which is '
    'not advisory and not of scope "stage"; name one here, in a later stage or in [land]'
)
NAMES = "a name has letters, digits, _ and -, begins with a letter or digit, and has at most 64 of them"
THERE = "(there are task, feedback, diff, stages.plan, stages.implement)"

BROKEN = {
    "no such agent": (
        [('access = "read"', ""), ('agent = "coder"\n\n', 'agent = "codr"\n\n')],
        '[[stage]] "plan" agent: no agent is called "codr"; did you mean "coder"?',
    ),
    "no such gate": (
        [(GATES, 'gates = ["tests", "test"]')],
        '[[stage]] "implement" gates: no gate is called "test"; did you mean "tests"?',
    ),
    "no such gate at landing": (
        [('gates = ["boss"]', 'gates = ["zzz"]')],
        '[land] gates: no gate is called "zzz"',
    ),
    "our gate": (
        [('gates = ["boss"]', 'gates = ["boss", "foremand-policy"]')],
        '[land] gates: "foremand-policy" is foremand\'s own and is asked without being named',
    ),
    "defining our gate": (
        [("[land]", '[gate.foremand-policy]\nkind = "command"\nrun = "true"\n[land]')],
        "[gate.foremand-policy]: names that begin with foremand- are foremand's own",
    ),
    "stage called land": (
        [('name = "plan"', 'name = "land"')],
        '[[stage]] "land" name: "land" means landing: choose another name',
    ),
    "two of a name": (
        [('name = "plan"', 'name = "implement"')],
        '[[stage]] "implement" name: two stages have this name',
    ),
    "agent's name": (
        [("[land]", '[agent."a b"]\nadapter = "claude"\n[land]')],
        '[agent."a b"]: a name has letters, digits, _ and -, begins with a letter or digit, and has at most 64 of them',
    ),
    "gate's name leads out": (
        [("[land]", '[gate."../x"]\nkind = "human"\n[land]')],
        '[gate."../x"]: a name has letters, digits, _ and -, begins with a letter or digit, and has at most 64 of them',
    ),
    "stage's name ends in a newline": (
        [('name = "plan"', 'name = "plan\\n"')],
        '[[stage]] "plan\\n" name: ' + NAMES,
    ),
    "a program that inherits": (
        [('adapter = "claude"', 'adapter = "command"\ncommand = "./agent"\ninherit = true')],
        '[agent.coder] inherit: any program is not known well enough for it: inherit needs the adapter "claude"',
    ),
    "a program with a price": (
        [('adapter = "claude"', 'adapter = "command"\ncommand = "./agent"\nprice = {input = 1, output = 2}')],
        '[agent.coder] price: any program is not known well enough for it: price needs the adapter "claude"',
    ),
    "a program that asks": (
        [('adapter = "claude"', 'adapter = "command"\ncommand = "./agent"\npermissions = "ask"')],
        '[agent.coder] permissions: any program cannot ask: "ask" needs the adapter "claude"',
    ),
    "forwards": (
        [(READ, 'access = "read"\non_fail = {goto = "implement"}')],
        '[[stage]] "plan" on_fail.goto: "implement" comes later: work goes back to the same or an earlier stage',
    ),
    "nowhere": (
        [(GATES, 'gates = ["tests"]\non_fail = {goto = "plna"}')],
        '[[stage]] "implement" on_fail.goto: no stage is called "plna"; did you mean "plan"?',
    ),
    "to landing": (
        [(GATES, 'gates = ["tests"]\non_fail = {goto = "land"}')],
        '[[stage]] "implement" on_fail.goto: work goes back to a stage, not to landing',
    ),
    "landing to nowhere": (
        [("[land]", '[land]\non_conflict = {goto = "x"}')],
        '[land] on_conflict.goto: no stage is called "x"',
    ),
    "landing to landing": (
        [("[land]", '[land]\non_fail = {goto = "land"}')],
        "[land] on_fail.goto: work goes back to a stage, not to landing",
    ),
    "two prompts": (
        [(GATES, 'gates = ["tests"]\nprompt = "{{ task }}"\nprompt_file = "good.md"')],
        '[[stage]] "implement" prompt_file: this stage has a prompt too: keep one of them',
    ),
    "no command": (
        [('adapter = "claude"', 'adapter = "command"')],
        '[agent.coder] command: missing: for the adapter "command" it is the whole agent',
    ),
    "tests without a report": (
        [(RUN, 'run = "make test"\nmin_tests = 3')],
        '[gate.tests] min_tests: tests are counted in a report: add "junit"',
    ),
    "nothing written": (
        [(GATES, 'gates = ["tests"]\naccess = "read"')],
        "[[stage]] access: no stage writes, so nothing could ever land",
    ),
    "no gate at all": (
        [(GATES, ""), ('gates = ["boss"]', "")],
        f'[[stage]] "implement" {NEVER}',
    ),
    "gate before the writer only": (
        [(READ, 'access = "read"\ngates = ["tests", "boss"]'), (f"\n{GATES}\n\n", "\n"), ('gates = ["boss"]', "")],
        f'[[stage]] "implement" {NEVER}',
    ),
    "gates with paths only": (
        [(RUN, 'run = "make test"\npaths = ["src/"]'), (HUMAN, 'kind = "human"\npaths = ["api/"]')],
        f'[[stage]] "implement" {NEVER}',
    ),
    "no prompt file": (
        [(GATES, 'gates = ["tests"]\nprompt_file = "x.md"')],
        '[[stage]] "implement" prompt_file: there is no file "x.md" beside the pipeline',
    ),
    "empty prompt file": (
        [(GATES, 'gates = ["tests"]\nprompt_file = "empty.md"')],
        '[[stage]] "implement" prompt_file: the file "empty.md" is empty',
    ),
    "prompt file outside": (
        [(GATES, 'gates = ["tests"]\nprompt_file = "../secret"')],
        '[[stage]] "implement" prompt_file: "../secret" must not lead out with ..',
    ),
    "absolute prompt file": (
        [(GATES, 'gates = ["tests"]\nprompt_file = "/secret"')],
        '[[stage]] "implement" prompt_file: "/secret" must be relative',
    ),
    "no such built-in": (
        [(GATES, 'gates = ["tests"]\nprompt = "builtin:implemnt"')],
        '[[stage]] "implement" prompt: no built-in prompt is called "implemnt"; did you mean "implement"?',
    ),
    "empty prompt": ([(GATES, 'gates = ["tests"]\nprompt = " "')], '[[stage]] "implement" prompt: must not be empty'),
    "unknown name in a prompt": (
        [(GATES, 'gates = ["tests"]\nprompt = "{{ stages.plna }}"')],
        '[[stage]] "implement" prompt: "{{ stages.plna }}" names nothing; did you mean "stages.plan"? ' + THERE,
    ),
    "unknown name in a file": (
        [(GATES, 'gates = ["tests"]\nprompt_file = "bad.md"')],
        '[[stage]] "implement" prompt_file: "{{ x }}" names nothing ' + THERE,
    ),
}


@pytest.mark.parametrize(("changes", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_one_problem(problems, bend, changes, said):
    files = {"good.md": "x", "empty.md": " \n", "bad.md": "{{ x }}", "../secret": "read", "/secret": "read"}
    assert problems(bend(*changes), files) == [said]


KEPT = {
    "own command gate": [('gates = ["boss"]', "")],
    "own human gate": [(GATES, 'gates = ["boss"]'), ('[land]\ngates = ["boss"]', "[land]")],
    "gate at landing": [(f"\n{GATES}\n\n", "\n")],
    "gate of a later reading stage": [
        (f"\n{GATES}\n\n", '\n[[stage]]\nname = "look"\nagent = "coder"\naccess = "read"\ngates = ["tests"]\n'),
        ('[land]\ngates = ["boss"]', "[land]"),
    ],
    "goto oneself": [(GATES, 'gates = ["tests"]\non_fail = {goto = "implement"}')],
    "goto earlier": [(GATES, 'gates = ["tests"]\non_fail = {goto = "plan"}')],
    "landing to a plan": [("[land]", '[land]\non_fail = {goto = "plan"}')],
    "a prompt about oneself": [(GATES, 'gates = ["tests"]\nprompt = "{{stages.implement}}{{ diff }}"')],
    "a human gate on a reading stage": [(READ, 'access = "read"\ngates = ["boss"]')],
}


@pytest.mark.parametrize("changes", KEPT.values(), ids=KEPT)
def test_what_keeps_the_rules_is_accepted(problems, bend, changes):
    assert problems(bend(*changes)) == []


def test_every_ungated_writer_is_named(problems, bend):
    text = bend((READ, 'access = "write"'), (GATES, ""), ('gates = ["boss"]', ""))
    assert problems(text) == [f'[[stage]] "plan" {NEVER}', f'[[stage]] "implement" {NEVER}']


def test_a_gate_that_could_not_be_read_does_not_make_its_writer_ungated(problems, bend):
    text = bend((RUN, "run = 1"), ('gates = ["boss"]', ""), (HUMAN, 'kind = "review"'))
    assert len(problems(text)) == 2
    assert not any("never ungated" in said for said in problems(text))


def test_gates_that_could_not_be_read_do_not_make_their_writer_ungated(problems, bend):
    assert len(problems(bend((GATES, "gates = 1"), ('gates = ["boss"]', "")))) == 1

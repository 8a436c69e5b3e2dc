"""The rules of gates and checkpoints: nobody judges work of their own, and nothing lands unjudged."""

import pytest

from foremand.pipeline.rules_gates import UNGATED as NEVER

RUN, HUMAN, GATES, READ = 'run = "make test"', 'kind = "human"', 'gates = ["tests"]', 'access = "read"'
OTHER = '[agent.other]\nadapter = "claude"\nmodel = "o"\n'
CHECK = '[[stage]]\nname = "check"\ngates = ["boss"]\n'


def review(reviewers='["other"]', more=""):
    return ("[land]", f'{OTHER}[gate.review]\nkind = "review"\nreviewers = {reviewers}\n{more}\n[land]')


ALONE = ('[land]\ngates = ["boss"]', "[land]")
UNGATED = f'[[stage]] "implement" gates: {NEVER}'
NOTHING = 'means nothing without an agent: add "agent", or leave this out'

BROKEN = {
    "advisory gate alone": ([(RUN, f"{RUN}\nadvisory = true"), ALONE], UNGATED),
    "gate of scope stage alone": ([(RUN, f'{RUN}\nscope = "stage"'), ALONE], UNGATED),
    "person at the stage alone": (
        [(GATES, 'gates = ["boss"]'), (HUMAN, f'{HUMAN}\nscope = "stage"'), ALONE],
        UNGATED,
    ),
    "secrets alone": ([("[gate.tests]\nkind = \"command\"\n" + RUN, '[gate.tests]\nkind = "secrets"'), ALONE], UNGATED),
    "protected alone": (
        [("[gate.tests]\nkind = \"command\"\n" + RUN, '[gate.tests]\nkind = "protected"\npaths = ["a"]'), ALONE],
        UNGATED,
    ),
    "advisory review alone": (
        [
            ('gates = ["boss"]', "gates = []"),
            review(more="advisory = true"),
            (GATES, 'gates = ["review"]'),
        ],
        UNGATED,
    ),
    "review with paths alone": (
        [
            ('gates = ["boss"]', "gates = []"),
            review(more='paths = ["api/"]'),
            (GATES, 'gates = ["review"]'),
        ],
        UNGATED,
    ),
    "scope stage at landing": (
        [(HUMAN, f'{HUMAN}\nscope = "stage"')],
        '[land] gates: "boss" has scope = "stage" and is not asked at landing',
    ),
    "no such reviewer": (
        [review('["othr"]'), (GATES, 'gates = ["tests", "review"]')],
        '[gate.review] reviewers: no agent is called "othr"; did you mean "other"?',
    ),
    "quorum of more than all": (
        [review(more="quorum = 2"), (GATES, 'gates = ["tests", "review"]')],
        "[gate.review] quorum: 2 of 1 reviewers can never approve",
    ),
    "two prompts of a review": (
        [review(more='prompt = "x"\nprompt_file = "there.md"'), (GATES, 'gates = ["tests", "review"]')],
        "[gate.review] prompt_file: this gate has a prompt too: keep one of them",
    ),
    "no prompt file of a review": (
        [review(more='prompt_file = "no.md"')],
        '[gate.review] prompt_file: there is no file "no.md" beside the pipeline',
    ),
    "a stage's prompt for a review": (
        [review(more='prompt = "builtin:implement"')],
        '[gate.review] prompt: "builtin:implement" is for a stage',
    ),
    "a review's prompt for a stage": (
        [(GATES, f'{GATES}\nprompt = "builtin:security-review"')],
        '[[stage]] "implement" prompt: "builtin:security-review" is for a gate of kind "review"',
    ),
    "unknown name in a review": (
        [review(more='prompt = "{{ dif }}"')],
        ('[gate.review] prompt: "{{ dif }}" names nothing; did you mean "diff"? '
        "(there are task, feedback, diff, stages.plan, stages.implement)"),
    ),
    "the writer reviews": (
        [review('["other", "coder"]'), (GATES, 'gates = ["tests", "review"]')],
        '[gate.review] reviewers: "coder" does the stage "implement", which this gate judges: name another [agent]',
    ),
    "the writer reviews at landing": (
        [review('["coder"]'), ('gates = ["boss"]', 'gates = ["review"]')],
        '[gate.review] reviewers: "coder" does the stage "implement", which this gate judges: name another [agent]',
    ),
    "a writer in reserve reviews": (
        [review(), ('agent = "coder"\n' + GATES, 'agent = ["coder", "other"]\ngates = ["tests", "review"]')],
        '[gate.review] reviewers: "other" does the stage "implement", which this gate judges: name another [agent]',
    ),
    "a later writer reviews, for landing asks again": (
        [
            review(),
            (GATES, 'gates = ["tests", "review"]'),
            ("[gate.review]", '[[stage]]\nname = "harden"\nagent = "other"\ngates = ["tests"]\n[gate.review]'),
        ],
        '[gate.review] reviewers: "other" does the stage "harden", which this gate judges: name another [agent]',
    ),
    "the planner reviews the plan": (
        [review('["coder"]'), (READ, f'{READ}\ngates = ["review"]')],
        '[gate.review] reviewers: "coder" does the stage "plan", which this gate judges: name another [agent]',
    ),
    "the writer reviews under a profile": (
        [review('["coder"]', '[profile.strict]\ngates = {implement = ["review"]}')],
        '[gate.review] reviewers: "coder" does the stage "implement", which this gate judges: name another [agent]',
    ),
    "no such agent in a list": (
        [('agent = "coder"\n' + GATES, f'agent = ["coder", "codr"]\n{GATES}')],
        '[[stage]] "implement" agent: no agent is called "codr"; did you mean "coder"?',
    ),
    "checkpoint first": (
        [('[[stage]]\nname = "plan"', f'{CHECK}[[stage]]\nname = "plan"')],
        '[[stage]] "check" agent: missing: without an agent it is a checkpoint, and nothing comes before it',
    ),
    "checkpoint of nothing": (
        [("[land]", '[[stage]]\nname = "check"\n[land]')],
        '[[stage]] "check" gates: missing: a stage without an agent is a checkpoint of gates',
    ),
    "checkpoint that reads": ([("[land]", f'{CHECK}access = "read"\n[land]')], f'[[stage]] "check" access: {NOTHING}'),
    "checkpoint with a prompt": ([("[land]", f'{CHECK}prompt = "x"\n[land]')], f'[[stage]] "check" prompt: {NOTHING}'),
    "checkpoint with limits": (
        [("[land]", f"{CHECK}limits = {{turns = 1}}\n[land]")],
        f'[[stage]] "check" limits: {NOTHING}',
    ),
    "empty checkpoint": (
        [("[land]", f"{CHECK}allow_empty = true\n[land]")],
        f'[[stage]] "check" allow_empty: {NOTHING}',
    ),
    "back to a checkpoint": (
        [("[land]", f'{CHECK}[land]\non_fail = {{goto = "check"}}')],
        '[land] on_fail.goto: "check" has no agent that could put anything right',
    ),
    "a checkpoint back to itself": (
        [("[land]", f'{CHECK}on_fail = {{goto = "check"}}\n[land]')],
        '[[stage]] "check" on_fail.goto: "check" has no agent that could put anything right',
    ),
    "what a checkpoint said": (
        [("[land]", f'{CHECK}[[stage]]\nname = "more"\nagent = "coder"\nprompt = "{{{{ stages.check }}}}"\n[land]')],
        ('[[stage]] "more" prompt: "{{ stages.check }}" names nothing; did you mean "stages.more"? '
        "(there are task, feedback, diff, stages.plan, stages.implement, stages.more)"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_one_problem(problems, bend, changes, said):
    assert problems(bend(*changes), {"there.md": "x"}) == [said]


KEPT = {
    "another entry reviews": [review(), (GATES, 'gates = ["review"]'), ALONE],
    "another entry reviews the plan": [review(), (READ, f'{READ}\ngates = ["review"]')],
    "the planner reviews the work": [
        review(),
        ('agent = "coder"\naccess = "read"', 'agent = "other"\naccess = "read"'),
        (GATES, 'gates = ["review"]'),
    ],
    "a later writer reviews where it holds at its stage alone": [
        review(more='scope = "stage"'),
        (GATES, 'gates = ["tests", "review"]'),
        ("[gate.review]", '[[stage]]\nname = "harden"\nagent = "other"\ngates = ["tests"]\n[gate.review]'),
    ],
    "quorum of some": [review('["other", "third"]', 'quorum = 1\n[agent.third]\nadapter = "claude"')],
    "a checkpoint judges": [("[land]", f"{CHECK}[land]"), (f"\n{GATES}\n\n", "\n"), ALONE],
    "a checkpoint of a plan": [('[[stage]]\nname = "implement"', f'{CHECK}[[stage]]\nname = "implement"')],
    "a gate of the floor judges": [(GATES, ""), ALONE, ("version = 1", 'version = 1\n[floor]\ngates = ["tests"]')],
    "scope stage and one more": [(HUMAN, f'{HUMAN}\nscope = "stage"'), ALONE, (READ, f'{READ}\ngates = ["boss"]')],
}  # fmt: skip


@pytest.mark.parametrize("changes", KEPT.values(), ids=KEPT)
def test_what_keeps_the_rules_is_accepted(problems, bend, changes):
    assert problems(bend(*changes)) == []


def test_an_agent_that_could_not_be_read_makes_no_checkpoint(problems, bend):
    assert len(problems(bend(('agent = "coder"\naccess', "agent = 3\naccess")))) == 1

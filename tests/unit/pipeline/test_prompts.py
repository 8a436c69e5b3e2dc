"""Templates: what reaches an agent, word for word, and nothing read twice."""

import json

import pytest

from foremand.pipeline import prompts
from foremand.pipeline.prompts import Context, fill, follow_up, render

CONTEXT = Context(task="Fix #412", stages={"plan": "1. look"}, feedback="2 failed", diff="+x")


def test_all_names_are_filled_in():
    template = "{{ task }}|{{stages.plan}}|{{  feedback }}|{{ diff }}"
    assert render(template, CONTEXT) == "Fix #412|1. look|2 failed|+x"


@pytest.mark.parametrize("name", ["task", "stages.plan", "feedback", "diff"])
def test_values_are_never_read_as_templates(name):
    hostile = "{{ task }} {{ diff }} {{ stages.plan }} \\1 \\g<0>"
    context = Context(task="T" + hostile, stages={"plan": "P" + hostile}, feedback="F" + hostile, diff="D" + hostile)
    expected = {"task": "T", "stages.plan": "P", "feedback": "F", "diff": "D"}[name] + hostile
    assert f"<{expected}>" in render(f"<{{{{ {name} }}}}>", context)


def test_the_task_always_reaches_the_agent():
    assert render("Do it.", Context(task="Fix #412")) == "Do it.\n# The task\n\nFix #412\n"


def test_feedback_always_reaches_the_agent():
    text = render("{{ task }}", CONTEXT)
    assert text.startswith("Fix #412\n# What was refused\n")
    assert "\n\n2 failed\n\n" in text


def test_without_feedback_nothing_is_said_of_it():
    assert render("{{ task }}", Context(task="x")) == "x"
    assert render("{{ task }}{{ feedback }}", Context(task="x")) == "x"


def test_a_stage_that_handed_on_nothing_says_so():
    assert render("{{ task }}: {{ stages.plan }}", Context(task="x")) == "x: (nothing was handed on)"
    assert render("{{ task }}: {{ stages.plan }}", Context(task="x", stages={"plan": ""})).endswith("handed on)")


def test_a_session_that_goes_on_hears_only_what_is_new():
    text = follow_up("2 failed {{ task }}")
    assert "2 failed {{ task }}" in text
    assert "You are" not in text


def test_a_long_task_is_kept_whole():
    task = "x" * 1_000_000
    assert task in render("{{ task }}", Context(task=task))


def test_a_name_without_a_value_stays_as_it_is_written():
    assert fill("{{ title }} {{x}}", {"title": "T"}) == "T {{x}}"


@pytest.mark.parametrize("template", ["{{ task", "{ { task } }", "{{ a\nb }}", "{{}", "${x}"])
def test_what_is_no_place_is_plain_text(template):
    assert list(prompts.unknown_names(template, ("task",))) == []


@pytest.mark.parametrize("template", ["{{ x }}", "{{}}", "{{ task.x }}", "{{ stages }}", "{{ Task }}", "${{ env }}"])
def test_an_unknown_name_is_wrong(template):
    assert len(list(prompts.unknown_names(template, prompts.prompt_names(["plan"])))) == 1


@pytest.mark.parametrize("name", ["implement", "plan"])
def test_the_built_in_prompts_name_only_what_there_is(name):
    template = prompts.builtin(name, ["first", "second"])
    assert prompts.named_in(template) == ("task", "stages.first", "stages.second")
    assert "<!--" not in template
    assert ".foremand/" in template


def test_the_built_in_prompts_pass_on_a_plan_and_what_was_refused():
    text = render(prompts.builtin("implement", ["plan"]), CONTEXT)
    order = [text.index(part) for part in ("Fix #412", "1. look", "Do not commit", "End with a summary", "2 failed")]
    assert order == sorted(order)


def test_there_is_no_other_built_in_prompt():
    with pytest.raises(KeyError):
        prompts.builtin("refused")
    assert prompts.unknown_builtin("../values", prompts.STAGE_PROMPTS)
    assert prompts.unknown_builtin("review", prompts.STAGE_PROMPTS) == '"builtin:review" is for a gate of kind "review"'
    assert prompts.unknown_builtin("plan", prompts.REVIEW_PROMPTS) == '"builtin:plan" is for a stage'


def test_the_built_in_harden_shows_what_it_hardens():
    template = prompts.builtin("harden", ["implement"])
    assert prompts.named_in(template) == ("task", "stages.implement", "diff")
    assert ".foremand/" in template


@pytest.mark.parametrize("name", prompts.REVIEW_PROMPTS)
def test_a_built_in_review_shows_all_there_is_and_asks_for_a_verdict(name):
    template = prompts.for_review(prompts.builtin(name, ["plan", "implement"]))
    assert prompts.named_in(template) == ("task", "stages.plan", "stages.implement", "feedback", "diff")
    text = render(template, CONTEXT)
    assert "<!--" not in text
    assert text.count("Fix #412") == 1
    assert text.count("+x") == 1
    assert text.count("2 failed") == 1


def test_a_review_of_ones_own_words_still_shows_the_change_and_asks_for_a_verdict():
    text = render(prompts.for_review("Is it pretty?\n"), CONTEXT)
    order = [text.index(part) for part in ("Is it pretty?", "Fix #412", "2 failed", "+x", "# How to answer")]
    assert order == sorted(order)
    assert "Find the cause before you act" not in text, "that is for who did the work"


def test_the_example_of_a_verdict_is_one():
    text = prompts.for_review("x")
    block = text[text.index("```json") + 7 : text.rindex("```")]
    example = json.loads(block)
    assert example["verdict"] == "reject"
    assert set(example["findings"][0]) == {"file", "line", "severity", "text"}

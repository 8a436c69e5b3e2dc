"""An attempt has one number, through the whole task, wherever it is spoken of."""

from playbook import Playbook, line, read, stage, started

from foremand.core.why import explain


def test_the_first_attempt_of_the_second_stage_is_the_task_s_second() -> None:
    pipeline = line(stage("plan", access="read"), stage("implement", "tests"), goto="plan")
    play = Playbook(pipeline, *read(1, pipeline=pipeline)) >> started(2)
    assert play.status.reason == "implement: coder works, attempt 2"
    assert any(said.startswith("attempt 2 (implement, coder)") for said in explain(play.task))

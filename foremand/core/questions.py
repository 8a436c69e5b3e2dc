"""Questions of agents that must ask: open until a person answers, never answered by time.

The agent that asked holds its slot for `PATIENCE`. Then it is interrupted and the slot is free; an answer has the
task go on in the same session. What was allowed is allowed for that one use, also if it is asked for a second time
after an interruption.
"""

from msgspec.structs import replace

from . import facts as f
from .steps import Record, Step, StopAttempt, Wait, WakeAt
from .task import Attempt, Changes, Message, Question, Task
from .trying import own

PATIENCE = 600.0
"""Seconds for which an agent that waits for an answer keeps its slot."""


def open_questions(task: Task, number: int | None = None) -> tuple[Question, ...]:
    """What waits for a person's answer; of one attempt, or of all that still count."""
    if task.over is not None:
        return ()
    return tuple(q for q in task.questions if q.allow is None and number in (None, q.attempt) and _counts(task, q))


def _counts(task: Task, question: Question) -> bool:
    attempt = task.attempt(question.attempt)
    return attempt is not None and not attempt.void


def is_put_off(task: Task, question: Question) -> bool:
    """Whether the agent's patience is over: it is, or will be, interrupted."""
    return _time(question) in task.times


def _time(question: Question) -> str:
    return f"question#{question.key}"


def waits(task: Task, attempt: Attempt, now: float) -> tuple[Step, ...]:
    """The wait for a person, if this attempt has asked something; and the attempt's end when that takes too long."""
    asked = open_questions(task, attempt.number)
    if not asked:
        return ()
    first = asked[0]
    reason = f"{attempt.agent} asks: {first.tool}: {first.text.strip().partition(chr(10))[0]}"
    wait = Wait(on="question", reason=reason, stage=attempt.stage, detail=f"{first.tool}: {first.text}")
    if attempt.outcome is not None:
        return (wait,)
    if is_put_off(task, first):
        stop = own(task, StopAttempt(number=attempt.number, reason="nobody has answered its question yet"), now)
        return stop if any(isinstance(step, Wait) for step in stop) else (*stop, wait)
    due = first.at + PATIENCE
    if now >= due:
        return (Record(fact=f.TimeCame(task=task.id, at=now, key=_time(first))), wait)
    return (WakeAt(at=due, key=_time(first)), wait)


def ask(task: Task, fact: f.QuestionAsked) -> tuple[f.AnyFact, ...]:
    """An agent asks. Where a person has answered just that while it was interrupted, that is the answer."""
    attempt = task.attempt(fact.number)
    if attempt is None or attempt.outcome is not None or any(q.key == fact.key for q in task.questions):
        return ()
    before = next((q for q in task.questions if _is_left_over(q, fact)), None)
    if before is None or before.allow is None:
        return (fact,)
    again = f.QuestionAnswered(
        task=task.id,
        at=fact.at,
        number=fact.number,
        key=fact.key,
        allow=before.allow,
        by=before.by,
        message=before.message,
    )
    return (fact, again)


def _is_left_over(question: Question, asked: f.QuestionAsked) -> bool:
    same = question.digest == asked.digest and question.attempt != asked.number
    return same and question.allow is not None


def asked(task: Task, fact: f.QuestionAsked) -> Changes:
    """A question more."""
    attempt = task.attempt(fact.number)
    if attempt is None or attempt.outcome is not None or any(q.key == fact.key for q in task.questions):
        return {}
    question = Question(
        attempt=fact.number,
        key=fact.key,
        tool=fact.tool,
        text=fact.text,
        digest=fact.digest,
        omitted=fact.omitted,
        at=fact.at,
    )
    return {"questions": (*(q for q in task.questions if not _is_left_over(q, fact)), question)}


def answered(task: Task, fact: f.QuestionAnswered) -> Changes:
    """A person's word. An agent that was interrupted meanwhile goes on, once all that it asked is answered."""
    questions = tuple(
        replace(q, allow=fact.allow, by=fact.by, message=fact.message) if q.key == fact.key and q.allow is None else q
        for q in task.questions
    )
    return {"questions": questions, **_goes_on(replace(task, questions=questions), fact.number)}


def withdrawn(task: Task, fact: f.QuestionWithdrawn) -> Changes:
    """It is not asked any more."""
    return {"questions": tuple(q for q in task.questions if q.key != fact.key or q.allow is not None)}


def left(task: Task, number: int, outcome: f.OutcomeKind) -> Changes:
    """What an attempt that has ended leaves: the questions for which it was interrupted."""
    stays = outcome == "stopped" and any(q.attempt == number and is_put_off(task, q) for q in task.questions)
    if stays:
        return _goes_on(task, number)
    return {"questions": tuple(q for q in task.questions if q.attempt != number)}


def _goes_on(task: Task, number: int) -> Changes:
    """The attempt that was interrupted for its questions is gone on with, in its session, with the answers."""
    attempt = task.attempt(number)
    mine = [q for q in task.questions if q.attempt == number]
    if attempt is None or attempt.outcome is None or attempt.void or any(q.allow is None for q in mine):
        return {}
    return {
        "attempts": tuple(replace(a, void=True) if a.number == number else a for a in task.attempts),
        "session": {**task.session, attempt.stage: "resume"},
        "said": (*task.said, *(Message(text=_told(q)) for q in mine)),
    }


def _told(question: Question) -> str:
    why = f" They say: {question.message}" if question.message else ""
    may = "You may: do it now." if question.allow else "You may not."
    return f"You were interrupted when you asked whether you may use {question.tool}:\n\n{question.text}\n\n{may}{why}"

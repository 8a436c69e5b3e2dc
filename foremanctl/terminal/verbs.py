"""What keys ask of the daemon for one task. Every answer is said; nothing is done twice."""

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from foremanctl import environment, texts
from foremanctl.client import request_id
from foremanctl.exits import Usage
from foremanctl.limits import KEYS, parse, shown
from foremanctl.options import PRIORITY
from foremanctl.states import ENDED
from foremanctl.watching import stands
from foremanctl.worktree import is_in_repository
from foremand.v1 import foremand_pb2 as pb

from .model import Selected
from .screens import Terminal

Verb = Callable[[Terminal, int], Coroutine[Any, Any, None]]

_STANDS = frozenset({"paused", "budget", "quota"})
"""What `resume` ends."""


async def send(terminal: Terminal, task: int) -> None:
    """Tells the agent something, and the person when it is heard."""
    await _say(terminal, task, f"tell {task}: ", interrupt=False)


async def interrupt(terminal: Terminal, task: int) -> None:
    """Breaks off what the agent is at, and has its session go on with what the person says."""
    await _say(terminal, task, f"interrupt {task}, and tell it: ", interrupt=True)


async def _say(terminal: Terminal, task: int, question: str, *, interrupt: bool) -> None:
    text = await terminal.line(question)
    if text:
        said = texts.written(text, "the text")
        asked = pb.SendTaskRequest(request_id=request_id(), id=task, text=said, interrupt=interrupt)
        answer: pb.SendTaskResponse = await terminal.ask("SendTask", asked)
        terminal.say(f"{task}: {answer.when}")


async def pause(terminal: Terminal, task: int) -> None:
    """Lets it stand still; one that does goes on. Which of them is meant tells what the person knows of the task: where
    that is not so any more, neither is done."""
    known = terminal.model.tasks[task].waiting_for
    detail: pb.TaskDetail = await terminal.ask("GetTask", pb.GetTaskRequest(id=task))
    if detail.task.waiting_for != known:
        return terminal.say(f"nothing was done, it has changed: {stands(detail.task)}", bad=True)
    verb = "ResumeTask" if known in _STANDS else "PauseTask"
    return _tell(terminal, await terminal.ask(verb, pb.TaskRequest(request_id=request_id(), id=task)))


async def retry(terminal: Terminal, task: int) -> None:
    """Lets it go on, with words for the agent where the person has some."""
    message = await terminal.line(f"retry {task}; for its agent (may be empty): ")
    if message is not None:
        asked = pb.RetryTaskRequest(request_id=request_id(), id=task, message=message)
        _tell(terminal, await terminal.ask("RetryTask", asked))


async def cancel(terminal: Terminal, task: int) -> None:
    """Stops it for good; asks once."""
    if await terminal.confirm(f"cancel {task} ({terminal.model.tasks[task].title})? Its work is kept."):
        _tell(terminal, await terminal.ask("CancelTask", pb.CancelTaskRequest(request_id=request_id(), id=task)))


async def take(terminal: Terminal, task: int) -> None:
    """Hands the workspace to the person; from one who has it, takes it back."""
    if terminal.model.tasks[task].waiting_for == "taken":
        message = await terminal.line(f"give {task} back; what you did: ")
        if message is not None:
            asked = pb.GiveTaskRequest(request_id=request_id(), id=task, message=message)
            _tell(terminal, await terminal.ask("GiveTask", asked))
        return
    if not await terminal.confirm(f"stop the agent of {task} and work on by hand?"):
        return
    taken: pb.Task = await terminal.ask("TakeTask", pb.TaskRequest(request_id=request_id(), id=task))
    if not taken.workspace:
        terminal.say(f"{task} is yours once its agent has stopped; its path comes here then")
        await terminal.until(lambda model: _is_free(model.tasks.get(task)))
        taken = terminal.model.tasks.get(task, taken)
    if taken.workspace:
        terminal.say(f"{task} is yours, t gives it back: {taken.workspace}")
    else:
        _tell(terminal, taken)


def _is_free(task: pb.Task | None) -> bool:
    """Nothing of the task runs in its workspace any more, which is a person's now; or it has ended instead."""
    return task is None or bool(task.workspace) or task.state in ENDED


async def limit(terminal: Terminal, task: int) -> None:
    """Sets limits anew, those that there are to begin with. What is none is said, and can be mended."""
    detail: pb.TaskDetail = await terminal.ask("GetTask", pb.GetTaskRequest(id=task))
    known = shown(detail.limits)
    text = known
    while True:
        text = await terminal.line(f"limits of {task} ({'=, '.join(KEYS)}=): ", text) or ""
        changed = [each for each in text.split() if each not in known.split()]
        if not changed:
            return None
        try:
            limits = parse(changed)
        except Usage as wrong:
            terminal.say("; ".join(filter(None, (wrong.what, wrong.hint))), bad=True)
            continue
        asked = pb.LimitTaskRequest(request_id=request_id(), id=task, limits=limits)
        return _tell(terminal, await terminal.ask("LimitTask", asked))


async def priority(terminal: Terminal, task: int) -> None:
    """Gives it another place among those that wait for a slot."""
    text = await terminal.line(f"priority of {task} (the higher is first): ", str(terminal.model.tasks[task].priority))
    if text:
        try:
            wanted = PRIORITY.convert(text.strip(), None, None)
        except click.BadParameter as wrong:
            raise Usage(wrong.message) from wrong
        asked = pb.PrioritizeTaskRequest(request_id=request_id(), id=task, priority=wanted)
        answer: pb.Task = await terminal.ask("PrioritizeTask", asked)
        terminal.say(f"{stands(answer)}; priority {answer.priority}")


async def question(terminal: Terminal, task: int) -> None:
    """Opens what the agent asks."""
    if not terminal.model.tasks[task].questions:
        return terminal.say(f"{task} asks nothing")
    from .question_screen import QuestionScreen  # seldom wanted

    return terminal.push(QuestionScreen(terminal, task))


async def copy(terminal: Terminal, task: int) -> None:
    """Puts the id into the clipboard."""
    terminal.copy(str(task))
    terminal.say(f"{task} copied")


async def decide(terminal: Terminal, task: int, answer: str = "") -> None:
    """Opens the decision screen, with its key `answer` (approve, reject, rework) pressed once all of it is there."""
    from . import decision  # its patches and comments are wanted only now

    decision.open(terminal, task, answer)


VERBS: Mapping[str, Verb] = {
    "send": send,
    "interrupt": interrupt,
    "question": question,
    "pause": pause,
    "retry": retry,
    "cancel": cancel,
    "take": take,
    "limit": limit,
    "priority": priority,
    "copy": copy,
    "approve": partial(decide, answer="approve"),
    "reject": partial(decide, answer="reject"),
    "rework": partial(decide, answer="rework"),
    "diff": decide,
}


async def new(terminal: Terminal) -> None:
    """Dispatches a task that is written in the editor, into the repository that the person names. What was written
    and could not be dispatched is there again the next time."""
    draft = terminal.drafts.get("new", "")
    edited = await terminal.edit(draft + texts.TEMPLATE)
    prompt = texts.from_template(edited) or (draft if edited is None else "")
    if not prompt:
        return terminal.say("nothing was written, so nothing was dispatched")
    terminal.drafts["new"] = prompt
    selected = terminal.model.selected
    here = str(Path.cwd())
    begin = here if is_in_repository(here) or selected is None else selected.repo
    repo = await terminal.line("in which repository? ", begin)
    if not repo:
        return terminal.say("nothing was dispatched; n opens what you wrote again")
    request = pb.SubmitTaskRequest(
        request_id=request_id(),
        prompt=texts.written(prompt, "the prompt"),
        repo=_absolute(repo),
        environment=environment.sendable()[0],
    )
    task: pb.Task = await terminal.ask("SubmitTask", request)
    del terminal.drafts["new"]
    terminal.tell(Selected(task.id))
    terminal.say(f"dispatched {task.id}: {task.title}")
    return None


def _tell(terminal: Terminal, task: pb.Task) -> None:
    terminal.say(stands(task))


def _absolute(repo: str) -> str:
    """The daemon has another working directory and another idea of `~`."""
    return str(Path(repo).expanduser().absolute())

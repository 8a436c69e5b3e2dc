"""Which tasks a command is about: those that were named, or all to which it applies."""

from collections.abc import Callable, Sequence

from foremand.v1 import foremand_pb2 as pb

from .client import Client
from .exits import Usage
from .output import talk


def listed(client: Client, request: pb.ListTasksRequest) -> list[pb.Task]:
    """The tasks asked for, page after page; the oldest first."""
    tasks: list[pb.Task] = []
    while True:
        page: pb.ListTasksResponse = client.ask("ListTasks", request)
        tasks += page.tasks
        request.page_token = page.next_page_token
        if not page.next_page_token:
            return tasks


def named_or_all(ids: Sequence[int], *, everything: bool) -> None:
    """Usage if it is not clear which tasks are meant."""
    if bool(ids) == everything:
        raise Usage("ids or --all, not both" if ids else "which tasks? Name their ids, or --all")


def all_that(client: Client, applies: Callable[[pb.Task], bool], what: str) -> list[pb.Task]:
    """The tasks that have not ended to which the command applies. Says so if there are none: `what` names them."""
    tasks = [task for task in listed(client, pb.ListTasksRequest()) if applies(task)]
    if not tasks:
        talk(f"there is no task {what}")
    return tasks

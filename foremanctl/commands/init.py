"""`init`: a pipeline to start from."""

import click

from foremanctl.options import Command, repo_option
from foremanctl.program import become


@click.command(
    cls=Command,
    short_help="Write a pipeline that fits the repository.",
    examples=["init", "init --commit", "init --user -C ~/shop"],
)
@repo_option
@click.option("--commit", is_flag=True, help="Commit it, too.")
@click.option("--user", is_flag=True, help="Into your own settings, not into the repository.")
def command(*, repo: str | None, commit: bool, user: bool) -> None:
    """Write a pipeline that fits the repository: pytest with pip, uv or poetry, npm, pnpm, cargo, go, make.

    Needs no daemon.
    """
    flags = [flag for flag, given in (("--commit", commit), ("--user", user)) if given]
    become(["init", *(["-C", repo] if repo else []), *flags])

"""What the user's repository holds of what has landed: looked at, never written."""

from pathlib import Path

from .run import Git


async def landed_tree(repo: Path, commit: str) -> str | None:
    """The tree of a commit in the user's repository; None where there is no such commit."""
    found = await Git(cwd=repo).result("rev-parse", "--verify", "-q", "--end-of-options", f"{commit}^{{tree}}")
    return found.out.decode().strip() if found.code == 0 else None


async def holds(repo: Path, branch: str, commit: str) -> bool:
    """Whether a branch of the user's repository has the commit in its history; False also where either is missing."""
    return (await Git(cwd=repo).result("merge-base", "--is-ancestor", commit, f"refs/heads/{branch}")).code == 0

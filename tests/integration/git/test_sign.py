"""A landing's commit is signed as the user signs, by their key and program, in bounded time; else nothing lands."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from foremand.git import (
    Candidate,
    GitError,
    Identity,
    SigningFailed,
    StageCommit,
    build,
    identity,
    land,
    prove,
    signed,
    signs,
)

ADA = Identity("Ada \u00c9xample", "ada@example.org")
BOT = Identity("Bot", "bot@example.org")
MESSAGE = "Lande es: \u00e4\n\nand more\n\n\n"


@pytest.fixture
async def made(user, mirror, work) -> Candidate:
    base = user.head
    user.git("checkout", "-q", "-b", "side")
    revision = user.commit({"new.txt": "1"})
    await mirror.fetch()
    user.git("checkout", "-q", "main")
    user.git("branch", "-q", "-D", "side")
    made = await build(
        work, tip=base, base=base, revision=revision, message=MESSAGE, author=ADA, committer=BOT, at=1_700_000_000.5,
        ref=work.candidate_ref(1), stages=[StageCommit(revision, "One\n"), StageCommit(revision, "Two\n")],
    )  # fmt: skip
    assert isinstance(made, Candidate)
    return made


@pytest.fixture
def ssh_key(user, tmp_path) -> Path:
    """The user signs with ssh, says their global and their repository's configuration."""
    key = tmp_path / "key"
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)), check=True)
    allowed = tmp_path / "allowed"
    allowed.write_text("ada@example.org " + key.with_suffix(".pub").read_text())
    user.git("config", "--global", "commit.gpgSign", "true")
    user.git("config", "--global", "gpg.format", "openpgp")
    user.git("config", "gpg.format", "ssh")
    user.git("config", "user.signingKey", str(key))
    user.git("config", "gpg.ssh.allowedSignersFile", str(allowed))
    return key


@pytest.fixture
def gpg(user, monkeypatch) -> Iterator[str]:
    if shutil.which("gpg") is None:
        pytest.skip("gpg is not installed")
    home = tempfile.mkdtemp(prefix="gpg")  # short: its agent's socket lies there
    monkeypatch.setenv("GNUPGHOME", home)
    make = ("gpg", "-q", "--batch", "--passphrase", "", "--quick-gen-key", "Ada <ada@example.org>", "ed25519", "sign")
    subprocess.run(make, check=True, capture_output=True)
    user.git("config", "user.signingKey", "ada@example.org")
    yield home
    subprocess.run(("gpgconf", "--kill", "gpg-agent"), check=False)
    shutil.rmtree(home, ignore_errors=True)


def program(user, tmp_path: Path, script: str) -> None:
    path = tmp_path / "program"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    user.git("config", "gpg.program", str(path))
    user.git("config", "user.signingKey", "key")


def everything_else(raw: str) -> str:
    """A commit without its signature and its parents."""
    header, _, message = raw.partition("\n\n")
    return "\n".join(line for line in header.split("\n") if line.startswith(("tree", "auth", "comm"))) + message


async def test_commit_gpgsign_of_the_users_repository_decides(user):
    assert not await signs(user.top)
    user.git("config", "--global", "commit.gpgSign", "yes")
    assert await signs(user.top)
    user.git("config", "commit.gpgSign", "0")
    assert not await signs(user.top)


async def test_with_ssh_the_same_commits_are_signed_and_land(user, work, made, ssh_key):
    assert await signs(user.top)
    tip = user.head
    sealed = await signed(user.top, work, made.commit)
    assert sealed != made.commit and await work.tree_of(sealed) == made.tree
    assert await signed(user.top, work, made.commit) == sealed, "ed25519 says the same twice"
    await land(user.top, work, "main", tip, sealed)
    await prove(user.top, "main", sealed, made.tree)
    commits = user.git("rev-list", f"{tip}..main").split()
    assert len(commits) == 3 and user.git("log", "-1", "--format=%P").split()[0] == tip
    before = (await work.git.line("rev-list", f"{tip}..{made.commit}")).split()
    for old, new in zip(before, commits, strict=True):
        user.git("verify-commit", new)
        raw = os.fsdecode(await work.git.run("cat-file", "commit", new))
        assert everything_else(raw) == everything_else(os.fsdecode(await work.git.run("cat-file", "commit", old)))


async def test_with_gpg(user, work, made, gpg):
    sealed = await signed(user.top, work, made.commit)
    user.git("fetch", "-q", str(work.path), sealed)
    user.git("verify-commit", sealed)
    assert await work.tree_of(sealed) == made.tree


async def test_a_program_that_hangs_is_ended_with_its_children(user, work, made, tmp_path, life):
    program(user, tmp_path, f"(exec 3>{life.path}; sleep 600) & wait")
    with pytest.raises(SigningFailed, match=r"not signed within 2 s: is an agent waiting for a passphrase\?"):
        await signed(user.top, work, made.commit, timeout=2)
    assert life.over()


@pytest.mark.parametrize(
    ("script", "match"),
    [
        ("echo no secret key >&2; exit 2", "could not sign: .*failed to sign"),
        ("cat >/dev/null; exit 0", "could not sign"),
        ("tty -s && exit 0; read line </dev/tty || echo no terminal >&2; exit 1", "could not sign"),
    ],
)
async def test_a_program_that_does_not_sign(user, work, made, tmp_path, script, match):
    program(user, tmp_path, script)
    with pytest.raises(SigningFailed, match=match) as caught:
        await signed(user.top, work, made.commit)
    assert "user.signingKey" in caught.value.hint


async def test_a_program_that_is_not_there(user, work, made, tmp_path):
    user.git("config", "gpg.program", str(tmp_path / "nothing"))
    with pytest.raises(SigningFailed, match="cannot run"):
        await signed(user.top, work, made.commit)


async def test_a_commit_that_came_out_as_another_is_never_given_back(user, work, made, ssh_key, monkeypatch):
    module = __import__("sys").modules["foremand.git.sign"]
    real = module.told

    async def alters(git, *args, **more):
        return await real(git, *args, **{**more, "input": more["input"] + b"smuggled\n"})

    monkeypatch.setattr(module, "told", alters)
    with pytest.raises(GitError, match="not the one"):
        await signed(user.top, work, made.commit)

    async def unsigned(git, *args, **more):
        return await real(git, *(word for word in args if word != "-S"), **more)

    monkeypatch.setattr(module, "told", unsigned)
    with pytest.raises(SigningFailed, match="without a signature"):
        await signed(user.top, work, made.commit)


async def test_no_hook_runs_and_who_signs_is_who_commits(user, work, made, ssh_key, tmp_path, home):
    assert (await identity(user.top)).author.name == "Ada Example"
    hook = user.top / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    user.git("config", "--global", "core.hooksPath", str(hook.parent))
    user.git("config", "--global", "i18n.commitEncoding", "latin1")
    before = user.traces()
    await signed(user.top, work, made.commit)
    assert user.traces() == before and not (tmp_path / "ran").exists()

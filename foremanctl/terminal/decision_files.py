"""Files that deserve a second look: those that decide what runs, where, and with what."""

from .paint import Look
from .patch import EXECUTABLE, LINK, SUBMODULE, File

POLICY = "policy"
"""What a change to `.foremand/**` is called: the gates themselves."""

_FOLDERS = {
    ".foremand/": POLICY,
    ".github/workflows/": "CI",
    ".github/actions/": "CI",
    ".circleci/": "CI",
    ".buildkite/": "CI",
    ".woodpecker/": "CI",
    ".gitlab/": "CI",
    ".forgejo/": "CI",
    ".gitea/": "CI",
    ".ci/": "CI",
    ".husky/": "git hook",
    ".githooks/": "git hook",
    ".claude/": "told to agents",
    ".cursor/": "told to agents",
    ".codex/": "told to agents",
    ".gemini/": "told to agents",
    ".vscode/": "run by the editor",
    ".devcontainer/": "run by the editor",
}
"""By where a file lies, from the top."""

_WITHIN = {"scripts/": "script", "bin/": "script", "hooks/": "git hook"}
"""By a folder anywhere above it."""

_NAMES = {
    "CI": ".gitlab-ci.yml .travis.yml .drone.yml .woodpecker.yml jenkinsfile azure-pipelines.yml "
    "bitbucket-pipelines.yml appveyor.yml .cirrus.yml codeowners",
    "lock file": "package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb cargo.lock "
    "poetry.lock uv.lock pdm.lock pipfile.lock pylock.toml gemfile.lock go.sum composer.lock flake.lock mix.lock "
    "pubspec.lock podfile.lock packages.lock.json gradle.lockfile deno.lock",
    "dependencies": "package.json pyproject.toml requirements.txt pipfile cargo.toml go.mod gemfile composer.json "
    "pom.xml build.gradle build.gradle.kts pubspec.yaml mix.exs deno.json",
    "run by the build": "makefile gnumakefile justfile rakefile dockerfile containerfile docker-compose.yml "
    "compose.yaml compose.yml setup.py setup.cfg conftest.py noxfile.py tox.ini build.rs cmakelists.txt .npmrc "
    ".yarnrc.yml pip.conf .pypirc gradlew",
    "git": ".gitattributes .gitmodules .gitignore .mailmap",
    "git hook": ".pre-commit-config.yaml lefthook.yml",
    "told to agents": "claude.md agents.md gemini.md .mcp.json .cursorrules copilot-instructions.md",
    "environment": ".env .envrc .tool-versions",
}
_BY_NAME = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_BY_ENDING = dict.fromkeys(("sh", "bash", "zsh", "ps1", "bat", "cmd", "command"), "script")
_SAFE = Look()


def sensitive(file: File) -> tuple[str, ...]:
    """Why a file of a change deserves a second look; empty where nothing speaks for it. Both names of a rename
    count."""
    why = [kind for path in file.paths if (kind := _kind(path))]
    if file.new:
        why += _modes(file)
    if file.binary:
        why.append("binary")
    if any(_SAFE.line(path) != path for path in file.paths):
        why.append("its name hides characters")
    return tuple(dict.fromkeys(why))


def is_policy(file: File) -> bool:
    """Whether the file says which gates there are."""
    return any(_kind(path) == POLICY for path in file.paths)


def _kind(path: str) -> str:
    lower = path.lower()
    name = lower.rpartition("/")[2]
    for folder, kind in _FOLDERS.items():
        if lower.startswith(folder):
            return kind
    if known := _BY_NAME.get(name):
        return known
    if name.startswith("requirements") and name.endswith(".txt"):
        return "dependencies"
    if name.startswith("dockerfile."):
        return "run by the build"
    for folder, kind in _WITHIN.items():
        if f"/{folder}" in f"/{lower}":
            return kind
    return _BY_ENDING.get(name.rpartition(".")[2], "") if "." in name else ""


def _modes(file: File) -> list[str]:
    if file.new_mode == EXECUTABLE:
        return ["executable"] if file.old_mode == EXECUTABLE else ["made executable"]
    return [{LINK: "link", SUBMODULE: "submodule"}[file.new_mode]] if file.new_mode in (LINK, SUBMODULE) else []

"""What shells need to complete foremanctl's commands: click's scripts, and one of our own for bash, which can show the
titles beside the ids."""

from typing import Any

from click.shell_completion import BashComplete, CompletionItem, add_completion_class, get_completion_class

VARIABLE = "_FOREMANCTL_COMPLETE"

# Titles are shown when bash lists (COMP_TYPE ?, !, @), never when it puts something in: only an id belongs there.
_BASH = """\
%(complete_func)s() {
    local kind value told
    local -a all=()
    COMPREPLY=()
    while IFS=$'\\t' read -r kind value told; do
        case $kind in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value"); all+=("$value${told:+  ($told)}") ;;
        esac
    done < <(local IFS=$'\\n'; env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
    if ((${#COMPREPLY[@]} > 1)) && [[ $COMP_TYPE == 63 || $COMP_TYPE == 33 || $COMP_TYPE == 64 ]]; then
        COMPREPLY=("${all[@]}")
    fi
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class Bash(BashComplete):
    """bash, with a tab between value and title."""

    source_template = _BASH

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """One line for each; titles hold no control characters (see `completing`)."""
        return f"{item.type}\t{item.value}\t{item.help or ''}"


def register() -> None:
    """Have click use our bash."""
    add_completion_class(Bash, "bash")


def script(command: Any, shell: str) -> str:
    """What is to be put into the shell's configuration."""
    register()
    kind = get_completion_class(shell)
    if kind is None:
        raise ValueError(shell)
    return kind(command, {}, "foremanctl", VARIABLE).source()

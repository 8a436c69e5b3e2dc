"""The keys of the decision screen, as data."""

from .keys import MOVING, bind

DECISION = (
    bind("escape", "back", "back; comments are kept"),
    *MOVING,
    bind("n", "file-next", "the next file"),
    bind("N", "hunk-next", "the next hunk"),
    bind("p", "file-previous", "the file before"),
    bind("P", "hunk-previous", "the hunk before"),
    bind("l right", "shift-right", "see more of long lines"),
    bind("h left", "shift-left", "and back"),
    bind("f", "tree", "the tree of files; enter goes to one"),
    bind("enter", "enter", "go to the file that is selected in the tree"),
    bind("d", "difference", "only what has changed since you looked, or since somebody approved; again: everything"),
    bind("c", "comment", "say something about this line; on the first lines about the whole work; empty takes it back"),
    bind("C", "comment-file", "say something about this file"),
    bind("E", "comment-editor", "write comments in $EDITOR, between the lines of the change"),
    bind("D", "comment-remove", "take back what was said here"),
    bind("a", "approve", "approve what is shown; asks once"),
    bind("w", "rework", "send it back with your comments; without any, $EDITOR opens"),
    bind("x", "reject", "end the task; asks why, and once more"),
    bind("W", "waive", "let a gate pass that has refused; asks why, and once more"),
    bind("e", "editor", "all of this in $EDITOR, to be read"),
    bind("v", "pager", "all of this in $PAGER"),
)

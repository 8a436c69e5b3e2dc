"""What an agent asks to be allowed, in words."""

from foremand.v1 import foremand_pb2 as pb

from .output import counted


def left_out(question: pb.Question) -> str:
    """What nobody can see of it, for it was too long to be kept; empty where all of it is there."""
    if not question.omitted:
        return ""
    return f"{counted(question.omitted, 'character')} of it {'is' if question.omitted == 1 else 'are'} not shown"

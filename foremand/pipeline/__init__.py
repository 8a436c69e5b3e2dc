"""The pipeline file: reading it strictly, checking its rules, and what it tells agents and people."""

from foremand.pipeline import touching
from foremand.pipeline.advice import warnings, worst_case
from foremand.pipeline.check import explain, report
from foremand.pipeline.init import NoProposal, propose
from foremand.pipeline.load import load
from foremand.pipeline.problems import PipelineInvalid, Problem, nearest
from foremand.pipeline.prompts import MESSAGE_NAMES, Context, fill, follow_up, render
from foremand.pipeline.schema import schema
from foremand.pipeline.values import branch_complaints

__all__ = [
    "MESSAGE_NAMES",
    "Context",
    "NoProposal",
    "PipelineInvalid",
    "Problem",
    "branch_complaints",
    "explain",
    "fill",
    "follow_up",
    "load",
    "nearest",
    "propose",
    "render",
    "report",
    "schema",
    "touching",
    "warnings",
    "worst_case",
]

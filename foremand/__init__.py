"""foremand: a supervisor of headless coding agents."""

__version__ = "0.1.0"

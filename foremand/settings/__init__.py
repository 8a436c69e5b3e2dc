"""What the user set, and where each value came from."""

from .model import Account, Notify, SandboxMode, Settings
from .reading import Found, Setting, SettingsInvalid, read

__all__ = ["Account", "Found", "Notify", "SandboxMode", "Setting", "Settings", "SettingsInvalid", "read"]

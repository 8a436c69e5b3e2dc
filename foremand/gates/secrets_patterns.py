"""What providers' secrets look like: the patterns of detect-secrets' plugins, and of the kinds that they miss.

The plugins are asked for their patterns alone: verifying a secret, which goes over the network, is never done.
"""

import re
from collections.abc import Iterable, Iterator
from typing import cast

from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.basic_auth import BasicAuthDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.npm import NpmDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector
from msgspec import Struct

TOKEN_REST = re.compile(r"[\w+/=.~-]*")
"""What may follow where a provider's pattern stops: patterns end at the shortest length that a token has had."""

SHORTEST = 4
"""Characters of a group that is the secret itself; a shorter one is a part of a prefix."""


class Provider(Struct, frozen=True):
    """One kind and its patterns. A line without any of `needles` cannot match, which is told much faster.

    `folded`: the needles are compared without regard to case.
    """

    kind: str
    needles: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]
    folded: bool = False

    def matches(self, text: str) -> Iterator[str]:
        """The whole of each secret in `text`."""
        for pattern in self.patterns:
            for match in pattern.finditer(text):
                if match.lastindex and match.start(1) > match.start() and len(match[1]) >= SHORTEST:
                    yield match[1]
                else:
                    rest = TOKEN_REST.match(text, match.end())
                    yield match[0] + (rest[0] if rest else "").rstrip(".")


def _of(plugin: type[RegexBasedDetector], *needles: str, folded: bool = False) -> Provider:
    patterns = cast("Iterable[re.Pattern[str]]", plugin.denylist)  # a property only in the class they all come from
    return Provider(str(plugin.secret_type), needles, tuple(patterns), folded)


def _own(kind: str, needle: str, pattern: str, *, folded: bool = False) -> Provider:
    return Provider(kind, (needle,), (re.compile(pattern),), folded)


PROVIDERS: tuple[Provider, ...] = (
    _own("Anthropic API key", "sk-ant-", r"sk-ant-[a-z]+\d\d-[\w-]{32,}"),
    _own("OpenAI project key", "sk-", r"sk-(?:proj|svcacct|admin|None)-[\w-]{40,}"),
    _of(OpenAIDetector, "T3BlbkFJ"),
    Provider(
        "AWS access key",  # not where the pattern of the plugin sees it in base64 of anything
        ("AKIA", "ASIA", "ABIA", "ACCA", "A3T"),
        (re.compile(r"((?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16})(?![A-Za-z0-9+])"),),
    ),
    _own(
        "AWS secret key",  # the pattern of the plugin asks for quotes; credentials files and environments have none
        "aws",
        r"(?i:aws.{0,20}?(?:key|pwd|pw|pass|token|secret).{0,20}?[=:,(\s'\"])([0-9a-zA-Z/+]{40})(?![0-9a-zA-Z/+=])",
        folded=True,
    ),
    _own("GitHub fine-grained token", "github_pat_", r"github_pat_\w{60,}"),
    _of(GitHubTokenDetector, "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    _of(GitLabTokenDetector, "gl", "GR1348941"),
    _own("Google API key", "AIza", r"AIza[\w-]{35}(?![\w-])"),
    _own("Google OAuth secret", "GOCSPX-", r"GOCSPX-[\w-]{28}"),
    _own("Slack app token", "xapp-", r"xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+"),
    _of(SlackDetector, "xox", "hooks.slack.com", folded=True),
    _of(StripeDetector, "k_live_"),
    _own("npm token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    _of(NpmDetector, ":_authToken="),
    _of(PypiTokenDetector, "pypi-"),
    _own("Hugging Face token", "hf_", r"(?<!\w)hf_[A-Za-z0-9]{34}"),
    _own("DigitalOcean token", "_v1_", r"do[opr]_v1_[a-f0-9]{64}"),
    _own("Docker token", "dckr_", r"dckr_[a-z]+_[\w-]{24,}"),
    _own("HashiCorp Vault token", "hv", r"(?<!\w)hv[bs]\.[\w-]{24,}"),
    _own("age secret key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{58}"),
    _own("Shopify token", "shp", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    _own("Groq API key", "gsk_", r"(?<!\w)gsk_[A-Za-z0-9]{52}"),
    _own("xAI API key", "xai-", r"xai-[A-Za-z0-9]{70,}"),
    _own("JSON Web Token", "eyJ", r"eyJ[\w-]{10,400}\.eyJ[\w-]{10,}\.[\w-]{16,}"),
    _of(SendGridDetector, "SG."),
    _of(AzureStorageKeyDetector, "AccountKey="),
    _own("Artifactory token", "AKC", r"(?<!\w)AKC[a-zA-Z0-9]{20,}"),  # the plugin takes words like APACHE2LICENSE
    _of(DiscordBotTokenDetector, "."),
    _of(MailchimpDetector, "-us"),
    _of(SquareOAuthDetector, "sq0csp-"),
    _of(TelegramBotTokenDetector, ":"),
    _of(TwilioKeyDetector, "AC", "SK"),
    _own(
        "bearer token",
        "authorization",
        r"(?i:authorization['\"]?\s*[:=,]\s*['\"]?(?:bearer|token|basic)\s+)([\w+/=.~-]{20,})",
        folded=True,
    ),
    _of(BasicAuthDetector, "://"),
    _own("password in a URL", "://:", r"://:([^:/?#\[\]@!$&'()*+,;=\s]{8,})@"),  # no user: as those of Redis
)
"""In the order in which they are believed: of two that see the same text, the first one names it."""

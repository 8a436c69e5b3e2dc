"""What a Claude Code attempt has used: each message counted once, each dollar once.

Counting is easy to get wrong here, all of it measured with 2.1.330:
- One API message comes as several lines which all repeat its usage: counted by message id.
- `output_tokens` is a placeholder until the message's `message_delta`, which subagents' messages never show.
- `total_cost_usd` runs on over the results of a process and over `--resume`; what a killed process spent is not
  in it. `model_usage_since_last_result` is the difference, made by the CLI itself; subagents are in it.
- An attempt that ends without a result never says what it cost. Its tokens are known, its cost is not: then
  there is an upper bound, by list prices.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

from foremand.agents.port import Usage
from foremand.core import spec

Count = Annotated[int, Meta(ge=0, le=10**12)]
Dollars = Annotated[float, Meta(ge=0, le=1e9)]
"""Numbers from the stream. Nothing there may take back what was spent, or be too big to be stored."""

OPEN_MESSAGES = 64
"""Messages whose lines may still come. More than subagents can run in parallel; older ones are closed for good."""

SYNTHETIC = "<synthetic>"
"""The model's name in messages that the CLI itself writes: no turn, no tokens."""


class Price(Struct, frozen=True):
    """US dollars for a million tokens; `written` is the dearest way of writing the cache (one hour)."""

    fresh: float
    written: float
    cached: float
    output: float

    def of(self, fresh: int, written: int, cached: int, output: int) -> float:
        """US dollars for so many tokens."""
        return (fresh * self.fresh + written * self.written + cached * self.cached + output * self.output) / 1e6


HIGHEST = Price(30.0, 60.0, 3.0, 150.0)
"""The highest list price that Claude Code 2.1.330 knows (its fast mode): the bound for any unlisted model."""

FAMILIES = (
    ("claude-haiku-4", Price(1.0, 2.0, 0.1, 5.0)),
    ("claude-sonnet-4", Price(6.0, 12.0, 0.6, 22.5)),  # with a prompt of more than 200,000 tokens
)
"""Published list prices of models that are bounded far below `HIGHEST`, by the beginning of their names."""


def price_of(model: str, known: spec.Price | None) -> Price:
    """What is `known`, else the price that is certainly not below what this model costs."""
    if known is not None:
        return Price(known.input, known.written, known.cached, known.output)
    return next((price for name, price in FAMILIES if model.startswith(name)), HIGHEST)


class Tokens(Struct, frozen=True):
    """One message's tokens as the API reports them."""

    input_tokens: Count = 0
    cache_creation_input_tokens: Count = 0
    cache_read_input_tokens: Count = 0
    output_tokens: Count = 0


class Message(Struct):
    """One API message as far as its lines have come. `seen` counts bytes of output: no fewer than its tokens."""

    model: str
    fresh: int = 0
    written: int = 0
    cached: int = 0
    output: int = 0
    streamed: int = 0
    seen: int = 0
    final: bool = False

    def take(self, tokens: Tokens) -> None:
        """Repeated usage of one message never counts twice: the larger one is the later one."""
        self.fresh = max(self.fresh, tokens.input_tokens)
        self.written = max(self.written, tokens.cache_creation_input_tokens)
        self.cached = max(self.cached, tokens.cache_read_input_tokens)
        self.output = max(self.output, tokens.output_tokens)

    @property
    def tokens(self) -> int:
        """All its tokens, so far as they are known."""
        return self.fresh + self.written + self.cached + self.output

    def bound_usd(self, known: spec.Price | None) -> float:
        """What it cost at most."""
        output = self.output if self.final else max(self.output, self.streamed, self.seen)
        return price_of(self.model, known).of(self.fresh, self.written, self.cached, output)


class ModelUsage(Struct, frozen=True, rename="camel"):
    """One model's part in `model_usage_since_last_result`."""

    input_tokens: Count = 0
    output_tokens: Count = 0
    cache_read_input_tokens: Count = 0
    cache_creation_input_tokens: Count = 0
    cost_usd: Dollars = field(default=0.0, name="costUSD")

    @property
    def tokens(self) -> int:
        """All its tokens."""
        return self.input_tokens + self.output_tokens + self.cache_read_input_tokens + self.cache_creation_input_tokens

    def usd(self, known: spec.Price | None) -> float:
        """What they cost: by the price that is known, else as the CLI says."""
        if known is None:
            return self.cost_usd
        fresh, written = self.input_tokens, self.cache_creation_input_tokens
        return price_of("", known).of(fresh, written, self.cache_read_input_tokens, self.output_tokens)


class Ledger(Struct):
    """The attempt's account: what results have settled, and the messages since the last of them.

    With a `price` all is counted by that, and what the CLI says it cost by none of it.
    """

    price: spec.Price | None = None
    session_usd: float = 0.0
    """The CLI's own running total for the session."""
    settled: bool = False
    """Whether a result has come and nothing after it: only then is the cost known."""
    settled_usd: float = 0.0
    settled_tokens: int = 0
    closed_usd: float = 0.0
    closed_tokens: int = 0
    turns: int = 0
    last: str = ""
    open: dict[str, Message] = field(default_factory=dict)

    def message(self, name: str, model: str, *, main: bool) -> Message | None:
        """The message with this id, `name`; it is opened when it is new. None for what the CLI itself wrote."""
        known = self.open.get(name)
        if known is not None:
            return known
        if model == SYNTHETIC or not name:
            return None
        if len(self.open) >= OPEN_MESSAGES:
            oldest = self.open.pop(next(iter(self.open)))
            self.closed_usd += oldest.bound_usd(self.price)
            self.closed_tokens += oldest.tokens
        self.settled = False
        self.turns += main
        self.last = name
        return self.open.setdefault(name, Message(model))

    def settle(self, total_usd: float, since: dict[str, ModelUsage] | None) -> None:
        """A result accounts for everything since the one before it."""
        if since is None and self.price is not None:
            cost, tokens = self._unsettled_usd, 0
        elif since is None:  # a CLI that does not tell: the difference, unless its total began anew
            cost = total_usd - self.session_usd if total_usd >= self.session_usd else total_usd
            tokens = 0
        else:
            cost = sum(model.usd(self.price) for model in since.values())
            tokens = sum(model.tokens for model in since.values())
        self.settled_usd += cost
        self.settled_tokens += max(tokens, self._unsettled_tokens)
        self.session_usd = total_usd
        self.settled = True
        self.open.clear()
        self.closed_usd, self.closed_tokens = 0.0, 0

    @property
    def _unsettled_tokens(self) -> int:
        return self.closed_tokens + sum(message.tokens for message in self.open.values())

    @property
    def _unsettled_usd(self) -> float:
        return self.closed_usd + sum(message.bound_usd(self.price) for message in self.open.values())

    def usage(self) -> Usage:
        """The account as it stands."""
        return Usage(
            cost_usd=self.settled_usd if self.settled else None,
            tokens=self.settled_tokens + self._unsettled_tokens,
            turns=self.turns,
            estimate_usd=self.settled_usd + self._unsettled_usd,
        )

"""One request to an OpenAI-compatible endpoint, tried again where that can help.

The standard library speaks it: one POST of JSON, no streaming, no pool of connections that would
matter beside the seconds an answer takes. Nothing is redirected, since a key must not follow.
"""

from __future__ import annotations

import email.utils
import json
import os
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException, IncompleteRead
from typing import TYPE_CHECKING, Any

from refinery.errors import ConfigError, Problem, RefineryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from refinery.labelling.config import LabellerConfig

_MOST_BYTES = 4 * 2**20
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 60.0
# Without a limit, an endpoint's word could stop a run for a day.
_LONGEST_RETRY_AFTER_SECONDS = 600.0


class UnreachableError(RefineryError):
    """The endpoint did not answer, however often it was asked."""


class RefusedError(RefineryError):
    """The endpoint does not take this request, and would not the next time."""


class StoppedError(RefineryError):
    """Somebody asked to stop while a request waited for its turn."""


@dataclass(frozen=True)
class Reply:
    """What an endpoint said, and the tokens it counted (None where it counts none)."""

    text: str
    input_tokens: int | None
    output_tokens: int | None


class RateLimiter:
    """Starts no more than so many requests a minute, evenly spaced, from any number of threads."""

    def __init__(self, per_minute: float) -> None:
        self._interval = 60.0 / per_minute
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self, stop: threading.Event) -> None:
        """Returns when it is this request's turn, or `stop` is set."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._interval
        stop.wait(turn - now)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class ChatClient:
    """Asks one model of one endpoint.

    Parameters
    ----------
    config : LabellerConfig
        The endpoint, the model, limits and time-outs.

    Raises
    ------
    ConfigError
        If the environment variable that should hold the key is not set.
    """

    def __init__(self, config: LabellerConfig) -> None:
        self._config = config
        self._url = f"{str(config.endpoint).rstrip('/')}/chat/completions"
        self._limiter = RateLimiter(config.requests_per_minute)
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._headers = {"Content-Type": "application/json", "User-Agent": "refinery"}
        if config.api_key_env is not None:
            key = os.environ.get(config.api_key_env)
            if not key:
                message = f"the environment variable {config.api_key_env} is not set"
                raise ConfigError(config.name, [Problem(0, 0, "api_key_env", message)])
            self._headers["Authorization"] = f"Bearer {key}"
        self.stop = threading.Event()
        self.requests = 0

    def ask(self, messages: Sequence[dict[str, str]]) -> Reply:
        """The model's reply to a conversation.

        Raises
        ------
        UnreachableError
            After all retries of 429, 5xx, a broken connection or a time-out.
        RefusedError
            For any other status but 401, 403 and 404, or a body that is no reply.
        ConfigError
            For 401, 403 and 404: the key, the model or the address is wrong for every document.
        StoppedError
            If `stop` was set meanwhile.
        """
        body = {
            "model": self._config.model,
            "messages": list(messages),
            "temperature": 0,
            "max_tokens": self._config.max_tokens,
        }
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked by the config
            self._url, json.dumps(body).encode(), self._headers, method="POST"
        )
        problem = ""
        for attempt in range(self._config.retries + 1):
            self._limiter.wait(self.stop)
            if self.stop.is_set():
                raise StoppedError
            wait = min(_FIRST_WAIT_SECONDS * 2**attempt, _LONGEST_WAIT_SECONDS)
            try:
                return self._once(request)
            except urllib.error.HTTPError as error:
                with error:
                    problem, wait = self._refusal(error, wait)
            except (OSError, HTTPException) as error:
                problem = str(error) or type(error).__name__
            if attempt < self._config.retries:
                self.stop.wait(wait)
        message = f"{self._url}: no answer after {self._config.retries + 1} requests: {problem}"
        raise UnreachableError(message)

    def _once(self, request: urllib.request.Request) -> Reply:
        self.requests += 1
        with self._opener.open(request, timeout=self._config.timeout_seconds) as response:
            body = response.read(_MOST_BYTES + 1)
            left = response.length
        if len(body) > _MOST_BYTES:
            message = f"{self._url}: the reply is larger than {_MOST_BYTES} bytes"
            raise RefusedError(message)
        if left:
            # A read with a limit ends silently where the connection does.
            raise IncompleteRead(body, left)
        return _reply(body, self._url)

    def _refusal(self, error: urllib.error.HTTPError, wait: float) -> tuple[str, float]:
        """What to say and how long to wait, where another request may help."""
        said = error.read(300).decode("utf-8", "replace").strip()
        problem = f"HTTP {error.code} {error.reason}{': ' + said if said else ''}"
        if error.code == 429 or error.code >= 500:
            return problem, _retry_after(error.headers.get("Retry-After"), wait)
        if error.code in (401, 403, 404):
            message = f"{self._url}: {problem}"
            raise ConfigError(self._config.name, [Problem(0, 0, "endpoint", message)])
        raise RefusedError(problem)


def _retry_after(value: str | None, wait: float) -> float:
    """Seconds that an endpoint asks to wait: a number, or the time when it will be ready."""
    if value is None:
        return wait
    try:
        asked = float(value)
    except ValueError:
        try:
            asked = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return wait
    return min(max(asked, 0.0), _LONGEST_RETRY_AFTER_SECONDS)


def _reply(body: bytes, url: str) -> Reply:
    try:
        found = json.loads(body)
        text = found["choices"][0]["message"]["content"]
        usage = found.get("usage") or {}
    except (ValueError, LookupError, TypeError, AttributeError):
        message = f"{url}: not a chat completion: {body[:200]!r}"
        raise RefusedError(message) from None
    if not isinstance(text, str):
        text = ""  # a model that says nothing, or calls a tool
    return Reply(text, _count(usage, "prompt_tokens"), _count(usage, "completion_tokens"))


def _count(usage: Any, key: str) -> int | None:
    value = usage.get(key) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and value >= 0 else None

"""One look at one port: does something answer? A look never raises for what the other side does."""

from __future__ import annotations

import asyncio
import errno

import aiohttp

from novita_operator import __version__
from novita_operator.egress.names import NoAddress
from novita_operator.egress.resolver import Finds, Resolver
from novita_operator.probes.targets import Target

# Novita's proxy answers 502 until the program listens; 401, 403 and 404 are answers of a program that does.
_FIRST_SERVER_ERROR = 500
# Of the answer only the status line counts. The reader takes at most twice so much before it waits for somebody to
# read it, and nobody does.
_READ_BYTES = 1024
_HEADERS = {"User-Agent": f"novita-operator/{__version__}", "Accept": "*/*"}
_WORDS = {
    errno.ECONNREFUSED: "refuses the connection",
    errno.ECONNRESET: "closes the connection at once",
    errno.EHOSTUNREACH: "cannot be reached from here",
    errno.ENETUNREACH: "cannot be reached from here",
}


class PortProber:
    """Looks at ports. It sends no credentials, keeps no cookies, follows no redirects and obeys no proxy settings.

    Certificates are not checked, as the kubelet does not check them: nothing secret is sent and nothing is believed
    but that somebody answers.
    """

    def __init__(self, names: Finds) -> None:
        self._names = names
        self._session: aiohttp.ClientSession | None = None

    async def probe(self, target: Target, seconds: float) -> str | None:
        """None if the port answers within so many seconds; else why not, to complete "port 22 (…) …"."""
        try:
            async with asyncio.timeout(seconds):
                return await (self._connect(target) if target.url is None else self._ask(target.url, target.place.host))
        except NoAddress as error:
            return str(error)
        except TimeoutError:
            return f"does not answer within {seconds:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return _said(error)

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _connect(self, target: Target) -> None:
        """Any of the addresses will do, as for any client that takes them in turn."""
        addresses = await self._names.find(target.place.host)
        for last, address in enumerate(addresses, 1 - len(addresses)):
            try:
                _, writer = await asyncio.open_connection(address, target.place.port)
            except OSError:
                if not last:
                    raise
                continue
            # At once and without a farewell: an ssh server would wait for one.
            writer.transport.abort()
            return

    async def _ask(self, url: str, host: str) -> str | None:
        # Checked before: aiohttp asks its resolver for names only, and not for addresses.
        await self._names.find(host)
        async with self._opened().get(url, allow_redirects=False) as answer:
            return None if answer.status < _FIRST_SERVER_ERROR else f"answers {answer.status}"

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=Resolver(self._names), ssl=False, force_close=True, limit=0, use_dns_cache=False
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=_HEADERS,
                trust_env=False,
                auto_decompress=False,
                read_bufsize=_READ_BYTES,
                # The caller's timeout is around everything.
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._session


def _said(error: Exception) -> str:
    """What happened, in words that are the same each time: they decide whether there is something new to tell."""
    inner = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(inner, NoAddress):
        return str(inner)
    number = inner.errno if isinstance(inner, OSError) else None
    if number in _WORDS:
        return _WORDS[number]
    if isinstance(inner, aiohttp.ServerDisconnectedError):
        return "closes the connection at once"
    return f"cannot be asked ({type(inner).__name__})"

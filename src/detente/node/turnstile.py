"""How often one may try to come in: what fails is counted, and only who failed waits.

A passkey or a code cannot be guessed, so this is against cost and noise, and must not become
a way to keep people out. What names no key or link known here is counted for its address;
what names a person's is counted for that person at that address. So neither strangers who share
the office's address nor strangers elsewhere make anybody of the office wait, and who waits does
so for seconds.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from math import ceil
from threading import Lock

from detente.errors import InputError

FAILURES_AT_ONCE = 10
ONE_MORE_AFTER_S = 6.0
COUNTED_MAX = 10_000
_PREFIX_BITS = 64  # what one caller of IPv6 usually has


class TooOften(InputError):
    """Tried too often in vain.

    Args:
        wait_s: seconds until one more try is taken.
    """

    def __init__(self, wait_s: int) -> None:
        super().__init__(
            "too many tries came to nothing", remedy=f"Wait {wait_s} seconds and try once more"
        )
        self.wait_s = wait_s


class Turnstile:
    """Counts tries that came to nothing. Safe for threads; a new process begins anew.

    Args:
        now: the clock.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = Lock()
        # (address, person) -> failures that are not forgiven yet, and when that was so.
        self._counted: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    @contextmanager
    def trying(self, address: str, person: str) -> Iterator[None]:
        """Let one try through; it counts where it ends in an InputError.

        Args:
            address: where it comes from; "" where that is not known.
            person: id of the person whose key, link or code it names; "" for nobody's.

        Raises:
            TooOften: wait first.
        """
        key = (_caller(address), person)
        self._admit(key)
        try:
            yield
        except InputError:
            self._count(key)
            raise

    def _admit(self, key: tuple[str, str]) -> None:
        with self._lock:
            failures = self._failures(key)
        over = failures - (FAILURES_AT_ONCE - 1)
        if over > 0:
            raise TooOften(ceil(over * ONE_MORE_AFTER_S))

    def _count(self, key: tuple[str, str]) -> None:
        with self._lock:
            self._counted[key] = (self._failures(key) + 1, self._now().timestamp())
            self._counted.move_to_end(key)
            if len(self._counted) > COUNTED_MAX:
                self._counted.popitem(last=False)

    def _failures(self, key: tuple[str, str]) -> float:
        count, at = self._counted.get(key, (0.0, 0.0))
        gone = max(0.0, self._now().timestamp() - at)
        return max(0.0, count - gone / ONE_MORE_AFTER_S)


def _caller(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(int(found) >> (128 - _PREFIX_BITS))
    return address

"""Who stands where: what an operator wrote, held against the charter."""

import socket
from collections.abc import Mapping

from detente.charter import OutsideWitness
from detente.errors import EnvironmentFault, InputError
from detente.exchange.client import checked_url
from detente.exchange.errors import ExchangeError
from detente.exchange.server import listen
from detente.node.home import Home
from detente.proofs.chain import CharterChain
from detente.tlog import Verifier


def require_chain(home: Home) -> CharterChain:
    """Return the charter chain of the unit this node belongs to.

    Raises:
        InputError: it works alone.
    """
    chain = home.chain
    if chain is None:
        raise InputError(
            "this node belongs to no unit, so there is nobody to exchange anything with",
            file=str(home.layout.directory),
            remedy="Found or join one with `detente charter`",
        )
    return chain


def find_members(
    chain: CharterChain, named: Mapping[str, str], *, strict: bool = True
) -> dict[str, str]:
    """Return member id -> URL for what the operator named by name or id.

    Args:
        chain: of the unit.
        named: name or id -> URL.
        strict: refuse who is no member; else they are passed over, as long as they are none.

    Raises:
        InputError: nobody, or several, are called so; an address that is none.
    """
    found: dict[str, str] = {}
    for name, url in named.items():
        matching = [each.id for each in chain.latest.members if name in (each.id, each.name)]
        if not matching and not strict:
            continue
        if len(matching) != 1:
            names = ", ".join(each.name for each in chain.latest.members)
            raise InputError(f"no member is called {name!r}", remedy=f"The members are {names}")
        try:
            found[matching[0]] = checked_url(url)
        except ExchangeError as error:
            raise InputError(error.message, remedy=error.remedy) from None
    return found


def known_peers(
    chain: CharterChain, expected: Mapping[str, str], asked: Mapping[str, str], *, me: str
) -> dict[str, str]:
    """Return member id -> URL of everybody else that can be pulled.

    Args:
        chain: of the unit.
        expected: name or id -> URL as the settings have it; who is no member may become one.
        asked: the same as typed at the start, where everybody has to be one.
        me: this member.

    Raises:
        InputError: as `find_members`.
    """
    typed = {name: url for name, url in asked.items() if name not in expected}
    everybody = {**expected, **asked}
    found = find_members(chain, typed) | find_members(chain, everybody, strict=False)
    return {member: url for member, url in found.items() if member != me}


def find_witnesses(
    chain: CharterChain, named: Mapping[str, str]
) -> list[tuple[OutsideWitness, str]]:
    """Return the charter's outside witnesses that the operator gave an address, with it.

    Raises:
        InputError: a name the charter does not have; an address that is none.
    """
    witnesses = {each.name: each for each in chain.latest.witnesses}
    for name in named:
        if name not in witnesses:
            known = ", ".join(witnesses) or "none"
            raise InputError(
                f"the charter has no outside witness {name!r}", remedy=f"Its witnesses: {known}"
            )
    try:
        return [(witnesses[name], checked_url(url)) for name, url in named.items()]
    except ExchangeError as error:
        raise InputError(error.message, remedy=error.remedy) from None


def log_keys(chain: CharterChain) -> dict[str, list[Verifier]]:
    """Return the keys of every log of everybody who is or was a member, by origin."""
    found: dict[str, list[Verifier]] = {}
    everybody = {member.id: member for charter in chain.charters for member in charter.members}
    for member in everybody.values():
        history = chain.keyring.history(member.id)
        for epoch in range(1, chain.epoch_of(member.id) + 1):
            origin = f"{member.log if history is None else history.log}/{epoch}"
            found[origin] = [verifier for _key, verifier in chain.keyring.log_keys(origin)]
    return found


def open_address(text: str) -> socket.socket:
    """Return a listening socket for HOST:PORT.

    Raises:
        InputError: another form.
        EnvironmentFault: the system refused.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:  # noqa: PLR2004
        raise InputError(f"not HOST:PORT: {text[:80]!r}", remedy="For example: 127.0.0.1:8440")
    try:
        return listen(host.strip("[]"), int(port))
    except OSError as error:
        raise EnvironmentFault(
            f"cannot listen on {text}: {error.strerror}", remedy="Is another program there?"
        ) from error

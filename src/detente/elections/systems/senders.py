"""Who writes: a trusted name from an address that never had it, a stranger who writes to many.

2016: a free-mail account in the vendor's name wrote to 122 local officials. No
look-alike domain is needed for that, so no list of permutations finds it.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from detente.elections.names import fold
from detente.elections.systems.model import Finding, Letter, Sign, lines_of

_LETTERS_MIN = 3
"""Letters that make a name's domain its own."""
_DOMAINS_MAX = 2
"""A name used under more domains than these is nobody's."""
_NAME_MIN = 6
_MANY = 5
_MANY_WITHIN_S = 3_600.0
_LEARNT_MIN = 20
"""Letters a log must begin with before any sender in it is new."""


def trusted_names_elsewhere(
    letters: Sequence[Letter], known: Mapping[str, frozenset[str]] | None = None
) -> list[Finding]:
    """Letters that show a trusted name and come from a domain that never had it.

    Args:
        letters: of one log, in order of time.
        known: names the office trusts, with their domains; names the log itself
            shows often under one domain are trusted as well.
    """
    own = {fold(name): set(domains) for name, domains in (known or {}).items()}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    odd: dict[tuple[str, str], list[Letter]] = defaultdict(list)
    for letter in letters:
        name = fold(letter.display)
        if len(name) < _NAME_MIN or not letter.domain:
            continue
        trusted = own.get(name) or _trusted(counts[name])
        if trusted and not _belongs(letter.domain, trusted):
            odd[name, letter.domain].append(letter)
        else:
            counts[name][letter.domain] += 1
    return [_elsewhere(each, own.get(name) or set(counts[name])) for (name, _), each in odd.items()]


def _trusted(seen: Counter[str]) -> set[str]:
    if seen.total() < _LETTERS_MIN or len(seen) > _DOMAINS_MAX:
        return set()
    return set(seen)


def _belongs(domain: str, trusted: set[str]) -> bool:
    return any(domain == each or domain.endswith(f".{each}") for each in trusted)


def _elsewhere(letters: Sequence[Letter], trusted: set[str]) -> Finding:
    first = letters[0]
    recipients = len({letter.recipient for letter in letters})
    attachments = Counter(letter.attachment for letter in letters if letter.attachment)
    carried = f", {attachments.total()} with an attachment" if attachments else ""
    return Finding(
        sign=Sign.TRUSTED_NAME,
        start=first.at,
        end=letters[-1].at,
        lines=lines_of(letters),
        said=(
            f"{len(letters)} letters to {recipients} people show the name {first.display[:60]!r} "
            f"and come from {first.domain}, which never had it{carried}. It writes from "
            f"{', '.join(sorted(trusted)[:3])}."
        ),
        innocent="a private account used on a day off, a new mailing service.",
        settled_by="a call to that sender on a number known before; nobody opens the attachment "
        "until then.",
        sources=(first.domain,),
        attachments=tuple(each for each, _ in attachments.most_common(20)),
    )


def bulk_from_new_domains(letters: Sequence[Letter]) -> list[Finding]:
    """Domains that never wrote before and write to many within an hour.

    Args:
        letters: of one log, in order of time.
    """
    known: dict[str, int] = {}
    by_domain: dict[str, list[Letter]] = defaultdict(list)
    for number, letter in enumerate(letters):
        if letter.domain:
            known.setdefault(letter.domain, number)
            by_domain[letter.domain].append(letter)
    found = []
    for domain, each in by_domain.items():
        start = each[0].at
        early = [letter for letter in each if letter.at - start <= _MANY_WITHIN_S]
        recipients = {letter.recipient for letter in early}
        if known[domain] >= _LEARNT_MIN and len(recipients) >= _MANY:
            found.append(_many(domain, early, len(recipients)))
    return found


def _many(domain: str, letters: Sequence[Letter], recipients: int) -> Finding:
    attachments = Counter(letter.attachment for letter in letters if letter.attachment)
    shown = Counter(letter.display for letter in letters).most_common(1)[0][0]
    return Finding(
        sign=Sign.NEW_SENDER,
        start=letters[0].at,
        end=letters[-1].at,
        lines=lines_of(letters),
        said=(
            f"{domain} never wrote before, and writes as {shown[:60]!r} to {recipients} people "
            "within an hour."
        ),
        innocent="a new newsletter, a new vendor, a survey.",
        settled_by="asking one of those it wrote to whether they expected it.",
        sources=(domain,),
        attachments=tuple(each for each, _ in attachments.most_common(20)),
    )

"""What an overseer sees: the ledger, the charter and the record; never a content.

A parliament or an auditor is given a file. It holds the charter chain, which verifies
offline, what members said of their ledgers, and the header of every statement with its
commitment: so that a content shown to the overseer later can be checked against it.
"""

from base64 import b64encode
from datetime import datetime

from detente.errors import InputError
from detente.node.accounting import Accounting
from detente.node.home import Home
from detente.node.responding import Responder
from detente.response import Sort
from detente.signing import JsonValue, canonical, format_time

_LEDGERS_MAX = 1_000


def overseers_file(home: Home, responder: Responder, now: datetime) -> bytes:
    """Return the view of an overseer as one JSON document.

    Raises:
        InputError: this node belongs to no unit.
        StorageFault: the disk or the database refused.
    """
    chain = home.chain
    if chain is None:
        raise InputError("this node belongs to no unit", remedy="See `detente charter --help`")
    ledgers: list[JsonValue] = []
    for row in responder.shelf.threads(Sort.LEDGER.value, limit=_LEDGERS_MAX):
        opening = responder.read(row.id).opening
        ledgers.append(
            {
                "by": opening.author,
                "period": opening.text("period"),
                "figures": opening.body["figures"],
                "statement": responder.statement_of(row.id).get(row.id, ""),
            }
        )
    record: list[JsonValue] = [*Accounting(home, responder).record()]
    members: list[JsonValue] = [
        {"id": each.id, "name": each.name} for each in chain.charters[-1].members
    ]
    return canonical(
        {
            "chain": b64encode(chain.file.to_bytes()).decode("ascii"),
            "ledgers": ledgers,
            "made": format_time(now),
            "members": members,
            "of": home.identity.member,
            "record": record,
            "unit": chain.unit,
            "v": 1,
        }
    )

"""Statements as documents for people and machines."""

from collections.abc import Sequence

from detente.node.reading import Said
from detente.signing import format_time, parse_strict
from detente.signing.canonical import JsonValue
from detente.statements import Opening, Sealed
from detente.statements.handling import Handling


def describe_said(said: Said, redacted: Sequence[Opening] = ()) -> dict[str, JsonValue]:
    """Return one own statement as a JSON document, its content as far as it is still held.

    Args:
        said: the statement.
        redacted: what remains of an erased content.
    """
    header = said.statement.header
    document: dict[str, JsonValue] = {
        "id": said.statement.payload_hash,
        "issuer": header.issuer,
        "unit": header.unit,
        "charter": header.charter,
        "origin": said.stored.row.origin,
        "index": header.seq,
        "time": format_time(header.time),
    }
    if not isinstance(header.says, Sealed):
        return document | {"kind": header.says.kind, "body": header.says.body}
    audience = header.says.audience
    document["audience"] = audience if isinstance(audience, str) else list(audience)
    document["commitment"] = header.says.commitment
    if said.content is not None:
        leaves, withheld = list(said.content.leaves), 0
    elif redacted:
        shown = [each.leaf for opening in redacted for each in opening.shown[1:]]
        leaves = [redacted[0].shown[0].leaf, *shown]
        withheld = redacted[0].count - len(leaves)
    else:
        return document | {"kind": said.stored.row.kind, "erased": said.stored.erased}
    handling = Handling.parse(leaves[0].data)
    return document | {
        "withheld": withheld,
        "kind": handling.kind.value,
        "tlp": str(handling.tlp),
        "pap": str(handling.pap),
        "licence": handling.licence,
        "about": list(handling.about),
        "objects": [parse_strict(leaf.data) for leaf in leaves[1:]],
    }

"""JSON documents: an array of records, a wrapper around one, or objects printed over many lines."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from detente.watch.reading.errors import UnreadableLine
from detente.watch.reading.json_values import load_next
from detente.watch.reading.model import Batch, Options
from detente.watch.reading.sources import normalise, records_of
from detente.watch.reading.text import as_text

BATCH_EVENTS = 4_096


def read_document(chunks: Iterable[bytes], options: Options) -> Iterator[Batch]:
    """Yield the records of one document, numbered from 0; memory holds the document once."""
    limits = options.limits
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > limits.document_bytes:
            batch = Batch()
            reason = f"a JSON document over {limits.document_bytes} bytes; write one record a line"
            batch.set_aside(0, reason, bytes(data[: limits.kept_bytes]), limits)
            yield batch
            return
    batch = Batch()
    for at, record in enumerate(_records(bytes(data))):
        if isinstance(record, UnreadableLine):
            batch.set_aside(at, record.reason, b"", limits)
            continue
        raw = orjson.dumps(record)
        try:
            batch.add(at, normalise(record, options), raw)
        except UnreadableLine as bad:
            batch.set_aside(at, bad.reason, raw, limits)
        if len(batch.positions) >= BATCH_EVENTS:
            yield batch
            batch = Batch()
    yield batch


def _records(data: bytes) -> Iterator[dict[str, Any] | UnreadableLine]:
    """Yield every record; after what is no JSON the rest cannot be told apart, and is one error."""
    for value in _values(data):
        if isinstance(value, UnreadableLine):
            yield value
            continue
        try:
            yield from records_of(value)
        except UnreadableLine as bad:
            yield bad


def _values(data: bytes) -> Iterator[object]:
    try:
        yield orjson.loads(data)
        return
    except ValueError:
        pass  # several objects one after the other, or something wrong further on
    text, at = as_text(data), 0
    while True:
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        if at == len(text):
            return
        try:
            value, at = load_next(text, at)
        except UnreadableLine as bad:
            yield bad
            return
        yield value

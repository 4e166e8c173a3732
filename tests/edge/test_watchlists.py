"""Files of indicators as people have them: each read for what it is, nothing lost unsaid."""

import gzip
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from detente.errors import InputError
from detente.node import watchlists
from detente.node.watchlists import Watchlists, load_watchlists
from detente.watch.indicators import IndicatorMatcher

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
EVENTS = [{"src_ip": "192.0.2.7"}, {"query": "evil.example"}, {"md5": "ab" * 16}]


def indicator(number: int, pattern: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--00000000-0000-4000-8000-{number:012}",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "pattern": pattern,
        "pattern_type": "stix",
        "valid_from": "2026-01-01T00:00:00Z",
        **more,
    }


def load(*paths: Path) -> Watchlists:
    return load_watchlists(paths, now=NOW)


def lines_hit(loaded: Watchlists) -> set[int]:
    hits = IndicatorMatcher(loaded.sealed).matches(EVENTS, now=NOW.timestamp())
    return {hit.line for hit in hits}


LIST = b"# mine\n192.0.2.7\nevil[.]example  # refanged\n\n" + b"AB" * 16 + b"\nno value here\n"


def test_a_plain_list_is_read_as_it_is_packed_or_in_an_archive(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(LIST)
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(LIST))
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as pack:
        pack.writestr("inner/c.list", LIST)
    for path in tmp_path.iterdir():
        loaded = load(path)
        assert lines_hit(loaded) == {0, 1, 2}, path.name
        assert [each.what for each in loaded.refused] == ["no value here"]
    assert len(load(tmp_path).sealed) == 3


def test_a_table_names_its_values_and_may_name_their_types(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("type,value,name\nipv4-addr,192.0.2.7,x\nmd5," + "ab" * 16 + ",y\n,x y,z\n")
    loaded = load(path)
    assert lines_hit(loaded) == {0, 2}
    assert loaded.refused[0].file == "t.csv:4"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no column of values"):
        load(path)


def test_stix_keeps_ids_takes_the_newest_version_and_leaves_out_what_was_revoked(
    tmp_path: Path,
) -> None:
    objects = [
        indicator(1, "[ipv4-addr:value = '198.51.100.1']"),
        indicator(1, "[ipv4-addr:value = '192.0.2.7']", modified="2026-02-01T00:00:00.000Z"),
        indicator(2, "[domain-name:value = 'evil.example']"),
        indicator(2, "[domain-name:value = 'evil.example']", revoked=True,
                  modified="2026-03-01T00:00:00.000Z"),
        indicator(3, f"[file:hashes.MD5 = '{'ab' * 16}']", valid_until="2026-02-01T00:00:00Z"),
        indicator(4, "[url:value = 'http://a.example/' AND url:value LIKE 'h%']"),
        indicator(5, "[not a pattern"),
        indicator(6, "rule x {}", pattern_type="yara"),
        {"type": "malware", "id": "malware--1"},
    ]  # fmt: skip
    (tmp_path / "b.json").write_text(json.dumps({"type": "bundle", "objects": objects}))
    (tmp_path / "b.ndjson").write_text("\n".join(map(json.dumps, objects)))
    for name in ("b.json", "b.ndjson"):
        loaded = load(tmp_path / name)
        assert lines_hit(loaded) == {0}
        assert [each.indicator[-1] for each in loaded.patterns] == ["4"]
        assert [each.what[-1] for each in loaded.refused] == ["5", "6"]
        assert [each[-1] for each in loaded.revoked] == ["2"]


def test_an_event_of_misp_is_read_for_what_it_detects(tmp_path: Path) -> None:
    attributes = [
        {"uuid": f"00000000-0000-4000-8000-00000000000{number}", "type": kind, "value": value,
         "category": "Network activity", "to_ids": detects, "timestamp": "1767225600"}
        for number, (kind, value, detects) in enumerate(
            (("ip-dst", "192.0.2.7", True), ("domain", "evil.example", False))
        )
    ]  # fmt: skip
    event = {"Event": {"uuid": "00000000-0000-4000-8000-0000000000ff", "info": "x",
                       "date": "2026-01-01", "timestamp": "1767225600",
                       "Attribute": attributes}}  # fmt: skip
    (tmp_path / "e.json").write_text(json.dumps(event))
    assert lines_hit(load(tmp_path / "e.json")) == {0}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.json", b"{"),
        ("x.exe", b"MZ"),
        ("x.txt.gz", b"\x1f\x8bno"),
        ("x.txt.gz", gzip.compress(b"192.0.2.7\n" * 99, mtime=0)[:20] + b"\xff" * 20),
        ("x.zip", b"PK no"),
        ("x.json", b"\xff\xfe"),
    ],
)
def test_a_file_that_is_none_is_refused_by_name(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError):
        load(tmp_path / name)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "none.txt")


def test_a_bomb_stops_at_the_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchlists, "UNPACKED_BYTES_MAX", 1 << 20)
    monkeypatch.setattr(watchlists, "DOCUMENT_BYTES_MAX", 1 << 19)
    monkeypatch.setattr(watchlists, "BLOCK_BYTES", 1 << 16)
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"a\n" * (1 << 20)))
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(b" " * (1 << 20)))
    for name in ("b.txt.gz", "b.json.gz"):
        with pytest.raises(InputError, match="more than"):
            load(tmp_path / name)

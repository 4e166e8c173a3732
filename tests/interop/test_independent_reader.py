"""The independent reader: what docs/trust.md says, read by a program that shares no code with us.

A tiny second verifier, written from the page alone. It runs the command line as others would and
then only reads files: nothing here imports `detente`, so a mistake that our own reader and
writer share is seen.
"""

import ast
import json
import sqlite3
import subprocess
import sys
from base64 import b64decode
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

HEADER = ["audience", "charter", "ciphertext", "commitment", "epoch", "issuer", "seq", "size"]
HEADER += ["time", "unit", "v", "wraps"]
ROWS = "type,value\n" + "".join(f"ipv4-addr,192.0.2.{n}\n" for n in range(1, 6))


def detente(*words):
    command = [sys.executable, "-m", "detente", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout else {}


def sha(*parts):
    return sha256(b"".join(parts)).digest()


def canonical(value):
    # RFC 8785 where all keys and texts are ASCII and all numbers whole.
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def climb(leaf, index, size, path):
    """Return the root that a path leads to (RFC 9162, 2.1.3.2)."""
    fn, sn, root = index, size - 1, leaf
    for sibling in path:
        assert sn > 0
        if fn & 1 or fn == sn:
            root = sha(b"\x01", sibling, root)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = sha(b"\x01", root, sibling)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return root


def padme(size):
    exponent = size.bit_length() - 1
    mask = (1 << exponent - exponent.bit_length()) - 1
    return size + mask & ~mask


class Said:
    """A receipt, its entry and its header, taken apart; every step is compared."""

    def __init__(self, receipt, charter):
        head, note = receipt.split(b"\n\n", 1)
        version, extra, index, *path = head.split(b"\n")
        assert version == b"c2sp.org/tlog-proof@v1"
        self.entry = b64decode(extra.removeprefix(b"extra "), validate=True)
        self.index = int(index.removeprefix(b"index "))
        self.path = [b64decode(each, validate=True) for each in path]
        self.note, self.charter = note, json.loads(charter)
        envelope = json.loads(self.entry)
        self.payload = b64decode(envelope["payload"], validate=True)
        self.header, self.type = json.loads(self.payload), envelope["payloadType"]
        self.signature = envelope["signatures"][0]
        assert canonical(envelope) == self.entry
        assert len(self.entry) <= 65_535
        assert canonical(self.header) == self.payload
        assert len(envelope["signatures"]) == 1
        (self.issuer,) = (m for m in self.charter["members"] if m["id"] == self.header["issuer"])
        self.key = bytes.fromhex(self.issuer["keys"]["statement"])

    def verify_signature(self, payload):
        kind = self.type.encode()
        pae = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
        VerifyKey(self.key).verify(pae, b64decode(self.signature["sig"], validate=True))

    def verify_log(self):
        origin, size, root = self.note.split(b"\n\n")[0].decode().split("\n")
        assert origin == f"{self.issuer['log']}/{self.header['epoch']}"
        leaf = sha(b"\x00", self.entry)
        assert climb(leaf, self.index, int(size), self.path) == b64decode(root, validate=True)
        text, lines = self.note.split(b"\n\n")
        key = bytes.fromhex(self.issuer["keys"]["log"])
        key_id = sha(origin.encode(), b"\n\x01", key)[:4]
        signed = [b64decode(line.rsplit(b" ", 1)[1]) for line in lines.splitlines()]
        (own,) = (each[4:] for each in signed if each[:4] == key_id)
        VerifyKey(key).verify(text + b"\n", own)

    def commitment(self, opening):
        place = [bytes.fromhex(self.header[name]) for name in ("unit", "issuer")]
        numbers = (self.header["epoch"], self.header["seq"], opening["count"])
        salt, root = b64decode(opening["salt"]), b64decode(opening["root"])
        u64 = [number.to_bytes(8, "big") for number in numbers]
        return sha(b"detente commitment v1", salt, *place, *u64, root).hex()


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    """Found a unit of two, say five things at once twice, and erase one of the first five."""
    place: Path = tmp_path_factory.mktemp("unit")
    offer, table, nodes = place / "offer", place / "rows.csv", (place / "a", place / "b")
    table.write_text(ROWS)
    for node, name in zip(nodes, ("Aurel", "Borea"), strict=True):
        detente("init", node, "--name", name)
        detente("charter", "card", "--node", node, "--out", f"{node}.card")
    cards, votes = [f"{node}.card" for node in nodes], [f"{node}.yes" for node in nodes]
    detente("charter", "found", *cards, "--name", "Unit", "--out", offer)
    for node, vote in zip(nodes, votes, strict=True):
        detente("charter", "vote", offer, "--node", node, "--out", vote)
    detente("charter", "apply", offer, *votes, "--node", nodes[0])
    first, second = (detente("statement", "publish", table, "--node", nodes[0]) for _ in range(2))
    erased = first["objects"][2]
    detente("statement", "erase", first["id"], "--object", erased, "--yes", "--node", nodes[0])
    said = {}
    for name, done in (("opened", first), ("sealed", second)):
        detente("receipt", "make", done["id"], "--node", nodes[0], "--out", place / name)
        said[name] = Said((place / name).read_bytes(), offer.read_bytes())
        assert sha(said[name].payload).hex() == done["id"]
    (copy,) = (nodes[0] / "redacted" / first["id"]).iterdir()
    return nodes[0], said, offer.read_bytes(), json.loads(copy.read_bytes())


def test_this_reader_shares_no_code_with_what_it_reads():
    tree = ast.parse(Path(__file__).read_text(encoding="utf-8"))
    names = [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    names += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    assert not [name for name in names if name.startswith(("detente", "tests"))]


def test_unit_and_member_ids_are_the_hashes_that_the_page_names(unit):
    _, said, offer, _ = unit
    assert said["sealed"].header["unit"] == said["sealed"].header["charter"] == sha(offer).hex()
    for member in json.loads(offer)["members"]:
        key, nonce = bytes.fromhex(member["keys"]["governance"]), bytes.fromhex(member["nonce"])
        assert member["id"] == sha(key, nonce).hex()


@pytest.mark.parametrize("which", ["opened", "sealed"])
def test_the_envelope_is_signed_by_the_statement_key_over_its_payload(unit, which):
    said = unit[1][which]
    assert said.type == "application/vnd.detente.statement.v1+json"
    assert said.signature["keyid"] == sha(said.key).hex()
    said.verify_signature(said.payload)
    with pytest.raises(BadSignatureError):
        said.verify_signature(said.payload.replace(b'"seq":', b'"seq":1'))


@pytest.mark.parametrize("which", ["opened", "sealed"])
def test_the_header_names_its_place_and_the_log_holds_it_there(unit, which):
    said = unit[1][which]
    assert list(said.header) == HEADER
    assert (said.header["v"], said.header["audience"]) == (1, "unit")
    assert said.header["seq"] == said.index
    said.verify_log()


def test_what_is_sealed_lies_under_the_hashes_of_the_header(unit):
    node, header = unit[0], unit[1]["sealed"].header
    with closing(sqlite3.connect(node / "state.sqlite")) as reading:
        rows = reading.execute("SELECT digest, data FROM small_blob").fetchall()
    blobs = {digest.hex(): data for digest, data in rows}
    ciphertext, (wrap,) = blobs[header["ciphertext"]], header["wraps"]
    assert sha(ciphertext).hex() == header["ciphertext"]
    assert sha(blobs[wrap]).hex() == wrap
    assert header["size"] == padme(header["size"])
    assert len(ciphertext) == header["size"] + 16 * -(-header["size"] // 65_536)


def test_a_redacted_copy_opens_the_commitment_at_its_place_and_nowhere_else(unit):
    _, said, _, opening = unit
    assert said["opened"].commitment(opening) == said["opened"].header["commitment"]
    assert said["sealed"].commitment(opening) != said["opened"].header["commitment"]


def test_every_shown_leaf_leads_to_the_root_and_the_erased_one_is_not_there(unit):
    opening = unit[3]
    assert [leaf["index"] for leaf in opening["leaves"]] == [0, 1, 2, 4, 5]
    for leaf in opening["leaves"]:
        salt, data = b64decode(leaf["salt"]), b64decode(leaf["object"])
        path = [b64decode(each) for each in leaf["path"]]
        root = climb(sha(b"\x00", salt, data), leaf["index"], opening["count"], path)
        assert root == b64decode(opening["root"])
    assert json.loads(b64decode(opening["leaves"][0]["object"]))["count"] == opening["count"] - 1

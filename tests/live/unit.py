"""The stage of the live rows: two honest nodes, one hostile, two outside witnesses, real sockets.

The honest nodes run the shipped program, unmodified. The hostile one is a script with
its own real, admitted keys: it shows whatever bytes it likes, to each of the others
something else if it wants to. Every row asserts at the honest nodes, never at the liar.
"""

import gzip
import json
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from base64 import b64encode
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_bytes

from detente.charter import AssetKind, KeySlot, OutsideWitness, RegisteredAsset
from detente.exchange.protocol.paths import blob_path, checkpoint_path, cosigned_path, tile_path
from detente.node.author import ClearDraft
from detente.node.clock import now
from detente.node.cosigning import growth_request
from detente.node.exercise.outsider import witness_signers
from detente.node.home import Home
from detente.node.integration import signed_checkpoint
from detente.node.speaking import make_author, own_log
from detente.signing import Envelope, Role, canonical, key_id, pae, parse_canonical
from detente.statements import Clear, Kind, Pap, Tlp
from detente.statements.handling import Handling
from detente.statements.stix import encode_object, identity_of
from detente.tlog import (
    Checkpoint,
    Frontier,
    SignedNote,
    leaf_hash,
    new_bundles,
    pack_entries,
)
from tests.edge.running_nodes import START_S, Node, eventually, found_unit, free_port

HONEST = ("Aurel", "Borea")
HOSTILE = "Cantor"
OUTSIDERS = ("witness-one.example", "witness-two.example")


class Face:
    """What the hostile node shows to one of the others, by path; changed at will.

    Attributes:
        files: path (without the first slash) -> bytes, or a function that answers a request.
        asked: every path that was asked for.
    """

    def __init__(self):
        self.files = {"hints": self._stream}
        self.asked = []
        self._grown = threading.Condition()
        self._closed = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def hint(self):
        """Say to whoever listens that something grew."""
        with self._grown:
            self._grown.notify_all()

    def _stream(self, handler):
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("connection", "close")
        handler.end_headers()
        while not self._closed:
            try:
                handler.wfile.write(b'event: checkpoint\ndata: {"origin":"x","size":1}\n\n')
            except OSError:
                return
            with self._grown:
                self._grown.wait(timeout=5)

    def forget(self):
        """Show nothing any more."""
        self.files = {"hints": self._stream}

    def close(self):
        self._closed = True
        self.hint()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _handler(face):  # noqa: N805 - the handler has a self of its own
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path = self.path.partition("?")[0].lstrip("/")
                face.asked.append(path)
                found = face.files.get(path)
                if callable(found):
                    found(self)
                    return
                self.send_response(404 if found is None else 200)
                self.send_header("content-length", str(len(found or b"")))
                self.end_headers()
                self.wfile.write(found or b"")

            def log_message(self, *_words):
                pass

        return Handler


def gzipped(data, *, claim=None):
    """Return a route that answers with gzip, unasked."""

    def answer(handler):
        packed = data if claim else gzip.compress(data)
        handler.send_response(200)
        handler.send_header("content-encoding", "gzip")
        handler.send_header("content-length", str(len(packed)))
        handler.end_headers()
        handler.wfile.write(packed)

    return answer


class Liar:
    """The hostile member: its open home with real keys, and its faces towards the others."""

    def __init__(self, home, charter, faces):
        self.home = home
        self.charter = charter
        self.faces = faces
        self.log = own_log(home)
        self.origin = self.log.origin
        self.member = home.identity.member
        self.entries = []
        self.cosigned = {}

    @property
    def next(self):
        """The place at which the log goes on, as everybody was shown it so far."""
        return len(self.entries)

    def say(self, *makers):
        """Let the log go on with what is made for its next places; return the first of them."""
        first = self.next
        for make in makers:
            self.entries.append(make(self.next) if callable(make) else make)
        self.show_log(self.entries)
        return first

    def entry(self, seq, address="203.0.113.1", *, tlp=Tlp.AMBER, to="unit", epoch=1, count=1):
        """Sign a warning at any place of the log; its content is kept for the faces."""
        objects = [indicator(self.member, f"{address[:-1]}{number}") for number in range(count)]
        return self.entry_of(seq, objects, tlp=tlp, to=to, epoch=epoch)

    def entry_of(self, seq, objects, *, tlp=Tlp.AMBER, to="unit", epoch=1, charter=None):
        handling = Handling(
            kind=Kind.INDICATOR, tlp=tlp, pap=Pap.AMBER, licence="CC0-1.0", count=len(objects)
        )
        author = make_author(self.home, charter or self.charter, now)
        draft = author.draft(objects, handling, to)
        return author.sign(draft, epoch, seq).to_bytes()

    def clear_entry(self, seq, kind, body, *, epoch=1):
        author = make_author(self.home, self.charter, now)
        return author.sign(ClearDraft(Clear.of(kind, body)), epoch, seq).to_bytes()

    def resigned(self, entry, changes):
        """Sign the header of an entry anew, with some of its members changed."""
        return self.enveloped(canonical(parse_canonical(Envelope.parse(entry).payload) | changes))

    def enveloped(self, payload):
        """Sign any bytes at all as a statement, with the real key."""
        signer = self.home.signer(KeySlot.STATEMENT)
        kind = Role.STATEMENT.payload_type
        signature = {
            "keyid": key_id(signer.public_key),
            "sig": b64encode(signer.sign(pae(kind, payload))).decode(),
        }
        body = b64encode(payload).decode()
        return canonical({"payload": body, "payloadType": kind, "signatures": [signature]})

    def view(self, entries, *, timestamp=None):
        """Return a whole log of these entries, signed with the real keys: path -> bytes."""
        growth = Frontier().append([leaf_hash(entry) for entry in entries])
        files = {tile_path(self.origin, path): data for path, data in growth.tiles}
        for path in new_bundles(0, len(entries)):
            some = entries[path.index * 256 : path.index * 256 + path.width]
            files[tile_path(self.origin, path)] = pack_entries(some)
        checkpoint = Checkpoint(self.origin, len(entries), growth.frontier.root)
        files[checkpoint_path(self.origin)] = self.note(checkpoint, timestamp)
        return files

    def note(self, checkpoint, timestamp=None):
        moment = timestamp or int(now().timestamp())
        return signed_checkpoint(checkpoint, self.log.signers, timestamp=moment)

    def contents(self):
        """Return every ciphertext and wrap that was made so far: path -> bytes."""
        blobs = self.home.blobs
        return {blob_path(digest): blobs.get(digest) for digest in blobs.digests()}

    def show(self, files, *, to=None):
        """Show files to everybody, or to one of the others."""
        for name, face in self.faces.items():
            if to in (None, name):
                face.files.update(files)
                face.hint()

    def witnessed(self, witnesses):
        """Let the outside witnesses cosign the log as it is; return the note with their lines."""
        files = self.view(self.entries)
        signed = SignedNote.parse(files[checkpoint_path(self.origin)])
        checkpoint = Checkpoint.parse(signed.text)
        shown = Shown(self.origin, files)
        lines = []
        for name, url in witnesses.items():
            body = growth_request(signed, checkpoint, shown, self.cosigned.get(name, 0))
            asked = urllib.request.Request(f"{url}/add-checkpoint", data=body)
            with urllib.request.urlopen(asked, timeout=10) as answer:
                lines += SignedNote.parse(signed.text.encode() + b"\n" + answer.read()).lines
            self.cosigned[name] = checkpoint.size
        return signed.with_lines(lines).to_bytes()

    def show_log(self, entries, *, to=None):
        self.show(self.view(entries) | self.contents(), to=to)


@dataclass
class Shown:
    """The files of a log, as a store for reading."""

    origin: str
    files: dict

    def read(self, path):
        return self.files.get(tile_path(self.origin, path))


def indicator(member, address):
    """Return the bytes of a plain indicator for one address."""
    moment = now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    raw = token_bytes(16).hex()
    made = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}",
        "created_by_ref": identity_of(member),
        "created": moment,
        "modified": moment,
        "valid_from": moment,
        "pattern": f"[ipv4-addr:value = '{address}']",
        "pattern_type": "stix",
        "indicator_types": ["malicious-activity"],
    }
    return encode_object(made).raw


@dataclass
class Unit:
    """The stage of one row.

    Attributes:
        honest: the honest nodes by name.
        liar: the hostile member.
        charter: version 1.
        witnesses: name -> URL of the outside witnesses.
    """

    honest: dict
    liar: Liar
    charter: object
    witnesses: dict

    @property
    def nodes(self):
        return list(self.honest.values())

    def begin_row(self):
        """Show the whole of the hostile log, as it grew so far, to everybody."""
        self.liar.entries = list(self.liar.entries)
        for face in self.liar.faces.values():
            face.forget()
        self.liar.show_log(self.liar.entries)

    def end_row(self):
        """Check that the honest members came out whole: alive, heard, accused by nobody."""
        for node in self.nodes:
            assert node.process.poll() is None, node.words()
            assert "Traceback" not in node.words()
            for other in self.nodes:
                assert faults(node, other.member) == []
                assert [kind for who, kind, _ in proofs(node) if who == other.member] == []
        speaker, *others = self.nodes if self.liar.next % 2 else self.nodes[::-1]
        said = speaker.say("198.51.100.99")
        for other in others:
            eventually(lambda other=other: said in kept(other), within_s=20)

    def everywhere(self, condition, *, within_s=20.0):
        """Wait until something holds at every honest node."""
        for node in self.nodes:
            eventually(lambda node=node: condition(node), within_s=within_s)

    def await_look(self, path, *, within_s=30.0):
        """Wait until each honest node has asked the liar for a path, from now on."""
        for face in self.liar.faces.values():
            before = len(face.asked)
            face.hint()
            eventually(
                lambda face=face, before=before: path in face.asked[before:], within_s=within_s
            )

    def settle_down(self, seconds=1.5):
        """Give what must not happen the time in which it would have happened."""
        time.sleep(seconds)


def kept(node):
    """Return what an honest node's index holds: id -> (issuer, seq, kind, objects)."""
    rows = look(node, "SELECT payload_hash, issuer, seq, kind, objects FROM statement")
    return {row[0].hex(): (row[1].hex(), *row[2:]) for row in rows}


def kept_of(node, member):
    """Return the places of a member's log that count at an honest node, with their objects."""
    return {seq: objects for issuer, seq, _kind, objects in kept(node).values() if issuer == member}


def faults(node, peer):
    """Return the rules that a peer broke, as an honest node kept them."""
    rows = look(node, "SELECT peer, rule FROM evidence WHERE sort = 'fault' ORDER BY number")
    return [rule for by, rule in rows if by == peer]


def proofs(node):
    """Return the proof files an honest node holds: (accused, kind, bytes)."""
    return look(node, "SELECT peer, rule, data FROM evidence WHERE sort = 'proof'")


def cosigned_size(node, origin):
    """Return the size of a log that an honest node shows as cosigned, 0 for none."""
    path = node.directory / cosigned_path(origin)
    return int(path.read_text().split("\n")[1]) if path.exists() else 0


def taken(node, origin):
    """Return how many entries of a log an honest node took."""
    rows = look(node, "SELECT taken FROM followed_log WHERE origin = ?", origin)
    return rows[0][0] if rows else 0


def look(node, query, *values):
    reading = sqlite3.connect(f"file:{node.directory}/state.sqlite?mode=ro", uri=True)
    with closing(reading):
        return reading.execute(query, values).fetchall()


def rss_kib(node):
    """Return the resident memory of an honest node's process."""
    with open(f"/proc/{node.process.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])


def judge(node, tmp_path, proof):
    """Verify a proof file by a separate process that has only the file and the chain."""
    file = tmp_path / f"{sha256(proof).hexdigest()[:16]}.proof"
    file.write_bytes(proof)
    words = ["proof", "verify", file, "--policy", node.directory / "unit.chain", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "detente", *map(str, words)], capture_output=True, timeout=60
    )
    return json.loads(done.stdout)


def ask_raw(node, data, *, source="127.0.0.1", wait_s=5.0):
    """Send raw bytes to an honest node and return the status line's number, None for none."""
    with closing(
        socket.create_connection(
            ("127.0.0.1", node.port), timeout=wait_s, source_address=(source, 0)
        )
    ) as calling:
        try:
            calling.sendall(data)
            answer = calling.recv(4_096)
        except (ConnectionResetError, BrokenPipeError, TimeoutError):
            return None
    return int(answer[9:12]) if answer else None


def found(folder):
    """Found the unit of the stage, once for many rows; return what each row copies."""
    seeds = {name: token_bytes(64) for name in OUTSIDERS}
    entries = [outside_entry(name, seed) for name, seed in seeds.items()]
    _directories, charter = found_unit(
        folder, (*HONEST, HOSTILE), witnesses=entries, f=1, adapt=with_assets
    )
    return folder, charter, seeds


def with_assets(charter):
    """Register a network and a domain for an honest member, and a domain for the hostile one."""
    by_name = {member.name: member.id for member in charter.members}
    named = [
        (by_name["Aurel"], AssetKind.DOMAIN, "aurel.example"),
        (by_name["Aurel"], AssetKind.IPV4, "192.0.2.0/24"),
        (by_name[HOSTILE], AssetKind.DOMAIN, "cantor.example"),
    ]
    assets = [RegisteredAsset(owner=who, kind=kind, value=value) for who, kind, value in named]
    ordered = sorted(assets, key=lambda each: (each.owner, each.kind.value, each.value))
    return replace(charter, assets=tuple(ordered))


@contextmanager
def live_unit(folder, founded, *, answering=False):
    """Lend a stage of its own; every process and socket is gone afterwards.

    Where they are `answering`, the honest nodes answer what others say, as real ones do.
    """
    template, charter, seeds = founded
    shutil.copytree(template, folder, dirs_exist_ok=True)
    directories = {name: folder / name.lower() for name in (*HONEST, HOSTILE)}
    for name in HONEST:
        settings = directories[name] / "detente.toml"
        said = settings.read_text().replace("answer_others = false", "answer_others = true")
        settings.write_text(said if answering else settings.read_text())
    with ExitStack() as stack:
        witnesses = {
            name: stack.enter_context(outsider(folder, name, seed, directories[HONEST[0]]))
            for name, seed in seeds.items()
        }
        faces = {name: Face() for name in HONEST}
        for face in faces.values():
            stack.callback(face.close)
        ports = {name: free_port() for name in HONEST}
        honest = {}
        for name in HONEST:
            others = {n: f"http://127.0.0.1:{port}" for n, port in ports.items() if n != name}
            others[HOSTILE] = faces[name].url
            honest[name] = Node(name, directories[name], ports[name], others, witnesses)
            stack.callback(honest[name].kill)
        home = stack.enter_context(Home.open(directories[HOSTILE]))
        for node in honest.values():
            node.start(wait=False)
        for node in honest.values():
            eventually(
                lambda node=node: "is running" in node.words() or node.process.poll() is not None,
                within_s=START_S,
            )
            assert node.process.poll() is None, node.words()
        for name in witnesses:
            said, wrong = folder / name / "out", folder / name / "err"
            eventually(
                lambda said=said, wrong=wrong: said.stat().st_size or wrong.stat().st_size,
                within_s=START_S,
            )
            assert said.stat().st_size, wrong.read_text()
        yield Unit(honest, Liar(home, charter, faces), charter, witnesses)


def outside_entry(name, seeds):
    ed25519, mldsa44 = (signer.verifier.public_key for signer in witness_signers(name, seeds))
    return OutsideWitness(name=name, ed25519=ed25519, mldsa44=mldsa44)


@contextmanager
def outsider(folder, name, seeds, member_directory):
    """Run an outside witness as a process of its own and lend its submission prefix."""
    place = folder / name
    place.mkdir()
    (place / "witness.seeds").write_bytes(seeds)
    port = free_port()
    chain = member_directory / "unit.chain"
    words = [name, place, "--chain", chain, "--listen", f"127.0.0.1:{port}"]
    command = [sys.executable, "-m", "detente.node.exercise.outsider", *map(str, words)]
    with (place / "out").open("wb") as out, (place / "err").open("wb") as err:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
    try:
        yield f"http://127.0.0.1:{port}/witness"
    finally:
        process.kill()
        process.wait(10)

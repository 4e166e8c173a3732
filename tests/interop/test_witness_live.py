"""A live C2SP witness that we did not write cosigns our log over HTTP, and refuses our fork.

`aics-witness` (Python 3.12 or later, installed for the run into a folder of its own).
Skipped, with the reason, where it cannot be had.
"""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from hashlib import sha256
from pathlib import Path

import pytest

from detente.node.founding import read_witness
from detente.node.home import Home
from detente.node.integration import signed_checkpoint
from detente.node.speaking import own_log
from detente.proofs import who_saw
from detente.proofs.cosigners import outside_verifiers
from detente.signing import leaf_hash
from detente.tlog import (
    AddCheckpoint,
    Checkpoint,
    SignedNote,
    TreeHashes,
    open_note,
    prove_consistency,
)
from tests.edge.running_nodes import Node, eventually, found_unit, free_port

PACKAGE = "aics-witness==0.1.0"
PYTHONS = ("python3.14", "python3.13", "python3.12")
pytestmark = pytest.mark.outside("aics-witness")


def find_python():
    """Return an interpreter that is new enough, or None."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    installed = sorted(versions.glob("3.1[2-9]*/bin/python"), reverse=True)
    named = [found for name in PYTHONS if (found := shutil.which(name))]
    for python in [os.environ.get("DETENTE_PYTHON_312", ""), *named, *map(str, installed)]:
        if python and subprocess.run([python, "-c", ""], capture_output=True).returncode == 0:
            return python
    return None


class Witness:
    """The outside program, its configuration and its process."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def __call__(self, verb, *words):
        config = self.folder / "witness.json"
        command = [self.program, verb, "--config", config, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self):
        command = [self.program, "serve", "--config", self.folder / "witness.json"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        eventually(self.is_up, within_s=20)

    def is_up(self):
        try:
            return urllib.request.urlopen(f"{self.url}/healthz", timeout=2).status == 200
        except OSError:
            return False

    def post(self, body):
        request = urllib.request.Request(f"{self.url}/add-checkpoint", data=body)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read()


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    python = find_python()
    if python is None:
        pytest.skip("no Python 3.12 or later is here (DETENTE_PYTHON_312 names one)")
    folder = tmp_path_factory.mktemp("outside")
    made = subprocess.run([python, "-m", "venv", folder / "venv"], capture_output=True)
    if made.returncode != 0:
        pytest.skip("that Python makes no virtual environment")
    pip = [folder / "venv/bin/python", "-m", "pip", "install", "--quiet", PACKAGE]
    try:
        done = subprocess.run(pip, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{PACKAGE} did not install within two minutes")
    if done.returncode != 0:
        pytest.skip(f"{PACKAGE} cannot be installed here")
    return folder / "venv/bin/aics-witness"


@pytest.fixture
def witness(program, tmp_path):
    folder = tmp_path / "witness"
    folder.mkdir()
    made = Witness(program, folder)
    made.vkey = next(
        word
        for word in made(
            "init", "--name", "witness.example/one", "--listen", f"127.0.0.1:{made.port}"
        ).split()
        if word.startswith("witness.example/one+")
    )
    yield made
    if made.process is not None:
        made.process.terminate()
        made.process.wait(10)


def test_it_cosigns_our_log_as_it_grows_and_refuses_our_fork(witness, tmp_path):
    outside = read_witness(witness.vkey)
    directories, charter = found_unit(tmp_path, ["Aurel", "Borea"], witnesses=[outside])
    aurel = Node("Aurel", directories["Aurel"], None, witnesses={outside.name: witness.url})
    with Home.open(aurel.directory) as home:
        log = own_log(home)
        member = charter.member(home.identity.member)
    witness("add-log", "--origin", log.origin, "--vkey", log.signers[0].verifier.vkey)
    witness.start()

    def seen_outside(size):
        path = aurel.directory / "logs" / log.origin / "cosigned"
        if not path.exists():
            return None
        seen = who_saw(charter, member, path.read_bytes())
        return seen if seen.checkpoint.size == size and seen.outside else None

    try:
        aurel.start()
        for number in (1, 2, 3):
            aurel.publish(f"198.51.100.{number}")
            seen = eventually(lambda number=number: seen_outside(number), within_s=20)
            assert (seen.outside, seen.mirrors) == ((outside.name,), ())
            assert not seen.settled, "an outsider alone settles nothing"
        assert aurel.stop() == 0
    finally:
        aurel.kill()

    # What it shows of us is a note that our own code accepts.
    monitoring = f"{witness.url}/{sha256(log.origin.encode()).hexdigest()}/checkpoint"
    with urllib.request.urlopen(monitoring, timeout=10) as answer:
        shown = answer.read()
    opened = open_note(shown, [log.signers[0].verifier, *outside_verifiers(outside)])
    assert Checkpoint.parse(opened.text).size == 3
    assert len(opened.verified) == 2

    # The same real keys under another history, at the same and at a larger size.
    forged = [leaf_hash(b"never said to the others %d" % number) for number in range(5)]
    for size in (3, 5):
        tree = TreeHashes(forged[:size])
        checkpoint = Checkpoint(log.origin, size, tree.root)
        note = SignedNote.parse(signed_checkpoint(checkpoint, log.signers, timestamp=1_800_000_000))
        proof = () if size == 3 else tuple(prove_consistency(tree, old_size=3, new_size=size))
        status, body = witness.post(AddCheckpoint(3, proof, note, checkpoint).to_bytes())
        assert status in (409, 422), body
        assert outside.name.encode() not in body
    kept = json.loads(witness("evidence"))
    assert log.origin in json.dumps(kept)
    with urllib.request.urlopen(monitoring, timeout=10) as answer:
        assert Checkpoint.parse(SignedNote.parse(answer.read()).text).root == (
            Checkpoint.parse(opened.text).root
        )

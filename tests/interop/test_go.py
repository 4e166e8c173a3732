"""Code we did not write agrees: Go's note and tlog packages, and a Go ML-DSA.

Skipped, with the reason, where Go is absent or its modules cannot be had. The Go
side formats what a cosigner signs by itself, from the specification; from Go 1.27 on
filippo.io/mldsa is a face of the standard library's crypto/mldsa.
"""

import json
import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detente.tlog import prove_consistency, prove_inclusion
from tests.core.tlog.makers import (
    MemoryTiles,
    Tree,
    entries_of,
    log_key,
    log_mldsa_key,
    signed,
    witness_key,
    witness_mldsa_key,
)

SOURCE = Path(__file__).with_name("go")
SIZE = 1_000
TREE = Tree(entries_of(SIZE))
LOG, LOG_ML = log_key(), log_mldsa_key()
WITNESS, WITNESS_ML = witness_key(), witness_mldsa_key()
NOTE = signed(TREE.checkpoint(), LOG, LOG_ML, WITNESS, WITNESS_ML)

Verdict = dict[str, Any]
Ask = Callable[..., Verdict]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    go = shutil.which("go")
    if go is None:
        pytest.skip("the Go toolchain is absent")
    # Another toolchain than the one installed is never fetched.
    environment = os.environ | {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}

    def run(*words: str, timeout: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [go, *words],
            cwd=SOURCE,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    try:
        fetched = run("mod", "download", timeout=60)
    except subprocess.TimeoutExpired:
        pytest.skip("the Go modules cannot be had: no answer within a minute")
    if fetched.returncode:
        pytest.skip(f"the Go modules cannot be had: {fetched.stderr.strip().splitlines()[-1]}")
    program = tmp_path_factory.mktemp("go") / "verify"
    built = run("build", "-o", str(program), ".", timeout=300)
    assert built.returncode == 0, built.stderr

    def judge(**document: object) -> Verdict:
        done = subprocess.run(
            [program], input=json.dumps(document), capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    return judge


def text(value: bytes) -> str:
    return b64encode(value).decode()


def texts(values: list[bytes]) -> list[str]:
    return [text(value) for value in values]


@pytest.mark.outside("golang.org/x/mod/sumdb/note")
def test_go_opens_our_note(ask: Ask) -> None:
    verdict = ask(note=text(NOTE), vkeys=[LOG.verifier.vkey])
    assert verdict["error"] == ""
    assert verdict["text"] == TREE.checkpoint().to_text()
    assert verdict["signers"] == [LOG.verifier.name]


@pytest.mark.outside("golang.org/x/mod/sumdb/note")
def test_go_refuses_our_note_once_it_is_changed(ask: Ask) -> None:
    changed = NOTE.replace(b"\n1000\n", b"\n1001\n")
    assert ask(note=text(changed), vkeys=[LOG.verifier.vkey])["error"]


@pytest.mark.outside("golang.org/x/mod/sumdb/tlog")
def test_go_accepts_our_proofs_and_no_changed_one(ask: Ask) -> None:
    inclusions = [
        {
            "entry": text(TREE.entries[index]),
            "index": index,
            "size": size,
            "root": text(TREE.hashes.root_of(size)),
            "proof": texts(prove_inclusion(TREE.hashes, index=index, size=size)),
        }
        for size in (1, 2, 7, 256, 257, 999, SIZE)
        for index in range(0, size, 1 + size // 9)
    ]
    consistency = [
        {
            "old_size": old,
            "old_root": text(TREE.hashes.root_of(old)),
            "new_size": new,
            "new_root": text(TREE.hashes.root_of(new)),
            "proof": texts(prove_consistency(TREE.hashes, old_size=old, new_size=new)),
        }
        for old, new in ((1, 2), (3, 7), (4, 7), (256, 257), (255, SIZE), (999, SIZE))
    ]
    verdict = ask(inclusions=inclusions, consistency=consistency)
    assert verdict["inclusions"] == [True] * len(inclusions)
    assert verdict["consistency"] == [True] * len(consistency)
    for one in (*inclusions, *consistency):
        one["proof"] = [*one["proof"][:-1], text(bytes(32))]
    verdict = ask(inclusions=inclusions, consistency=consistency)
    assert not any(verdict["inclusions"])
    assert not any(verdict["consistency"])


@pytest.mark.outside("golang.org/x/mod/sumdb/tlog")
@pytest.mark.parametrize("index", [0, 255, 256, SIZE - 1])
def test_go_walks_from_our_root_through_our_tiles_to_an_entry(ask: Ask, index: int) -> None:
    store = MemoryTiles()
    root = store.store(TREE.entries).root
    tiles = {str(path): text(data) for path, data in store.data.items() if path.level is not None}
    wanted = {
        "tile_size": SIZE,
        "tile_root": text(root),
        "tile_entry": index,
        "tile_expected": text(TREE.leaves[index]),
    }
    assert ask(tiles=tiles, **wanted)["tile_verified"] is True
    assert ask(tiles=tiles, **wanted | {"tile_root": text(bytes(32))})["error"]


@pytest.mark.outside("Go crypto/ed25519")
def test_go_verifies_our_ed25519_cosignature(ask: Ask) -> None:
    verdict = ask(note=text(NOTE), cosigners=[WITNESS.verifier.vkey])
    assert verdict["error"] == ""
    assert verdict["cosigners"] == [WITNESS.verifier.name]


@pytest.mark.outside("filippo.io/mldsa")
def test_go_verifies_our_mldsa_cosignatures(ask: Ask) -> None:
    vkeys = [WITNESS_ML.verifier.vkey, LOG_ML.verifier.vkey]
    verdict = ask(note=text(NOTE), cosigners=vkeys)
    assert verdict["error"] == ""
    assert verdict["cosigners"] == [WITNESS_ML.verifier.name, LOG_ML.verifier.name]
    changed = NOTE.replace(b"\n1000\n", b"\n1001\n")
    for vkey in vkeys:
        assert ask(note=text(changed), cosigners=[vkey])["error"]

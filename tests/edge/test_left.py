"""A member that left goes on showing what it said, at a node that starts anew. (A57)"""

from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from detente.exchange.protocol.paths import checkpoint_path
from tests.edge.running_nodes import running


def test_who_left_starts_again_shows_its_log_and_cosigns_nothing(tmp_path):
    with running(tmp_path, "Aurel", "Borea", start=False) as nodes:
        aurel, borea = nodes.values()
        said = aurel.say("198.51.100.7")
        gone = aurel.run("charter", "leave", "--yes")
        assert gone.returncode == 0, gone.stderr.decode()
        aurel.start()
        with urlopen(f"{aurel.url}/{checkpoint_path(aurel.origin)}", timeout=20) as answer:
            assert answer.read().decode().startswith(aurel.origin)
        asking = Request(f"{aurel.url}/witness/add-checkpoint", data=b"old 0\n\n", method="POST")
        with pytest.raises(HTTPError) as refused:
            urlopen(asking, timeout=20)
        with refused.value:
            assert refused.value.code == 503
        bundle = tmp_path / "aurel.tar"
        aurel.detente("export", "bundle", bundle, "--for", "Borea")
        borea.detente("import", "bundle", bundle)
        assert said in borea.statements()

"""Serve OpenTAXII on a free port of loopback: two accounts, one collection both may read and write.

Runs in `.venv-peers`, where `detente` is not. `python serve_opentaxii.py FOLDER`: prints where the
collection is and what the accounts send, and serves until standard input ends.
"""

import base64
import json
import os
import signal
import socket
import sys
from pathlib import Path

WORKERS = 2  # as it is deployed
_CONFIG = """
domain: "localhost"
support_basic_auth: yes
return_server_error_details: no
auth_api:
  class: opentaxii.auth.sqldb.SQLDatabaseAPI
  parameters:
    db_connection: sqlite:///{folder}/accounts.db
    create_tables: yes
    secret: for-tests-only-and-nothing-else-32
    token_ttl_secs: 86400
taxii1:
taxii2:
  contact: tests
  description: peer
  title: OpenTAXII
  public_discovery: true
  allow_custom_properties: true
  max_content_length: 10485760
  persistence_api:
    class: opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI
    parameters:
      db_connection: sqlite:///{folder}/objects.db
      create_tables: yes
logging:
  opentaxii: error
  root: error
"""


def main(folder: Path) -> None:
    """Set it up and serve it."""
    config = folder / "opentaxii.yml"
    config.write_text(_CONFIG.format(folder=folder))
    os.environ["OPENTAXII_CONFIG"] = str(config)
    from opentaxii.http import app  # reads the configuration as it is imported

    with app.app_context():
        servers = app.taxii_server.servers
        root = servers.taxii2.persistence.api.add_api_root(
            title="shared", description="shared", default=True, is_public=True
        )
        collection = servers.taxii2.persistence.api.add_collection(
            api_root_id=root.id,
            title="shared",
            description="shared",
            is_public=True,
            is_public_write=True,
        )
        for name in ("A", "B"):
            app.taxii_server.auth.api.create_account(username=name, password=f"{name}-password")
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    accounts = {
        name: "Basic " + base64.b64encode(f"{name}:{name}-password".encode()).decode()
        for name in ("A", "B")
    }
    url = f"http://127.0.0.1:{port}/taxii2/{root.id}/collections/{collection.id}/"
    _serve(app, listening, {"url": url, "accounts": accounts})


def _serve(app: object, listening: socket.socket, told: object) -> None:
    # gunicorn would parse our arguments; it is driven as a library.
    from gunicorn.app.base import BaseApplication

    class Application(BaseApplication):
        def load_config(self) -> None:
            self.cfg.set("bind", f"fd://{listening.fileno()}")
            self.cfg.set("workers", WORKERS)
            self.cfg.set("loglevel", "critical")
            self.cfg.set("timeout", 600)  # slow is to be measured, not cut off

        def load(self) -> object:
            return app

    listening.set_inheritable(True)
    if (child := os.fork()) == 0:
        os.setsid()  # a group of its own, so that no worker is left behind
        Application().run()
        return
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    os.killpg(child, signal.SIGKILL)  # nothing of it is kept
    os.waitpid(child, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

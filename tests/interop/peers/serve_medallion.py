"""Serve medallion on a free port of loopback: two accounts, one collection both may read and write.

Runs in `.venv-peers`, where `detente` is not. `python serve_medallion.py FOLDER`: prints where the
collection is and what the accounts send, and serves until standard input ends.
"""

import base64
import json
import sys
import threading
from pathlib import Path

_COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
_DATA = {
    "/discovery": {
        "title": "medallion",
        "description": "peer",
        "contact": "tests",
        "default": "http://127.0.0.1/shared/",
        "api_roots": ["http://127.0.0.1/shared/"],
    },
    "shared": {
        "information": {
            "title": "shared",
            "description": "shared",
            "versions": ["application/taxii+json;version=2.1"],
            "max_content_length": 10_485_760,
        },
        "status": [],
        "collections": [
            {
                "id": _COLLECTION,
                "title": "shared",
                "description": "shared",
                "can_read": True,
                "can_write": True,
                "media_types": ["application/stix+json;version=2.1"],
                "manifest": [],
                "objects": [],
            }
        ],
    },
}


def main(folder: Path) -> None:
    """Set it up and serve it."""
    from medallion import application_instance, register_blueprints, set_config
    from werkzeug.serving import make_server

    data = folder / "medallion.json"
    data.write_text(json.dumps(_DATA))
    configuration = {
        "users": {name: f"{name}-password" for name in ("A", "B")},
        "taxii": {"max_page_size": 1_000},
        "backend": {
            "module": "medallion.backends.memory_backend",
            "module_class": "MemoryBackend",
            "filename": str(data),
        },
    }
    for part in ("users", "taxii", "backend"):
        set_config(application_instance, part, configuration)
    register_blueprints(application_instance)
    server = make_server("127.0.0.1", 0, application_instance, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    accounts = {
        name: "Basic " + base64.b64encode(f"{name}:{name}-password".encode()).decode()
        for name in ("A", "B")
    }
    url = f"http://127.0.0.1:{server.server_port}/shared/collections/{_COLLECTION}/"
    sys.stdout.write(json.dumps({"url": url, "accounts": accounts}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

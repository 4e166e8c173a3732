"""A PostgreSQL server of the tests' own: a random port, a temporary folder, no password but one.

Skipped, with the reason, where it cannot start. Nothing outside the folder is touched.
"""

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

ROLE, PASSWORD = "node", "a-password-only-of-this-test"
_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_START_WAIT_S = 60
_numbers = itertools.count()


def _tool(name):
    return next((str(place / name) for place in _PLACES if (place / name).exists()), None) or (
        shutil.which(name)
    )


def _unprivileged():
    """Return what to put before a command: the server refuses to run as root."""
    if os.geteuid() != 0:
        return []
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    return [shutil.which("runuser") or "runuser", "-u", "postgres", "--"]


class Server:
    """One running server; `close` ends it and removes what it wrote."""

    def __init__(self):
        if _tool("initdb") is None or _tool("pg_ctl") is None:
            pytest.skip("no PostgreSQL server is installed (Debian: postgresql)")
        self._before = _unprivileged()
        # Not the test's own folder: the other user could not enter it.
        self.folder = Path(tempfile.mkdtemp(prefix="detente-pg-"))
        if self._before:
            shutil.chown(self.folder, "postgres", "postgres")
        self.port = _free_port()
        self.passfile = self.folder.with_name(self.folder.name + ".pass")
        self.passfile.touch(mode=0o600)
        self.passfile.write_text(f"127.0.0.1:*:*:{ROLE}:{PASSWORD}\n")
        try:
            self._start()
        except subprocess.CalledProcessError as refused:
            self.close()
            pytest.skip(f"PostgreSQL does not start here: {refused.output[-300:]!r}")

    def _start(self):
        data, words = self.folder / "data", self.folder / "password"
        self.run("sh", "-c", f"umask 077; printf %s {PASSWORD} > {words}")
        self.run(
            _tool("initdb"),
            f"--pgdata={data}",
            f"--username={ROLE}",
            f"--pwfile={words}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        )
        self.start()

    def start(self):
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
            f" -c log_statement=none -c max_connections=60 -c shared_buffers=32MB"
        )
        self.run(
            _tool("pg_ctl"),
            f"--pgdata={self.folder / 'data'}",
            f"--log={self.folder / 'log'}",
            f"--timeout={_START_WAIT_S}",
            f"--options={options}",
            "--wait",
            "start",
        )

    def stop(self, mode="fast"):
        self.run(
            _tool("pg_ctl"), f"--pgdata={self.folder / 'data'}", f"--mode={mode}", "--wait", "stop"
        )

    def run(self, *words, check=True):
        return subprocess.run(
            [*self._before, *words],
            check=check,
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=_START_WAIT_S * 2,
        )

    def sql(self, words, database="postgres"):
        import psycopg

        with psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            dbname=database,
            user=ROLE,
            password=PASSWORD,
            autocommit=True,
        ) as connection:
            done = connection.execute(words)
            return done.fetchall() if done.description else []

    def new(self, options=""):
        """Make an empty database and return its URL, without the password."""
        name = f"unit{next(_numbers)}"
        self.sql(f"CREATE DATABASE {name} {options}")
        return f"postgresql://{ROLE}@127.0.0.1:{self.port}/{name}"

    def close(self):
        if (self.folder / "data" / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.passfile.unlink(missing_ok=True)


def _free_port():
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        return asking.getsockname()[1]

"""What Linux programs write: sshd, sudo, and which log each program belongs to."""

import re

from detente.watch.reading.model import Event, LogSource, Options

SERVICES: dict[str, list[str]] = {
    "su": ["auth"],
    "login": ["auth"],
    "systemd-logind": ["auth"],
    "polkitd": ["auth"],
    "pkexec": ["auth"],
    "useradd": ["auth"],
    "usermod": ["auth"],
    "groupadd": ["auth"],
    "passwd": ["auth"],
    "cron": ["cron"],
    "crond": ["cron"],
    "crontab": ["cron"],
    "vsftpd": ["vsftpd"],
    "clamd": ["clamav"],
    "clamav": ["clamav"],
    "freshclam": ["clamav"],
    "guacd": ["guacamole"],
    "guacamole": ["guacamole"],
}
"""Programs that write to a log of their own; all others belong to `syslog`."""

_SSH_PEER = re.compile(
    r"(?:for (?:invalid user |illegal user )?(\S{0,256}) |[Ii]nvalid user (\S{0,256}) )?"
    r"from ([0-9A-Fa-f.:]{1,44}[0-9A-Fa-f])(?: port (\d{1,5}))?"
)
_SUDO = re.compile(r"\s*(\S{1,256}) : (.*)", re.DOTALL)
_SUDO_ITEM = re.compile(r"(TTY|PWD|USER|GROUP|TSID|ENV|COMMAND)=(.*)", re.DOTALL)


def program_source(program: str) -> LogSource:
    """Return the log source of an ordinary message by its program."""
    return {"product": "linux", "service": list(SERVICES.get(program.lower(), ["syslog"]))}


def sshd(message: str, event: Event, _: Options) -> LogSource:
    """sshd's line; who came from where also as fields of their own, for correlations."""
    found = _SSH_PEER.search(message, 0, 1_024)
    if found is not None:
        event["src_ip"] = found[3]
        if found[4]:
            event["src_port"] = int(found[4])
        user = found[1] or found[2]
        if user:
            event["user"] = user
    return {"product": "linux", "service": ["sshd", "auth"]}


def sudo(message: str, event: Event, _: Options) -> LogSource:
    """sudo's line, its items under their own names (USER is whom the command ran as)."""
    found = _SUDO.fullmatch(message)
    if found is not None:
        event["user"] = found[1]
        # COMMAND is the last and may hold the separator itself.
        items, mark, command = found[2].partition("COMMAND=")
        for part in items.split(" ; "):
            if (item := _SUDO_ITEM.fullmatch(part.strip())) is not None:
                event[item[1]] = item[2]
        if mark:
            event["COMMAND"] = command
    return {"product": "linux", "service": ["sudo", "auth"]}

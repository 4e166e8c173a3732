"""How a roll is laid out: which column is the key, the name, the party; which codes are known.

Any layout is a small JSON description: {"key": "ncid", "columns": [{"name": ...}, ...]} with,
where they differ from the names below, {"roles": {"last_name": "LNAME", ...}},
{"separator": ","}, {"status_codes": [...]}, {"removal_reasons": [...]}.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from detente.elections.errors import ElectionsError

COLUMNS_MAX = 1_000


class Role(StrEnum):
    """What a column means to the checks; a layout may leave any out."""

    LAST_NAME = "last_name"
    FIRST_NAME = "first_name"
    BIRTH_YEAR = "birth_year"
    ADDRESS = "address"
    PARTY = "party"
    STATUS = "status"
    PRECINCT = "precinct"
    REGISTERED_ON = "registered_on"
    ZIP_CODE = "zip_code"
    LOOK_UP_ID = "look_up_id"


_USUAL_NAMES: Mapping[Role, tuple[str, ...]] = {
    Role.LAST_NAME: ("last_name", "lastname", "surname", "lname"),
    Role.FIRST_NAME: ("first_name", "firstname", "fname"),
    Role.BIRTH_YEAR: ("birth_year", "year_of_birth", "birthyear", "yob"),
    Role.ADDRESS: ("res_street_address", "residential_address", "street_address", "address"),
    Role.PARTY: ("party_cd", "party", "party_code"),
    Role.STATUS: ("status_cd", "status", "voter_status"),
    Role.PRECINCT: ("precinct_abbrv", "precinct", "precinct_code"),
    Role.REGISTERED_ON: ("registr_dt", "registration_date", "registered_on"),
    Role.ZIP_CODE: ("zip_code", "zip", "residence_zip"),
    Role.LOOK_UP_ID: ("voter_reg_num", "registration_number"),
}
STATUS_CODES = frozenset("ADIRS")
"""Active, denied, inactive, removed, temporary: the codes of the North Carolina layout."""
REMOVAL_REASONS = (
    "DECEASED", "DEATH", "FELONY", "REQUEST", "MOVED", "DUPLICATE", "INELIGIBLE BY COURT",
)  # fmt: skip
"""Words that begin or stand in a reason for which a voter may be removed at any time."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One roll's layout.

    Attributes:
        columns: names in their order.
        key: where the state's voter id stands.
        separator: between columns.
        roles: where each role's column stands; roles the roll lacks are missing.
        status_codes: what a status may be; empty: anything.
        removal_reasons: words of reasons that need no notice period.
    """

    columns: tuple[str, ...]
    key: int
    separator: str
    roles: Mapping[Role, int]
    status_codes: frozenset[str]
    removal_reasons: tuple[str, ...]

    def at(self, role: Role) -> int | None:
        """The column of a role."""
        return self.roles.get(role)

    def read(self, row: Sequence[str], role: Role) -> str:
        """A row's value of a role; empty where the row or the layout lacks it."""
        at = self.roles.get(role)
        return row[at].strip() if at is not None and at < len(row) else ""


def parse_layout(document: object) -> Layout:
    """Read a layout's description.

    Raises:
        ElectionsError: it is none, or names a column twice or one it does not have.
    """
    if not isinstance(document, dict) or not isinstance(document.get("columns"), list):
        raise ElectionsError('a layout is an object with "key" and "columns"')
    columns = tuple(_column_name(row) for row in document["columns"])
    if len(columns) > COLUMNS_MAX or len(set(columns)) != len(columns):
        raise ElectionsError(f"a layout names at most {COLUMNS_MAX} columns, each once")
    key, separator = document.get("key"), document.get("separator", "\t")
    if key not in columns:
        raise ElectionsError(f"the key {key!r:.60} is none of the layout's columns")
    if not isinstance(separator, str) or len(separator) != 1 or not separator.isascii():
        raise ElectionsError("a separator is one ASCII sign")
    return Layout(
        columns=columns,
        key=columns.index(key),
        separator=separator,
        roles=_roles(document.get("roles", {}), columns),
        status_codes=frozenset(_texts(document, "status_codes", sorted(STATUS_CODES))),
        removal_reasons=tuple(
            text.upper() for text in _texts(document, "removal_reasons", REMOVAL_REASONS)
        ),
    )


def _column_name(row: object) -> str:
    name = row.get("name") if isinstance(row, dict) else row
    if not isinstance(name, str) or not name:
        raise ElectionsError(f"a column has a name, not {row!r:.60}")
    return name


def _roles(given: object, columns: tuple[str, ...]) -> Mapping[Role, int]:
    if not isinstance(given, dict):
        raise ElectionsError('"roles" maps a role to a column')
    unknown = given.keys() - set(Role)
    if unknown:
        raise ElectionsError(
            f"there is no role {sorted(unknown)[0]!r:.60}", remedy=f"Roles: {', '.join(Role)}"
        )
    places = {name.lower(): at for at, name in enumerate(columns)}
    roles: dict[Role, int] = {}
    for role in Role:
        wanted = (str(given[role]),) if role in given else _USUAL_NAMES[role]
        found = [places[name.lower()] for name in wanted if name.lower() in places]
        if role in given and not found:
            raise ElectionsError(f"the role {role} names {wanted[0]!r:.60}, no column")
        if found:
            roles[role] = found[0]
    return roles


def _texts(document: Mapping[str, object], name: str, default: Sequence[str]) -> list[str]:
    given = document.get(name, list(default))
    given = list(given) if isinstance(given, dict) else given
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise ElectionsError(f'"{name}" is a list of texts')
    return given

"""What a request carries, read with limits."""

from collections.abc import Mapping
from typing import Any

from detente.console.desk import Asking
from detente.console.door import FORM_SECRET, check_form
from detente.errors import InputError
from detente.node.signing_in import SignedIn
from detente.signing import JsonError, parse_strict

FIELDS_MAX = 100
FIELD_CHARACTERS_MAX = 20_000
NUMBER_DIGITS_MAX = 9


class Form(dict[str, list[str]]):
    """Fields of a form by name, each with all its values."""

    def one(self, name: str) -> str:
        """Return the only value of a field; "" where it is missing.

        Raises:
            InputError: it came twice.
        """
        values = self.get(name, [])
        if len(values) > 1:
            raise InputError(f"the field {name!r} came more than once")
        return values[0].strip() if values else ""

    def need(self, name: str) -> str:
        """Return the value of a field that must say something.

        Raises:
            InputError: it says nothing, or came twice.
        """
        value = self.one(name)
        if not value:
            raise InputError(f"{name} is missing", remedy="Fill it in and send the form again")
        return value

    def number(self, name: str) -> int:
        """Return a field that is a whole number of few digits.

        Raises:
            InputError: it is none, or came twice.
        """
        value = self.need(name)
        if len(value) > NUMBER_DIGITS_MAX or not value.isascii() or not value.isdigit():
            raise InputError(f"{name} is not a whole number", remedy="Write it in digits")
        return int(value)


async def read_form(request: Asking) -> Form:
    """Return the fields of a form of this session.

    Raises:
        PermissionDeniedException: it is of another session.
        InputError: too many fields, or one is too long.
    """
    form = await read_open_form(request)
    check_form(who_asks(request), form.one(FORM_SECRET))
    return form


async def read_open_form(request: Asking) -> Form:
    """Return the fields of a form that needs no session.

    Raises:
        InputError: too many fields, or one is too long.
    """
    form, data = Form(), await request.form()
    for number, (name, value) in enumerate(data.multi_items()):
        if number >= FIELDS_MAX or not isinstance(value, str) or len(value) > FIELD_CHARACTERS_MAX:
            raise InputError("this form has too much in it")
        form.setdefault(name, []).append(value)
    return form


async def read_json(request: Asking) -> Mapping[str, Any]:
    """Return the JSON object of a script of ours.

    Raises:
        InputError: it is none.
    """
    try:
        document = parse_strict(await request.body())
    except JsonError as error:
        raise InputError(f"not JSON as expected: {error}") from None
    if not isinstance(document, dict):
        raise InputError("not a JSON object")
    return document


def who_asks(request: Asking) -> SignedIn | None:
    """Return who is signed in, None where nobody is."""
    found = request.scope.get("user")
    return found if isinstance(found, SignedIn) else None


def require_person(request: Asking) -> SignedIn:
    """Return who is signed in; the route's guard has seen to it that somebody is.

    Raises:
        InputError: nobody is.
    """
    found = who_asks(request)
    if found is None:
        raise InputError("nobody is signed in")
    return found

"""The people of the office, and their roles."""

import asyncio

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from detente.console.desk import ROLES, Asking, AtDesk, Desk, in_thread
from detente.console.forms import Form, read_form, require_person
from detente.errors import InputError
from detente.node.offices import ABOUT_ROLES, Role

_ADMINISTRATORS = {ROLES: frozenset({Role.ADMINISTRATOR})}


@get("/people", opt=_ADMINISTRATORS)
@in_thread
def show_people(request: Asking, desk: AtDesk) -> Response[str]:
    """List everybody."""
    values = {"people": desk.office.shelf.people(), "about_roles": ABOUT_ROLES}
    return desk.show(request, "people.html", values)


@post("/people", opt=_ADMINISTRATORS, status_code=200)
async def add_person(request: Asking, desk: AtDesk) -> Response[str]:
    """Add a person and show its link once."""
    form = await read_form(request)
    by = require_person(request).who
    person, link = await asyncio.to_thread(desk.office.add, form.need("name"), _roles(form), by=by)
    return _show_link(request, desk, person.name, link)


@post("/people/{person:str}/link", opt=_ADMINISTRATORS, status_code=200)
async def make_link(request: Asking, desk: AtDesk, person: FromPath[str]) -> Response[str]:
    """Make another link for a person and show it once."""
    await read_form(request)
    who = await asyncio.to_thread(desk.office.require, person)
    by = require_person(request).who
    link = await asyncio.to_thread(desk.office.make_link, who, by=by)
    return _show_link(request, desk, who.name, link)


@post("/people/{person:str}/roles", opt=_ADMINISTRATORS, status_code=303)
async def change_roles(request: Asking, desk: AtDesk, person: FromPath[str]) -> Redirect:
    """Give a person other roles."""
    form = await read_form(request)
    by = require_person(request).who
    await asyncio.to_thread(desk.office.change_roles, person, _roles(form), by=by)
    return Redirect("/people", status_code=303)


@post("/people/{person:str}/remove", opt=_ADMINISTRATORS, status_code=303)
async def remove_person(request: Asking, desk: AtDesk, person: FromPath[str]) -> Redirect:
    """Let a person in no more."""
    await read_form(request)
    await asyncio.to_thread(desk.office.remove, person, by=require_person(request).who)
    return Redirect("/people", status_code=303)


def _roles(form: Form) -> list[Role]:
    try:
        return [Role(each) for each in form.get("role", [])]
    except ValueError:
        raise InputError("there is no such role") from None


def _show_link(request: Asking, desk: Desk, name: str, link: str) -> Response[str]:
    values = {"name": name, "link": f"{desk.place.origin}/enrol#{link}"}
    return desk.show(request, "link.html", values)


ROUTES = (add_person, change_roles, make_link, remove_person, show_people)

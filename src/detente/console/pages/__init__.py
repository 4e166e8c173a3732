"""One module a page; each lists its routes, and each route the roles it is for."""

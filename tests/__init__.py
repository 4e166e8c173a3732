"""The tests of this project; a package so that `tests.shared` has one name everywhere."""

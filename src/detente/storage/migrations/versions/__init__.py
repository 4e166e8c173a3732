"""The scripts, named v<number>_<what>; never edited after a release."""

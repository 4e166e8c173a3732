"""Correlations: what several matches say together, within a time span and a group."""

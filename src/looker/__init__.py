"""Looker: what a link asks for, and the SQL behind it."""

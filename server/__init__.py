"""Guicheng: approval regulations that run as the diagrams, tables and forms they are drawn in."""

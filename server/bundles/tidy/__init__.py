"""Lays out BPMN diagrams so that a person enjoys reading them, and measures how readable a diagram is."""

from server.bundles.tidy.graph import TidyError
from server.bundles.tidy.quality import DiagramQuality, quality
from server.bundles.tidy.tidying import tidy

__all__ = ["DiagramQuality", "TidyError", "quality", "tidy"]

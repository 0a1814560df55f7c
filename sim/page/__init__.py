"""A story as one page for a browser: swim lanes over virtual time. Nothing here does I/O."""

from sim.page.document import page

__all__ = ["page"]

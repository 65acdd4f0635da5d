"""The README as the description of the package: an index shows it without the files that its links lead to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(?P<image>!?)(?P<label>\[[^\]]*\])\((?!https?://|#)(?P<path>[^)]+)\)")


class Description(MetadataHookInterface):
    """Sets `readme`: README.md with its relative links led to the public repository."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Called when anything is built or installed; ``metadata`` is the table ``project``, to be completed."""
        home = metadata["urls"]["Source"]

        def whole(link: re.Match[str]) -> str:
            view = "raw" if link["image"] else "tree" if link["path"].endswith("/") else "blob"
            return f"{link['image']}{link['label']}({home}/{view}/main/{link['path']})"

        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": _LINK.sub(whole, text)}

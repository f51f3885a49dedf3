"""Which notebook the settings choose: ours, or the company's own. A result of ours has to keep a profile besides."""

from __future__ import annotations

import re
from pathlib import Path

from .job_files import notebook_folder

OUR_PROFILE = "verify_credit/1"
"""What our own notebook's results keep besides the contract."""
_OURS = "Verify - Credit Recommendation.ipynb"
_IN_THE_IMAGE = Path("/opt/notebook")
_FOLDER_HASH = re.compile(r":[0-9a-f]{7,40}-[0-9a-f]{12}(@|$)")
"""How sagemaker/build_and_push.sh tags an image of another notebook: revision, then its folder's hash."""


def why_own(notebook: str, notebook_dir: str, image: str) -> str:
    """Why the notebook is the company's own, in words; "" if it is ours. The arguments are the settings' values."""
    if (notebook or notebook_dir) and not _is_ours(notebook, notebook_dir):
        return f"NOTEBOOK is {notebook}" if notebook else f"NOTEBOOK_DIR is {notebook_dir}"
    if _FOLDER_HASH.search(image):
        return "the tag of SAGEMAKER_IMAGE_URI has another notebook's hash"
    return ""


def _is_ours(notebook: str, notebook_dir: str) -> bool:
    chosen = Path(notebook_dir or notebook_folder(), notebook or _OURS)
    return chosen.name == _OURS and chosen.parent.resolve() in {notebook_folder().resolve(), _IN_THE_IMAGE}

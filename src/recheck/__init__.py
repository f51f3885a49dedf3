"""Past credits computed anew by the notebook's own code, verify_credit, which the bot's images leave out.

policies     the versions of the credit policy
claims       the account and the days that a SQL asks for
saved_rows   a credit computed anew from the rows that an execution left
differences  whether what is kept is what was recorded
what_if      what another policy would have given
"""

import sys
from importlib.util import find_spec

from ..job_files import notebook_folder

if find_spec("verify_credit") is None:
    sys.path.append(str(notebook_folder()))  # last, so that it hides nothing of the process it is imported into

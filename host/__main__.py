"""``python -m host`` is ``vle``."""

import sys

from host.cli import main

sys.exit(main())

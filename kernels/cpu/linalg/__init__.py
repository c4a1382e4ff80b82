"""Products of matrices."""

from ...kept import keep_compiled

keep_compiled()

"""Normalisation: batch, layer, group, root mean square, local response."""

from ...kept import keep_compiled

keep_compiled()

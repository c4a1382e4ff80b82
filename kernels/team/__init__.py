"""Threads that help the one that calls: how they wait (waiting.py) and what they do (worker.py)."""

from ..kept import keep_compiled

keep_compiled()

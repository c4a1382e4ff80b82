"""Waiting for another thread by looking at a number again and again, without Python's lock.

To put a thread to sleep and wake it takes 30 to 100 µs, as long as a million additions. So whoever
waits first looks for a while, in compiled code that lets other threads have Python, and then tells
its caller to sleep. A board is 16 integers (two cache lines): [POSTED] counts the tasks that were
given to a worker, [DONE] those that it has done.
"""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

POSTED, DONE = 0, 8
LOOKS = 40_000  # how often one looks before sleeping: 0.5 to 2 ms, which work in Python can take
# A worker that saw a task lets this time pass, so that its caller is out of Python and inside the
# kernel: some 5 µs. A thread that finds Python taken is put to sleep.
PAUSES = 200
_IS_X86 = platform.machine().lower() in ("x86_64", "amd64", "i686")


@intrinsic
def load(typing_context: Any, board: Any, place: Any) -> Any:
    """board[place] as it is in memory now; what was written before it is seen as well."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.load_atomic(builder.gep(data, [args[1]]), "acquire", 8)

    return types.int64(board, place), code


@intrinsic
def store(typing_context: Any, board: Any, place: Any, value: Any) -> Any:
    """board[place] = value, after everything that was written before it."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        builder.store_atomic(args[2], builder.gep(data, [args[1]]), "release", 8)
        return context.get_dummy_value()

    return types.void(board, place, value), code


@intrinsic
def _pause(typing_context: Any) -> Any:
    """Tells an x86 CPU that this is a loop that waits; nothing elsewhere."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if _IS_X86:
            kind = ir.FunctionType(ir.VoidType(), [])
            name = "llvm.x86.sse2.pause"
            builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])
        return context.get_dummy_value()

    return types.void(), code


@njit(cache=True, nogil=True)
def next_task(board, done):  # type: ignore[no-untyped-def]
    """Says that `done` tasks are done; the number of the next one, or `done` if none came."""
    store(board, DONE, done)
    for _ in range(LOOKS):
        posted = load(board, POSTED)
        if posted != done:
            for _ in range(PAUSES):
                _pause()
            return posted
        _pause()
    return done


@njit(cache=True, nogil=True)
def is_done(board, task):  # type: ignore[no-untyped-def]
    """Waits a while for a task; is it done?"""
    for _ in range(LOOKS):
        if load(board, DONE) == task:
            return True
        _pause()
    return False

"""How a network is run wherever it is asked: in float32, on few threads, whatever its caller has set."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

_forked = False  # whether this process was forked: it then has torch's pool of threads, not the threads


def _note_fork() -> None:
    global _forked
    _forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


@contextmanager
def with_threads(count: int | None) -> Iterator[None]:
    """Torch with so many CPU threads, None for as many as it has; the caller's number is put back.

    A forked process has one, whatever is asked for: more would wait for threads that are not there.
    """
    before = torch.get_num_threads()
    count = 1 if _forked else count
    if count in (None, before):
        yield
        return
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def isolated(device: torch.device, threads: int | None = None) -> Iterator[None]:
    """Without the caller's autocast, in which filters of the ear overflow; on so many CPU threads."""
    with torch.autocast(device.type, enabled=False), with_threads(threads):
        yield


class _Isolated(torch.autograd.Function):
    """A function of tensors run `isolated`, its gradients too."""

    @staticmethod
    def forward(ctx: Any, function: Callable[..., Tensor], threads: int | None, *given: Tensor) -> Tensor:
        ctx.threads, ctx.given = threads, [x.detach().requires_grad_(x.requires_grad) for x in given]
        with torch.enable_grad(), isolated(given[0].device, threads):
            ctx.result = function(*ctx.given)
        return ctx.result.detach()

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        asked = [x for x in ctx.given if x.requires_grad]
        with isolated(upstream.device, ctx.threads):
            found = iter(torch.autograd.grad(ctx.result, asked, upstream, retain_graph=True))
        return None, None, *(next(found) if x.requires_grad else None for x in ctx.given)


def run_isolated(function: Callable[..., Tensor], threads: int | None, *given: Tensor) -> Tensor:
    """`function(*given)` and, later, its gradients, as `isolated` has it.

    The backward pass is run when the caller asks for it, with the caller's settings, if not kept apart so.
    There are no gradients of gradients.
    """
    if torch.is_grad_enabled() and any(x.requires_grad for x in given):
        return _Isolated.apply(function, threads, *given)
    with isolated(given[0].device, threads):
        return function(*given)

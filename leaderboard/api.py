"""The board's read-only JSON API, and everything to take along as a zip.

    /api/challenges                                     what there is, and when rounds open and close
    /api/standings?challenge=NAME&split=SPLIT
    /api/groups?challenge=NAME&split=SPLIT&by=listener  also scene, genre, severity_humes, …
    /api/best?challenge=NAME&split=SPLIT&by=listener    also severity; &scorer=haaqi
    /api/everything.zip                                 all of it, and every trial's scores
    /api/cite                                           BibTeX

It tells what `site.records` has: no score of a split that is private and not closed.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from haaqinet_eval.errors import InputError
from haaqinet_eval.site import records
from haaqinet_eval.store import Store, challenges, open_store, phase, revision

PREFIX = "/api"
Query = dict[str, str]
_opening, _making = Lock(), Lock()
_opened: dict[str, Store] = {}
_kept: dict[str, tuple[tuple, bytes]] = {}  # the zip, and of which state of the store


def _store() -> Store:
    """The store that HAAQINET_STORE names."""
    url = os.environ.get("HAAQINET_STORE", "")
    with _opening:
        if url not in _opened:
            _opened[url] = open_store(url or None)
        return _opened[url]


def _challenges(store: Store, query: Query) -> list[dict[str, Any]]:
    return records.challenge_records(store)


def _standings(store: Store, query: Query) -> list[dict[str, Any]]:
    return records.standing_records(store, _chosen(store, query))


def _groups(store: Store, query: Query) -> list[dict[str, Any]]:
    return records.group_records(store, _chosen(store, query), query.get("by", "listener"))


def _best(store: Store, query: Query) -> list[dict[str, Any]]:
    scorer, by = query.get("scorer", "haaqi"), query.get("by", "listener")
    return records.best_records(store, _chosen(store, query), scorer, by)


def _chosen(store: Store, query: Query) -> Any:
    return records.public_challenge(store, query.get("challenge", ""), query.get("split"))


def answering(make: Callable[[Store, Query], Any]) -> Callable:
    """An endpoint that gives what a function makes of the store, as JSON; 400 or 403 with the reason."""

    async def endpoint(request: Request) -> Response:
        query = dict(request.query_params)
        try:
            found = await run_in_threadpool(lambda: make(_store(), query))
        except records.Hidden as error:
            return JSONResponse({"error": str(error)}, status_code=403)
        except InputError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse(found, headers={"cache-control": "no-store"})

    return endpoint


def everything(address: str) -> bytes:
    """The zip, made once for each state of the store and each phase of its rounds."""
    store, now = _store(), time.time()
    state = (store.name, revision(store), address, tuple(phase(c, now) for c in challenges(store)))
    with _making:
        if _kept.get("zip", (None,))[0] != state:
            file = io.BytesIO()
            records.write_everything(store, file, address, now)
            _kept["zip"] = state, file.getvalue()
        return _kept["zip"][1]


async def _everything(request: Request) -> Response:
    data = await run_in_threadpool(everything, str(request.base_url))
    headers = {"content-disposition": 'attachment; filename="leaderboard.zip"', "cache-control": "no-store"}
    return Response(data, media_type="application/zip", headers=headers)


async def _cite(request: Request) -> Response:
    text = await run_in_threadpool(lambda: records.citation(_store(), str(request.base_url), time.time()))
    return PlainTextResponse(text)


async def _index(request: Request) -> Response:
    return JSONResponse({"read-only": [route.path for route in ROUTES[:-1]]})


async def _unknown(request: Request) -> Response:
    return JSONResponse({"error": f"no such address; {PREFIX} lists them"}, 404)


ROUTES = [
    Route(PREFIX, _index, methods=["GET"]),
    Route(f"{PREFIX}/challenges", answering(_challenges), methods=["GET"]),
    Route(f"{PREFIX}/standings", answering(_standings), methods=["GET"]),
    Route(f"{PREFIX}/groups", answering(_groups), methods=["GET"]),
    Route(f"{PREFIX}/best", answering(_best), methods=["GET"]),
    Route(f"{PREFIX}/everything.zip", _everything, methods=["GET"]),
    Route(f"{PREFIX}/cite", _cite, methods=["GET"]),
    Route(f"{PREFIX}/{{rest:path}}", _unknown, methods=["GET"]),
]

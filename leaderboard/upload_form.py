"""The form to hand in with, and what became of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import pandas as pd
import streamlit as st

from haaqinet_eval.error_codes import meaning
from haaqinet_eval.errors import InputError
from haaqinet_eval.registry import scorer_names
from haaqinet_eval.store import Challenge, System

from . import exports, organiser, uploads
from .desk import DESK, largest, this_session
from .labels import verbatim
from .reading import the_store

SIGNALS, SCORES = "Enhanced signals (zip)", "A table of scores made elsewhere (CSV)"
SAYS = {"not said": None, "yes": True, "no": False}


@st.cache_resource(show_spinner=False)
def _line() -> uploads.UploadQueue:
    return uploads.UploadQueue()


def actor() -> str | None:
    """In whose name the visitor may upload, for the log; None for who may not."""
    name = organiser.name()
    if name is not None:
        return f"organiser {name}, by upload"
    return uploads.VISITOR if os.environ.get(uploads.EVERYBODY_VARIABLE) == "1" else None


def show(challenge: Challenge) -> None:
    """The form, or why there is none; then what became of the last upload."""
    who = actor()
    DESK.admit(this_session(), who is not None)
    if who is None:
        st.markdown(
            "Only organisers upload here, with their token at the end of this page. Everybody else sends "
            "them the file, or hands in by command where the store is in reach."
        )
    elif not _busy():
        _show_form(challenge, who)
    if "_upload" in st.session_state:
        st.fragment(_show_upload, run_every=1 if _busy() else None)()


def _busy() -> bool:
    return "_upload" in st.session_state and not st.session_state["_upload"].done()


def _show_form(challenge: Challenge, who: str) -> None:
    known = "root" in challenge.settings
    kinds = [SIGNALS, SCORES] if known else [SCORES]
    if not known:
        st.markdown(
            "The store does not know where this challenge's data are, so signals cannot be checked "
            "here: the first `haaqinet submit --root ROOT` tells it."
        )
    what = st.radio("What", kinds, key="upload-what", horizontal=True)
    number = st.session_state.get("_uploads", 0)
    limit = largest() if what == SIGNALS else min(largest(), uploads.TABLE_BYTES)
    with st.form(f"upload-{number}"):
        end = "zip" if what == SIGNALS else "csv"
        file = st.file_uploader(
            f"File, up to {limit // 10**6} MB",
            type=[end],
            key=f"upload-file-{end}-{number}",
            max_upload_size=limit // 10**6,
        )
        system = _asked_system()
        scorer, version = _asked_scorer() if what == SCORES else ("", "unknown")
        if not st.form_submit_button("Check and hand in", type="primary"):
            return
    if file is None:
        st.error("Choose a file first.")
        return
    try:
        upload = uploads.Upload(challenge, system, who, scorer, version)
        job = _line().give(the_store(), file.getbuffer(), upload, limit)
    except InputError as error:
        st.error(str(error))
        return
    DESK.drop(this_session(), file.file_id)
    st.session_state["_upload"], st.session_state["_uploads"] = job, number + 1
    st.rerun()


def _asked_system() -> System:
    left, right = st.columns(2)
    team = left.text_input("Team", max_chars=80, key="upload-team")
    system = right.text_input("System", max_chars=80, key="upload-system")
    left, middle, right = st.columns(3)
    causal = left.selectbox("Causal", list(SAYS), key="upload-causal")
    augmented = middle.selectbox("Trained on additional data", list(SAYS), key="upload-augmented")
    size = right.number_input("Parameters of the model", 0, 10**13, None, key="upload-size")
    left, middle, right = st.columns(3)
    data = left.text_input("Training data, as declared on the board", max_chars=300, key="upload-data")
    ahead = middle.number_input("Look-ahead (ms)", 0.0, 1e6, None, key="upload-ahead")
    speed = right.number_input("Real-time factor", 0.0, 1e6, None, key="upload-speed")
    note = st.text_input("Note, shown on the board", max_chars=300, key="upload-note")
    facts = {"trained_on": data, "look_ahead": ahead, "speed": speed}
    return System(team, system, SAYS[causal], SAYS[augmented], size, note, **facts)


def _asked_scorer() -> tuple[str, str]:
    left, right = st.columns(2)
    scorer = left.selectbox("What made the scores", scorer_names(), key="upload-scorer")
    return scorer, right.text_input("Its version", "unknown", max_chars=80, key="upload-version")


def _show_upload() -> None:
    """The last upload: under way, or its answer."""
    job: Future[uploads.Answer] = st.session_state["_upload"]
    if not job.done():
        st.info(
            "Being checked: every file is decoded. This page shows what is found.", icon=":material/sync:"
        )
        return
    if st.session_state.get("_shown") is not job:
        st.session_state["_shown"] = job
        st.rerun()  # the whole page, whose lists have it now
    answer = job.result()
    if answer.record is None:
        st.error("Not taken:")
        st.text(answer.complaint)
    else:
        _show_answer(answer.record)


def _show_answer(record: Mapping[str, Any]) -> None:
    number, whose = record["id"], verbatim(f"{record['system']['team']} / {record['system']['name']}")
    if number is None:
        st.error(f"Not taken for {whose}: {record['reason']}.")
    elif record["state"] == "invalid":
        st.error(f"Submission {number} of {whose} is refused: it has errors, and will not be scored.")
    elif not record.get("new", True):
        st.info(f"These bytes are submission {number} of {whose} already, which is {record['state']}.")
    elif record["state"] == "queued":
        st.success(f"Submission {number} of {whose} is queued; a worker will score it.")
    else:
        st.success(f"Submission {number} of {whose} is {record['state']}.")
    if record["findings"]:
        show_findings(findings_table(record["findings"]), "upload-findings")


def findings_table(findings: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """Findings of a check as a table: code, severity, file, message, and what the code means."""
    rows = [
        {
            "Code": item["code"],
            "Severity": item["severity"],
            "File": item["file"],
            "Message": item["message"].removeprefix(f"{item['file']}: "),
            "Meaning": meaning(item["code"]),
        }
        for item in findings
    ]
    return pd.DataFrame(rows)


def show_findings(table: pd.DataFrame, name: str) -> None:
    """Show them, see `findings_table`."""
    exports.table(table, name, column_config={"File": st.column_config.TextColumn(width=220)})

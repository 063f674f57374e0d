"""Standings: who is where, how surely, and who is not ranked and why."""

from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd
import streamlit as st

from haaqinet_eval.errors import InputError
from haaqinet_eval.store import Among, Challenge, Entry, Subset, published, submissions
from leaderboard import charts, exports, filters, reading, sureness
from leaderboard.words import (
    DEFINITIONS,
    INTRUSIVE,
    PAGES,
    PREDICTED,
    TARGET,
    title,
    unfamiliar_text,
    yes_no,
)

Ranks = dict[tuple[str, int], int | None]  # by scorer and submission
COLORS = {PREDICTED: charts.FIRST, TARGET: charts.THIRD}  # of charts
SHORT = {INTRUSIVE: "HAAQI", PREDICTED: "Predicted", TARGET: "Predicted, gains known"}  # heads of columns


def ranks_among_all(challenge: Challenge, which: dict[str, str], subset: Subset | None) -> Ranks:
    """Rank of every submission on the same trials, where no system is left out."""
    entries = reading.board(challenge, **which, subset=subset)
    return {(entry.scorer, entry.submission): entry.rank for entry in reading.made_here(entries)}


def rank_text(entry: Entry) -> str:
    """`2 to 4`, or what keeps the entry from having a rank."""
    if entry.rank is None:
        return "reference" if entry.reference else "–"
    low, high = entry.rank_low, entry.rank_high
    return f"{low} to {high}" if low != high else f"{low}"


def figures(entry: Entry | None, name: str) -> dict[str, object]:
    """The columns of one scorer; without rank, which stands first."""
    if entry is None or entry.mean is None:
        values = {}
    else:
        values = {**asdict(entry), "ranks": rank_text(entry), "mark": unfamiliar_text(entry)}
    columns = ("mean", "low", "high", "ranks", "tie_group", *(["mark"] if name == title(PREDICTED) else []))
    return {f"{name} {column}": values.get(column) for column in columns}


def scorer_columns(item: reading.Scored, scorer: str, of_all: Ranks) -> dict[str, object]:
    """The columns of one scorer, rank first; the rank among all where systems are left out."""
    entry, name = item.entries.get(scorer), title(scorer)
    ranks = {f"{name} rank": entry.rank if entry else None}
    if of_all:
        ranks[f"{name} rank of all"] = of_all.get((scorer, entry.submission)) if entry else None
    return {**ranks, **figures(entry, name)}


def ranked_table(items: Sequence[reading.Scored], scorers: Sequence[str], of_all: Ranks) -> pd.DataFrame:
    """Complete systems, one row each; every scorer has its own columns and its own rank."""
    rows = []
    for item in items:
        about = item.any
        own = {key: value for s in scorers for key, value in scorer_columns(item, s, of_all).items()}
        first = [key for key in own if key.startswith(f"{title(scorers[0])} rank") and "ranks" not in key]
        rows.append(
            {
                **{key: own[key] for key in first},
                "Team": about.team,
                "System": about.system,
                **own,
                **{
                    f"{title(s)} {ear}": getattr(item.entries[s], ear) if s in item.entries else None
                    for s in scorers
                    for ear in ("left", "right")
                },
                "Kind": f"reference: {about.reference}" if about.reference else "entry",
                "Coverage": about.coverage,
                "Causal": yes_no(about.causal),
                "More data": yes_no(about.augmented),
                "Parameters": about.model_size,
                "Received": about.date[:10],
                "Submission": about.submission,
                "Note": about.note,
            }
        )
    whole = [f"{title(s)} {name}" for s in scorers for name in ("rank", "rank of all", "tie_group")]
    frame = pd.DataFrame(rows)
    return frame.astype({name: "Int64" for name in ("Parameters", *whole) if name in frame})


def column_config(scorers: Sequence[str]) -> dict[str, object]:
    """How the columns look."""
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    config: dict[str, object] = {
        "Team": text(width=110),
        "System": text(width=150),
        "Parameters": number(format="compact"),
        "Coverage": number(format="percent", help="Share of the expected trials that have a score"),
    }
    for scorer in scorers:
        name, short = title(scorer), SHORT.get(scorer, scorer)
        config |= {
            f"{name} rank": number(
                f"{short} rank", help=f"By the mean of {name} alone, among what is shown", width=115
            ),
            f"{name} rank of all": number(
                f"{short} rank of all", help="On the same trials, with the systems that are filtered out"
            ),
            f"{name} mean": number(f"{short} mean", format="%.4f"),
            f"{name} low": number("95 % from", format="%.3f", help="Bootstrap over scenes and listeners"),
            f"{name} high": number("95 % to", format="%.3f"),
            f"{name} ranks": text(
                f"{short} rank range", help="Ranks that the differences leave open: 95 %, corrected (Holm)"
            ),
            f"{name} tie_group": number(
                f"{short} tie group", help="Every system is significantly better than all of later groups"
            ),
            f"{name} mark": text(
                f"{short}: sureness",
                help="Marked where much of the sound is unlike what the net was trained on",
            ),
            f"{name} left": number(f"{short} left ear", format="%.3f"),
            f"{name} right": number(f"{short} right ear", format="%.3f"),
        }
    return config


def unranked_table(items: Sequence[reading.Scored]) -> pd.DataFrame:
    """Systems that lack a score, with the reason."""
    rows = []
    for item in items:
        for scorer, entry in item.entries.items():
            if entry.mean is None:
                errors = ", ".join(f"{code} {count}" for code, count in entry.errors.items())
                rows.append(
                    {
                        "Team": entry.team,
                        "System": entry.system,
                        "Scorer": title(scorer),
                        "State": entry.state,
                        "Reason": "; ".join(filter(None, (entry.reason, errors))),
                        "Scored": entry.scored,
                        "Expected": entry.expected,
                        "Coverage": entry.coverage,
                        "Submission": entry.submission,
                    }
                )
    return pd.DataFrame(rows)


def invalid_table(challenge: Challenge) -> pd.DataFrame:
    """Submissions that were refused."""
    found = reading.read(submissions, challenge=challenge.name, split=challenge.split, state="invalid")
    return pd.DataFrame(
        [
            {
                "Team": s.system.team,
                "System": s.system.name,
                "State": s.state,
                "Reason": ", ".join(sorted({f["code"] for f in s.findings if f["severity"] == "error"})),
                "Submission": s.id,
            }
            for s in found
        ]
    )


def kind_of(item: reading.Scored, scorer: str) -> str:
    """What a mark of the chart of intervals stands for."""
    if item.any.reference:
        return "reference"
    return "unfamiliar sound" if scorer == PREDICTED and unfamiliar_text(item.entries[scorer]) else "entry"


def chart_frame(items: Sequence[reading.Scored], scorer: str) -> pd.DataFrame:
    """What the chart of intervals draws: complete systems, best first."""
    rows = [
        {
            "system": item.label,
            **{name: getattr(item.entries[scorer], name) for name in ("mean", "low", "high")},
            "kind": kind_of(item, scorer),
        }
        for item in items
        if item.mean(scorer) is not None
    ]
    return pd.DataFrame(rows).sort_values("mean", ascending=False) if rows else pd.DataFrame()


def show_ranked(
    challenge: Challenge, items: Sequence[reading.Scored], scorers: Sequence[str], of_all: Ranks
) -> None:
    """Table and charts of the complete systems."""
    whole = [item for item in items if any(e.mean is not None for e in item.entries.values())]
    if not whole:
        st.info("No system here has a score for every trial, so nothing is ranked.")
        return
    chosen = exports.table(
        ranked_table(whole, scorers, of_all),
        f"standings-{challenge.name}",
        column_config=column_config(scorers),
        on_select="rerun",
        selection_mode="single-row",
    )
    if chosen.selection.rows:
        show_links(challenge, whole[chosen.selection.rows[0]])
    if INTRUSIVE in scorers and PREDICTED in scorers:
        st.caption(
            "HAAQI ranks as the challenge does. HAAQI-Net's prediction has ranks of its own and does not "
            "change those of HAAQI. Reference rows stand at their mean and take no rank. Choose a row to "
            "open its system."
        )
    sureness.show_marks(whole)
    for column, scorer in zip(st.columns(len(scorers)), scorers, strict=True):
        frame = chart_frame(whole, scorer)
        if len(frame):
            with column:
                color = COLORS.get(scorer, charts.SECOND)
                exports.chart(
                    charts.interval_chart(frame, title(scorer), color),
                    f"intervals-{scorer}",
                    f"Mean {title(scorer)} of each system with its 95 % interval, best first.",
                )


def show_links(challenge: Challenge, item: reading.Scored) -> None:
    """Ways on from a row of the table."""
    address = {"challenge": challenge.title, "system": item.label}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(item.label)
        for name, label in (("listeners", "Listeners"), ("system", "System")):
            st.page_link(str(PAGES / f"{name}.py"), label=label, query_params=address)


def show_apart(challenge: Challenge, entries: Sequence[Entry]) -> None:
    """Scores made elsewhere, and published averages."""
    elsewhere = [entry for entry in entries if entry.origin != "here"]
    if elsewhere:
        st.subheader("Scored elsewhere")
        st.caption("Tables of scores that were handed in; ranked among themselves only.")
        rows = [
            {
                "Scorer": title(e.scorer),
                "Version": e.version,
                "Rank": e.rank,
                "Team": e.team,
                "System": e.system,
                "Mean": e.mean,
                "Left": e.left,
                "Right": e.right,
            }
            for e in elsewhere
        ]
        exports.table(pd.DataFrame(rows), "scored-elsewhere")
    known = reading.read(published, challenge.name)
    if known:
        st.subheader("Published averages")
        st.caption(
            "What the challenge published of its own test set. Not scored here, so never in one table."
        )
        frame = pd.DataFrame([vars(result) for result in known])
        for name in ("baseline", "causal", "augmented"):
            frame[name] = frame[name].map(lambda said: yes_no(None if pd.isna(said) else said))
        config = {"team": st.column_config.TextColumn(width=90)}
        exports.table(frame, "published-averages", column_config=config)


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    st.title("Standings")
    st.markdown(
        f"`{challenge.title}`: {challenge.expected:,} ears heard ({challenge.scenes} scenes, "
        f"{challenge.listeners} listeners). Means with intervals of 95 %, from a bootstrap over scenes and "
        "listeners."
    )
    which, subset, among = filters.pick(challenge)
    filtered = filters.text(which, subset, among)
    try:
        entries = reading.board(challenge, **which, subset=subset, among=among)
        of_all = ranks_among_all(challenge, which, subset) if among != Among() else {}
    except InputError:
        st.info("No trial passes these filters.")
        return
    items = reading.systems(entries)
    if not entries:
        st.info("No submission passes these filters.")
    elif filtered:
        st.info(f"Filtered: {filtered}. Ranks, ties and rank ranges are among what is shown.")
    scorers = sorted({e.scorer for e in reading.made_here(entries)}, key=lambda s: (s != INTRUSIVE, s))
    if entries:
        show_ranked(challenge, items, scorers, of_all)
    below, refused = unranked_table(items), invalid_table(challenge)
    if len(below) or len(refused):
        st.subheader("Not ranked")
        st.caption("A mean exists only where every expected trial has a score. Nothing here is ranked.")
        frame = pd.concat([below, refused], ignore_index=True)
        percent = st.column_config.NumberColumn(format="percent")
        exports.table(frame, "not-ranked", column_config={"Coverage": percent})
    show_apart(challenge, entries)
    with st.expander(f"Severity: {', '.join(DEFINITIONS.values())}"):
        st.write("The filter uses the first; the page Listeners shows both.")


main()

"""Standings: who is where, how surely, and who is not ranked and why."""

from collections.abc import Sequence

import streamlit as st

from haaqinet_eval.errors import InputError
from haaqinet_eval.registry import caution, rank_note
from haaqinet_eval.site.words import challenge_words
from haaqinet_eval.store import Challenge
from leaderboard import exports, filters, first_table, ranking, reading, trend, uncertainty
from leaderboard.labels import (
    DEFINITIONS,
    INTRUSIVE,
    PAGES,
    PREDICTED,
    is_neighbour,
    label,
    title,
)


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
        name, short = title(scorer), label(scorer)
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
                f"{short}: uncertainty",
                help="Marked where much of the sound is unlike what the net was trained on",
            ),
            f"{name} left": number(f"{short} left ear", format="%.3f"),
            f"{name} right": number(f"{short} right ear", format="%.3f"),
        }
    return config


def show_ranked(shown: ranking.Shown, columns: tuple[str, ...]) -> None:
    """The complete systems: as a list, with every figure, and as charts."""
    whole, scorers = reading.shared(ranking.whole_of, *shown), reading.shared(ranking.scorers_of, *shown)
    if not whole:
        st.info("No system here has a score for every trial, so nothing is ranked.")
        return
    ranked, figures, drawn, over_time = st.tabs(["Ranking", "Every figure", "Charts", "Trend"])
    with ranked:
        search = st.text_input(
            "Search",
            key="search",
            bind="query-params",
            placeholder="Search team, system or note",
            label_visibility="collapsed",
            width=420,
        )
        table = reading.shared(first_table.first_table, search, columns, *shown)
        if table is None:
            st.info("No system has these words in its name.")
        else:
            st.html(table)
    with figures:
        show_figures(shown, whole, scorers)
    with drawn:
        show_charts(shown, whole, scorers)
    with over_time:
        trend.show(scorers[0], *shown)
    show_notes(shown[0], whole, scorers)


def show_figures(shown: ranking.Shown, whole: Sequence[reading.Scored], scorers: Sequence[str]) -> None:
    """The table of all figures, to be sorted and searched."""
    challenge = shown[0]
    chosen = exports.table(
        reading.shared(ranking.ranked_table, *shown),
        f"standings-{challenge.name}",
        column_config=column_config(scorers),
        on_select="rerun",
        selection_mode="single-row",
    )
    if chosen.selection.rows:
        show_links(challenge, whole[chosen.selection.rows[0]])


def show_notes(challenge: Challenge, whole: Sequence[reading.Scored], scorers: Sequence[str]) -> None:
    """What to mind of the scorers."""
    if note := rank_note(challenge.name, {s for item in whole for s in scorers if item.mean(s) is not None}):
        st.caption(note)
    elif INTRUSIVE in scorers and PREDICTED in scorers:
        st.caption(
            "HAAQI ranks as the challenge does; no prediction changes its ranks. Reference rows stand at "
            "their mean and take no rank."
        )
    for text in filter(None, (caution(s, challenge.name) for s in scorers if not is_neighbour(s))):
        st.caption(text)
    if beside := [label(scorer) for scorer in scorers if is_neighbour(scorer)]:
        st.caption(f"Not ranked, as they know no challenge and mostly no hearing loss: {', '.join(beside)}.")
    uncertainty.show_marks(whole)


def show_charts(shown: ranking.Shown, whole: Sequence[reading.Scored], scorers: Sequence[str]) -> None:
    """Means with intervals, a chart per scorer."""
    scorers = [scorer for scorer in scorers if not is_neighbour(scorer)]
    for column, scorer in zip(st.columns(max(1, len(scorers))), scorers, strict=False):
        if any(item.mean(scorer) is not None for item in whole):
            with column:
                exports.chart(
                    ranking.intervals,
                    shown,
                    scorer,
                    name=f"intervals-{scorer}",
                    says=f"Mean {title(scorer)} of each system with its 95 % interval.",
                )


def show_links(challenge: Challenge, item: reading.Scored) -> None:
    """Ways on from a row of the table."""
    address = {"challenge": challenge.title, "system": item.label}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(item.label)
        for name, label in (("listeners", "Listeners"), ("system", "System")):
            st.page_link(str(PAGES / f"{name}.py"), label=label, query_params=address)


def show_apart(shown: ranking.Shown) -> None:
    """Scores made elsewhere, and published averages."""
    elsewhere = reading.shared(ranking.elsewhere_table, *shown)
    if len(elsewhere):
        st.header("Scored elsewhere")
        st.caption("Tables of scores that were handed in; ranked, if at all, among themselves only.")
        exports.table(elsewhere, "scored-elsewhere")
    known, source = reading.shared(ranking.published_table, shown[0].name)
    if len(known):
        st.header("Published averages")
        told = f" Source: {source}." if source else ""
        st.caption(
            f"What the challenge published of its own test set. Not scored here, so never in one table.{told}"
        )
        three = st.column_config.NumberColumn(format="%.3f")
        config = dict.fromkeys(("HAAQI", "Joint score", "Left ear", "Right ear"), three)
        config |= {"Team": st.column_config.TextColumn(width=110)}
        exports.table(known, "published-averages", column_config=config)


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    st.title("Standings")
    head = st.container()
    which, subset, among, columns = filters.pick(challenge)
    filtered = filters.text(which, subset, among)
    shown: ranking.Shown = (challenge, which["pick"], which["per"], subset, among)
    try:
        entries = ranking.entries_of(*shown)
    except InputError:
        st.info("No trial passes these filters.")
        return
    with head:
        st.markdown(
            f"{challenge_words(challenge)}: {challenge.scenes} scenes, {challenge.listeners} listeners, "
            f"{challenge.expected:,} ears heard."
        )
        if entries:
            st.html(reading.shared(first_table.sentence, *shown))
    if not entries:
        st.info("No submission passes these filters.")
    elif filtered:
        st.info(f"Filtered: {filtered}. Ranks, ties and rank ranges are among what is shown.")
    if entries:
        show_ranked(shown, columns)
    below = reading.shared(ranking.unranked_table, *shown)
    if len(below):
        st.header("Not ranked")
        st.caption("A mean exists only where every expected trial has a score. Nothing here is ranked.")
        percent = st.column_config.NumberColumn(format="percent")
        exports.table(below, "not-ranked", column_config={"Coverage": percent})
    show_apart(shown)
    with st.expander(f"Severity: {', '.join(DEFINITIONS.values())}"):
        st.write("The filter uses the first; the page Listeners shows both.")


main()

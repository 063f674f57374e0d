"""Listeners: one person's hearing, and what each scorer says a system gives that person."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from haaqinet_eval.agreement import coverage
from haaqinet_eval.audiogram import EARS, Listener
from haaqinet_eval.store import Challenge
from leaderboard import charts, choices, exports, metrics, reading
from leaderboard.words import DEFINITIONS, INTRUSIVE, PREDICTED, TARGET, by_severity, figure, title


def better_ear(listener: Listener) -> float:
    """Mean threshold of the better ear at 0.5, 1, 2 and 4 kHz (dB HL)."""
    return min(listener.ear(ear).mean_level((500, 1000, 2000, 4000)) for ear in EARS)


def show_person(listener: Listener | None, name: str) -> None:
    """The audiograms and the severity."""
    st.subheader("Hearing")
    if listener is None:
        st.info("The store does not know this listener's audiogram.")
        return
    exports.chart(
        charts.audiogram_chart(listener),
        f"audiogram-{name}",
        "Audiograms: dB HL, downwards, over frequency; right ear red circles, left ear blue crosses.",
        width=380,
    )
    st.markdown(
        f"**{listener.severity_humes}** by Humes 2019 (better ear, {better_ear(listener):.0f} dB HL). "
        f"pyclarity: right **{listener.right.severity_clarity}**, left **{listener.left.severity_clarity}**."
    )


def mean_figures(frame: pd.DataFrame) -> None:
    """Means by ear of both scorers, as figures."""
    cells = [(ear, scorer) for ear in ("right", "left") for scorer in ("intrusive", "predicted")]
    metrics.show([(f"{s}, {ear} ear", figure(frame[frame.ear == ear][s].mean())) for ear, s in cells])


def show_trials(challenge: Challenge, item: reading.Scored, name: str) -> None:
    """Predicted against intrusive scores of this listener, trial by trial."""
    st.subheader("Predicted against intrusive, per scene and ear")
    pairs = reading.predicted_and_intrusive(challenge, item)
    mine = pairs[pairs.listener == name]
    if not len(mine):
        st.info("This system has no trial of this listener that both scorers scored.")
        show_single(challenge, item, name)
        return
    mean_figures(mine)
    tooltip = ["scene", "song", "ear", *(["stem"] if mine.stem.any() else [])]
    left, right = st.columns(2)
    with left:
        exports.chart(
            charts.agreement_chart(mine, tooltip),
            f"agreement-{name}",
            "HAAQI-Net over HAAQI, a mark per scene and ear with its interval; equal on the dashed line.",
        )
    with right:
        exports.chart(
            charts.bland_altman(mine, tooltip),
            f"bland-altman-{name}",
            "Predicted minus intrusive over their mean, with bias and limits of agreement.",
        )
    bias, low, high = charts.limits_of_agreement(mine.error)
    st.caption(
        f"HAAQI-Net is on average {abs(bias):.3f} {'above' if bias >= 0 else 'below'} HAAQI here; "
        f"95 % of differences lie between {low:+.3f} and {high:+.3f}, if they are normal. n = {len(mine)}."
    )
    found = coverage(mine.low, mine.high, mine.intrusive)
    if found.n:
        st.caption(
            f"The bars are intervals of 90 %: one that crosses the dashed line holds the true score, as "
            f"{found.inside} of {found.n} do here."
        )
    columns = [*tooltip, "intrusive", "predicted", *(reading.SURENESS if found.n else []), "error"]
    shown = mine[columns].sort_values("error", key=abs, ascending=False)
    exports.table(shown.round(4), f"trials-{name}", height=240)


def show_single(challenge: Challenge, item: reading.Scored, name: str) -> None:
    """Scores of this listener by the scorers that there are."""
    frames = [
        reading.rows(challenge, entry).assign(scorer=title(scorer))
        for scorer, entry in item.entries.items()
        if entry.scored
    ]
    if frames:
        frame = pd.concat(frames)
        frame = frame[frame.listener == name][["scorer", "scene", "song", "ear", "score", "error"]]
        exports.table(frame, f"trials-{name}", height=240)


def show_among_all(item: reading.Scored, people: Mapping[str, Listener], name: str) -> None:
    """Where this listener stands among all."""
    st.subheader("Among all listeners")
    frame = reading.by_listener([item])
    frame = frame[frame.listener.isin(people)]
    if not len(frame):
        st.info("No scores by listener, or no audiograms.")
        return
    texts = []
    for scorer in (INTRUSIVE, PREDICTED, TARGET):
        means = frame[frame.scorer == scorer].set_index("listener")["mean"]
        if name in means:
            place = 1 + int((means > means[name] + 1e-12).sum())
            texts.append(f"place {place} of {len(means)} by {title(scorer)} ({means[name]:.3f})")
    frame = frame.assign(
        loss=[better_ear(people[id]) for id in frame.listener], scorer=frame.scorer.map(title)
    )
    exports.chart(
        charts.listeners_chart(frame, name),
        "among-all",
        "Mean score of every listener over the better ear's loss; the chosen listener is ringed.",
    )
    st.caption(f"With this system: {', '.join(texts)}." if texts else "This listener has no mean here.")


def show_heat_map(items: Sequence[reading.Scored], people: Mapping[str, Listener]) -> None:
    """Listeners by systems."""
    st.subheader("All listeners, all systems")
    frame = reading.by_listener(items)
    views = [s for s in (INTRUSIVE, PREDICTED) if (frame.scorer == s).any()]
    if not views:
        st.info("No scores yet.")
        return
    names = {title(s): s for s in views} | ({"predicted minus intrusive": None} if len(views) == 2 else {})
    view = choices.pick("Shown", list(names), "map")
    table = frame.pivot(index=["listener", "system"], columns="scorer", values="mean")
    scorer = names[view]
    value = table[PREDICTED] - table[INTRUSIVE] if scorer is None else table[scorer]
    cells = value.rename("value").dropna().reset_index()
    loss = {id: better_ear(person) for id, person in people.items()}
    listeners = sorted(cells.listener.unique(), key=lambda id: (loss.get(id, 999.0), id))
    exports.chart(
        charts.heat_map(cells, [item.label for item in items], listeners, scorer is None),
        "listeners-by-systems",
        "Mean by listener and system; listeners in order of hearing loss, systems in order of rank.",
    )
    st.caption(
        "Listeners from the mildest loss (above) to the most severe; systems in the order of the standings."
    )
    wide = cells.pivot(index="listener", columns="system", values="value").reindex(listeners).reset_index()
    with st.expander("The same as a table"):
        exports.table(wide, "listeners-by-systems")


def show_severity(item: reading.Scored) -> None:
    """Means by severity, in both definitions."""
    st.subheader("By severity of the loss")
    for column, (kind, what) in zip(st.columns(2), DEFINITIONS.items(), strict=True):
        frames = [
            reading.groups(entry, kind).assign(series=title(scorer))
            for scorer, entry in item.entries.items()
            if entry.scored and scorer in (INTRUSIVE, PREDICTED)
        ]
        frame = pd.concat(frames).dropna(subset="mean") if frames else pd.DataFrame()
        if len(frame):
            with column:
                st.markdown(f"**{what}**")
                order = sorted(frame.name.unique(), key=by_severity)
                drawing = charts.groups_chart(frame[["name", "series", "mean"]], order)
                exports.chart(drawing, kind, f"Mean score by severity: {what}.")


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    st.title("Listeners")
    items = reading.with_rows(reading.systems(reading.board(challenge)))
    if not items:
        st.info("No trial of this challenge has been scored yet.")
        return
    people = reading.people(challenge)
    names = sorted(set(reading.by_listener(items).listener) | set(people))
    left, right = st.columns(2)
    with left:
        item = choices.pick_system(items)
    with right:
        name = choices.pick_listener(names)
    hearing, trials = st.columns([2, 3], gap="large")
    with hearing:
        show_person(people.get(name), name)
        show_among_all(item, people, name)
    with trials:
        show_trials(challenge, item, name)
    show_severity(item)
    show_heat_map(items, people)


main()

"""Listeners: one person's hearing, and what each scorer says a system gives that person."""

import altair as alt
import pandas as pd
import streamlit as st

from haaqinet_eval.analysis.agreement import coverage
from haaqinet_eval.audiogram import better_ear_level
from haaqinet_eval.site.figures import severity_words
from haaqinet_eval.store import Challenge
from leaderboard import charts, choices, exports, metrics, reading
from leaderboard.labels import DEFINITIONS, INTRUSIVE, by_severity, figure, predictors, title


def audiograms(challenge: Challenge, name: str) -> alt.LayerChart:
    """The chart of a listener's hearing."""
    return charts.audiogram_chart(reading.people(challenge)[name])


def show_person(challenge: Challenge, name: str) -> None:
    """The audiograms and the severity."""
    st.header("Hearing")
    listener = reading.people(challenge).get(name)
    if listener is None:
        st.info("The store does not know this listener's audiogram.")
        return
    exports.chart(
        audiograms,
        challenge,
        name,
        name=f"audiogram-{name}",
        says="Audiograms: dB HL, downwards, over frequency; right ear red circles, left ear blue crosses.",
        width=380,
    )
    humes, right, left = map(
        severity_words,
        (listener.severity_humes, listener.right.severity_clarity, listener.left.severity_clarity),
    )
    st.markdown(
        f"**{humes.capitalize()}** by Humes 2019 (better ear, {better_ear_level(listener):.0f} dB HL). "
        f"pyclarity: right **{right}**, left **{left}**."
    )


def mean_figures(frame: pd.DataFrame) -> None:
    """Means by ear of both scorers, as figures."""
    means = frame.groupby("ear")[["intrusive", "predicted"]].mean().to_dict("index")
    cells = [(ear, scorer) for ear in ("right", "left") for scorer in ("intrusive", "predicted")]
    metrics.show([(f"{s}, {ear} ear", figure(means.get(ear, {}).get(s))) for ear, s in cells])


def pairs(challenge: Challenge, label: str, name: str) -> pd.DataFrame:
    """A listener's trials of a system that both scorers scored."""
    frame = reading.predicted_and_intrusive(challenge, reading.system(challenge, label))
    return frame[frame.listener == name]


def labels(frame: pd.DataFrame) -> list[str]:
    """The columns that say which trial a row is."""
    return ["scene", "song", "ear", *(["stem"] if frame.stem.any() else [])]


def agreement_of(challenge: Challenge, label: str, name: str) -> alt.LayerChart:
    """The chart of predicted over intrusive scores of a listener."""
    mine = reading.shared(pairs, challenge, label, name)
    return charts.agreement_chart(mine, labels(mine))


def differences_of(challenge: Challenge, label: str, name: str) -> alt.LayerChart:
    """The chart of their differences over their means."""
    mine = reading.shared(pairs, challenge, label, name)
    return charts.bland_altman(mine, labels(mine))


def summary(challenge: Challenge, label: str, name: str) -> tuple[list[str], pd.DataFrame]:
    """What is said below the charts of agreement, and the table of the trials."""
    mine = reading.shared(pairs, challenge, label, name)
    bias, low, high = charts.limits_of_agreement(mine.error)
    texts = [
        f"HAAQI-Net is on average {abs(bias):.3f} {'above' if bias >= 0 else 'below'} HAAQI here; "
        f"95 % of differences lie between {low:+.3f} and {high:+.3f}, if they are normal. n = {len(mine)}."
    ]
    found = coverage(mine.low, mine.high, mine.intrusive)
    if found.n:
        texts.append(
            f"The bars are intervals of 90 %: one that crosses the dashed line holds the true score, as "
            f"{found.inside} of {found.n} do here."
        )
    columns = [*labels(mine), "intrusive", "predicted", *(reading.SURENESS if found.n else []), "error"]
    return texts, mine[columns].sort_values("error", key=abs, ascending=False).round(4)


def show_trials(challenge: Challenge, item: reading.Scored, name: str) -> None:
    """Predicted against intrusive scores of this listener, trial by trial."""
    st.header("Predicted against intrusive, per scene and ear")
    which = (challenge, item.label, name)
    mine = reading.shared(pairs, *which)
    if not len(mine):
        st.info("This system has no trial of this listener that both scorers scored.")
        frame = reading.shared(single, *which)
        if len(frame):
            exports.table(frame, f"trials-{name}", height=240)
        return
    mean_figures(mine)
    left, right = st.columns(2)
    with left:
        exports.chart(
            agreement_of,
            *which,
            name=f"agreement-{name}",
            says="HAAQI-Net over HAAQI, a mark per scene and ear, with interval; equal on the dashed line.",
        )
    with right:
        exports.chart(
            differences_of,
            *which,
            name=f"bland-altman-{name}",
            says="Predicted minus intrusive over their mean, with bias and limits of agreement.",
        )
    texts, shown = reading.shared(summary, *which)
    for text in texts:
        st.caption(text)
    exports.table(shown, f"trials-{name}", height=240)


def single(challenge: Challenge, label: str, name: str) -> pd.DataFrame:
    """Scores of this listener by the scorers that there are."""
    frames = [
        reading.rows(challenge, entry).assign(scorer=title(scorer))
        for scorer, entry in reading.system(challenge, label).entries.items()
        if entry.scored
    ]
    frame = pd.concat(frames)
    return frame[frame.listener == name][["scorer", "scene", "song", "ear", "score", "error"]]


def among_all(challenge: Challenge, label: str) -> pd.DataFrame:
    """Means of a system's listeners whose hearing is known: listener, system, scorer, mean, loss (dB HL)."""
    people, frame = reading.people(challenge), reading.by_listener(challenge)
    frame = frame[(frame.system == label) & frame.listener.isin(people)]
    return frame.assign(loss=[better_ear_level(people[id]) for id in frame.listener])


def among_all_chart(challenge: Challenge, label: str, name: str) -> alt.LayerChart:
    """The chart of them, with one listener ringed."""
    frame = reading.shared(among_all, challenge, label)
    return charts.listeners_chart(frame.assign(scorer=frame.scorer.map(title)), name)


def places(challenge: Challenge, label: str, name: str) -> str:
    """Where a listener stands among all."""
    frame, texts = reading.shared(among_all, challenge, label), []
    for scorer in (INTRUSIVE, *predictors()):
        means = frame[frame.scorer == scorer].set_index("listener")["mean"]
        if name in means:
            place = 1 + int((means > means[name] + 1e-12).sum())
            texts.append(f"place {place} of {len(means)} by {title(scorer)} ({means[name]:.3f})")
    return f"With this system: {', '.join(texts)}." if texts else "This listener has no mean here."


def show_among_all(challenge: Challenge, item: reading.Scored, name: str) -> None:
    """Where this listener stands among all."""
    st.header("Among all listeners")
    if not len(reading.shared(among_all, challenge, item.label)):
        st.info("No scores by listener, or no audiograms.")
        return
    exports.chart(
        among_all_chart,
        challenge,
        item.label,
        name,
        name="among-all",
        says="Mean score of every listener over the better ear's loss; the chosen listener is ringed.",
    )
    st.caption(reading.shared(places, challenge, item.label, name))


def severities(challenge: Challenge, label: str, kind: str) -> pd.DataFrame:
    """Means of a system by severity: name, series, mean."""
    frames = [
        reading.groups(entry, kind).assign(series=title(scorer))
        for scorer, entry in reading.system(challenge, label).entries.items()
        if entry.scored and scorer in (INTRUSIVE, *predictors())
    ]
    columns = ["name", "series", "mean"]
    return pd.concat(frames)[columns].dropna(subset="mean") if frames else pd.DataFrame(columns=columns)


def severity_chart(challenge: Challenge, label: str, kind: str) -> alt.Chart:
    """The chart of them."""
    frame = reading.shared(severities, challenge, label, kind)
    return charts.groups_chart(frame, sorted(frame.name.unique(), key=by_severity))


def show_severity(challenge: Challenge, item: reading.Scored) -> None:
    """Means by severity, in both definitions."""
    st.header("By severity of the loss")
    for column, (kind, what) in zip(st.columns(2), DEFINITIONS.items(), strict=True):
        which = (challenge, item.label, kind)
        if len(reading.shared(severities, *which)):
            with column:
                st.markdown(f"**{what}**")
                exports.chart(severity_chart, *which, name=kind, says=f"Mean score by severity: {what}.")


def listeners(challenge: Challenge) -> list[str]:
    """All that have scores, or an audiogram."""
    return sorted(set(reading.by_listener(challenge).listener) | set(reading.people(challenge)))


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    st.title("Listeners")
    items = reading.all_systems(challenge)
    if not items:
        st.info("No trial of this challenge has been scored yet.")
        return
    left, right = st.columns(2)
    with left:
        item = choices.pick_system(items)
    with right:
        name = choices.pick_listener(reading.shared(listeners, challenge))
    hearing, trials = st.columns([2, 3], gap="large")
    with hearing:
        show_person(challenge, name)
        show_among_all(challenge, item, name)
    with trials:
        show_trials(challenge, item, name)
    show_severity(challenge, item)


main()

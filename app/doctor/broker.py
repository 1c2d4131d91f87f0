"""Sees if the broker lets us in, grants our topics, and brings a message round."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.doctor.finding import Finding, Status, counted, listed
from ingest import trial
from ingest.broker import Broker
from ingest.topics import Topics
from ingest.trial import Line, Outcome

CHECK: Final = "broker"
_DOWN: Final = f"beatkeeper/down/{trial.CLIENT_ID}"
# What a broker's words mean; the last for all others.
_ADVICE: Final = {
    "not authorized": "See to user and password in the address, and the broker's access list.",
    "user name": "See to user and password in the address.",
    "protocol": "Set BEATKEEPER_MQTT_PROTOCOL to the other one, 5 or 3.1.1.",
    "identifier": "Let the broker accept the client id `beatkeeper-doctor`.",
    "certificate": "Give its authority as BEATKEEPER_MQTT_CA, or mend the certificate.",
    "": "See that it runs, and that host and port are right.",
}


@dataclass(frozen=True, slots=True)
class Listening:
    """How the service listens: where, by which name, to which topics."""

    broker: Broker
    client_id: str
    line: Line
    topics: Topics

    @property
    def patterns(self) -> list[str]:
        """What it subscribes to."""
        return [one.pattern for one in self.topics.subscriptions]


def check_broker(
    listening: Listening, messages: Sequence[tuple[str, bytes]], patience_s: float = 5.0
) -> tuple[list[Finding], set[str]]:
    """Tries it with these messages, by topic; also gives the topics on which one came round.

    Blocks, for up to some times `patience_s` where the broker does not answer.
    """
    line, patterns = listening.line, listening.patterns
    outcome = trial.attempt(listening.broker, patterns, messages, line, patience_s)
    if outcome.refused:
        says = f"The broker {listening.broker} does not let us in: {outcome.refused}."
        said = outcome.refused.lower()
        do = next(advice for words, advice in _ADVICE.items() if words in said)
        return [Finding(CHECK, Status.BROKEN, says, do)], set()
    says = f"The broker {listening.broker} lets us in by MQTT {listening.line.protocol}."
    found = [Finding(CHECK, Status.OK, says), *_topics(outcome), *_round(outcome, messages)]
    found += [*_retained(outcome), *_feedback(listening, patience_s), _queue()]
    return found, outcome.came


def _topics(outcome: Outcome) -> list[Finding]:
    if not outcome.denied:
        return [Finding("topics", Status.OK, "It grants all topics that devices send on.")]
    return [
        Finding(
            "topics",
            Status.BROKEN,
            f"It does not grant {pattern}: {reason}.",
            f"Let our user read {pattern} in the broker's access list.",
            pattern,
        )
        for pattern, reason in outcome.denied.items()
    ]


def _round(outcome: Outcome, messages: Sequence[tuple[str, bytes]]) -> list[Finding]:
    if not messages:
        says = "No message was sent over MQTT, as the database cannot be used."
        return [Finding("round trip", Status.LOOK, says, "Mend the database first.")]
    lost = [topic for topic, _ in messages if topic not in outcome.came]
    if not lost:
        says = f"{counted(len(messages), 'message')} came round, each acknowledged."
        return [Finding("round trip", Status.OK, says)]
    if outcome.unsent:
        reason = next(iter(outcome.unsent.values()))
        says = f"It did not take what was published on {listed(outcome.unsent, 2)}: {reason}."
    else:
        says = f"What was published on {listed(lost, 2)} was acknowledged and never came."
    do = (
        "Let our user write and read beatkeeper/up/# in the access list, at least for this trial;"
        " or see that devices may, each on its own topic, and our user read them all."
    )
    return [Finding("round trip", Status.LOOK, says, do)]


def _feedback(listening: Listening, patience_s: float) -> list[Finding]:
    """Whether officers can be told anything: nobody listens to the doctor's device."""
    refused = trial.may_publish(listening.broker, _DOWN, listening.line, patience_s)
    if refused is None:
        says = "If we may publish to beatkeeper/down cannot be seen by MQTT 3.1.1."
        do = "Let our user write beatkeeper/down/# in the broker's access list."
        return [Finding("feedback", Status.NOTE, says, do)]
    if not refused:
        return [Finding("feedback", Status.OK, "It takes what is said to devices.")]
    says = f"It does not take what we publish to beatkeeper/down: {refused}. Officers hear nothing."
    do = "Let our user write beatkeeper/down/# in the broker's access list."
    return [Finding("feedback", Status.BROKEN, says, do)]


def _retained(outcome: Outcome) -> list[Finding]:
    if not outcome.retained:
        return []
    says = (
        f"It keeps {counted(outcome.retained, 'position')} as retained messages: whoever may read"
        " the topic is given an officer's last place."
    )
    return [Finding("retained", Status.LOOK, says, "Switch `retain` off in the apps.")]


def _queue() -> Finding:
    says = "How much it keeps for us while we are away cannot be seen from here."
    do = "In mosquitto.conf: `max_queued_messages 1000000`, not 0; it keeps 1000 else. See docs."
    return Finding("queue", Status.NOTE, says, do)


def check_name(listening: Listening, watch_s: float = 4.0) -> list[Finding]:
    """Whether some other program uses the service's client id; only for when it does not run."""
    name = listening.client_id
    if not trial.thrown_out(listening.broker, name, listening.line, watch_s):
        return []
    says = f"Another program logs in by the service's client id, {name!r}, and threw us out."
    do = (
        "If it is the service itself, give its address as --url. Else stop it, or give each service"
        " a BEATKEEPER_MQTT_CLIENT_ID of its own."
    )
    return [Finding("client id", Status.BROKEN, says, do)]

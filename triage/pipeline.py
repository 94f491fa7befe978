"""One appeal, from its words to a decision: the only place where the steps meet."""

from collections.abc import Sequence

from triage.citypack import CityPack
from triage.domain import Appeal, Assessor, Routing, Versions
from triage.policy import Policy
from triage.text import Reader


class Triage:
    """Reads, assesses and decides.

    Parameters
    ----------
    pack
        What is known about the city; `assessor` names units and topics of it.
    versions
        What every answer states it was made with.
    """

    def __init__(
        self, *, reader: Reader, assessor: Assessor, policy: Policy, pack: CityPack, versions: Versions
    ) -> None:
        self._reader, self._assessor, self._policy = reader, assessor, policy
        self.pack, self.versions = pack, versions

    def route(self, appeal: Appeal) -> Routing:
        """Route one appeal. No text makes it fail: what says nothing is answered with little confidence."""
        return self.route_many([appeal])[0]

    def route_many(self, appeals: Sequence[Appeal]) -> list[Routing]:
        """Route appeals together, which is several times faster than one by one; the answers are the same."""
        if not appeals:
            return []
        readings = self._reader.read_many([_words(appeal) for appeal in appeals])
        assessments = self._assessor.assess(appeals, readings)
        return [
            Routing(
                appeal=appeal,
                reading=reading,
                topics=assessment.topics,
                place=assessment.place,
                candidates=assessment.candidates,
                suggestions=assessment.suggestions,
                decision=self._policy.decide(reading, assessment.place, assessment.suggestions),
                versions=self.versions,
            )
            for appeal, reading, assessment in zip(appeals, readings, assessments, strict=True)
        ]


def _words(appeal: Appeal) -> str:
    """The text, then the address where the intake system has one: spans in the text stay where they are."""
    return f"{appeal.text} {appeal.address}" if appeal.address else appeal.text

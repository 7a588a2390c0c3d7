"""What may befall the servers, and how much of each is drawn."""

import random
from dataclasses import dataclass
from typing import List


@dataclass(frozen=True)
class Fate:
    """`kind`: `take-over` kills the owner while the other stands by, `freeze` stops it (SIGSTOP) for a while instead, `both` kills
    both, so that nobody takes over before one is up again, `broker` kills Kafka. `without_store`: who was killed loses its disk."""

    kind: str
    without_store: bool = False

    def __str__(self) -> str:
        return self.kind + (", store deleted" if self.without_store else "")


def draw(kills: int, broker_kills: int, chance: random.Random) -> List[Fate]:
    """Half of klamm's kills leave a standby, about a third of those freeze; a fifth of the others lose stores."""
    standing_by = kills // 2
    freezes = round(standing_by * 0.3)
    lost = round(kills * 0.1)
    take_overs = standing_by - freezes
    fates = [Fate("freeze")] * freezes
    fates += [Fate("take-over", number < lost) for number in range(take_overs)]
    fates += [Fate("both", number < lost) for number in range(kills - standing_by)]
    fates += [Fate("broker")] * broker_kills
    chance.shuffle(fates)
    return fates

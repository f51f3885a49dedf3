"""A measured figure, its floor from the same run, and what is wanted of their ratio."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """`measured` and `floor` in `unit`; `limit` bounds the ratio, or `measured` itself if there is no floor."""

    name: str
    measured: float
    unit: str
    floor: float | None = None
    limit: float | None = None
    of_pairs: float | None = None
    """The median ratio of runs that took turns, if the machine's speed drifts by more than the difference measured."""

    @property
    def ratio(self) -> float | None:
        if self.of_pairs is not None:
            return self.of_pairs
        return self.measured / self.floor if self.floor else None

    @property
    def is_over(self) -> bool:
        """Whether it is over its limit."""
        compared = self.measured if self.ratio is None else self.ratio
        return self.limit is not None and compared > self.limit

    def row(self) -> tuple[str, ...]:
        """For the table."""
        floor = "" if self.floor is None else f"{self.floor:.3f} {self.unit}"
        ratio = "" if self.ratio is None else f"{self.ratio:.3f}"
        limit = "" if self.limit is None else f"{'OVER ' if self.is_over else '≤ '}{self.limit:g}"
        return (
            self.name,
            f"{self.measured:.3f} {self.unit}",
            floor,
            ratio,
            limit,
        )

    def as_json(self) -> dict[str, object]:
        """For latest.json."""
        return {**asdict(self), "ratio": self.ratio, "over": self.is_over}

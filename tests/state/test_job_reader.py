"""What is believed of the jobs' reader of SQL: the last valid result of the configured image, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from src import paths
from src.errors import StateUnreadable, TransientError
from src.state.job_reader import JobReader
from src.state.records import ReaderRecord

ONE, OTHER = "1" * 64, "2" * 64
IMAGE = "registry.example/credits:0123456789ab"
MOVING = "registry.example/credits:latest"
DATED = "registry.example/credits:20260118"
DIGEST = f"{MOVING}@sha256:{'0' * 64}"
NOW = datetime(2026, 1, 20, 12, tzinfo=UTC).timestamp()


class Store:
    """One object; writes are counted."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.fails: Exception | None = None

    def get(self, key: str, model: type[ReaderRecord]) -> tuple[ReaderRecord, str] | None:
        assert key == paths.READER
        if self.fails:
            raise self.fails
        return (model.model_validate_json(self.written[-1]), "") if self.written else None

    def put_bytes(self, key: str, content: bytes) -> None:
        assert key == paths.READER
        self.written.append(content)


def result(day: str, sha256: str | None = ONE, image: str | None = IMAGE, token: str = "0") -> Any:
    provenance = {"image": image} | ({"reader_sha256": sha256} if sha256 else {})
    return {"execution_id": f"{day}_120000_{token * 8}", "provenance": provenance}


def reader(store: Store, place: str = IMAGE) -> JobReader:
    return JobReader(store, place, lambda: NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place", "results", "believed", "writes"),
    [
        (IMAGE, [], None, 0),
        (IMAGE, [result("20260119")], ONE, 1),
        (IMAGE, [result("20260101")], ONE, 1),
        (IMAGE, [result("20260118"), result("20260119")], ONE, 1),
        (IMAGE, [result("20260118"), result("20260119", OTHER)], OTHER, 2),
        (IMAGE, [result("20260119"), result("20260118", OTHER)], ONE, 1),
        (IMAGE, [result("20260118"), result("20260119", None)], None, 2),
        (IMAGE, [result("20260119", ONE, MOVING)], None, 0),
        (IMAGE, [{"execution_id": "20260119_120000_00000000"}], None, 1),
        (MOVING, [result("20260119", image=MOVING)], ONE, 1),
        (MOVING, [result("20260118", image=MOVING)], None, 1),
        (MOVING, [result("20260118", image=MOVING), result("20260119", image=MOVING)], ONE, 2),
        (DIGEST, [result("20260101", image=DIGEST)], ONE, 1),
        (DATED, [result("20260118", image=DATED)], None, 1),
        ("local", [result("20260101", image=None)], ONE, 1),
        ("local", [result("20260101", image=IMAGE)], ONE, 1),
    ],
)
def test_the_last_valid_result_of_the_configured_image_is_believed(
    place: str, results: list[Any], believed: str | None, writes: int
) -> None:
    store = Store()
    notes = reader(store, place)
    for told in results:
        notes.note(told)

    assert reader(store, place).sha256() == believed
    assert len(store.written) == writes


def test_another_image_is_not_known_by_this_ones_results() -> None:
    store = Store()
    reader(store).note(result("20260119"))
    assert reader(store, MOVING).sha256() is None


@pytest.mark.parametrize("error", [StateUnreadable("damaged", key=paths.READER), TransientError("S3 is away")])
def test_what_cannot_be_read_is_not_known_and_costs_nobody_an_answer(error: Exception) -> None:
    store = Store()
    store.fails = error
    assert reader(store).sha256() is None
    reader(store).note(result("20260119"))
    store.fails = None
    assert reader(store).sha256() == (ONE if isinstance(error, StateUnreadable) else None)

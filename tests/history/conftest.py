from tests.tick.conftest import harness, scripted_box

__all__ = ["harness", "scripted_box"]

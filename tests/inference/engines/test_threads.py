import os

import pytest

from resunet_kit.inference._engines import threads


def test_as_many_as_the_process_may_use(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "QUOTA", threads.QUOTA / "absent")
    assert threads.allowed_threads() == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("text", "expected"), [("1", 1), ("1,4", 1), ("", 8), ("0", 8), ("many", 8), ("64", 8)])
def test_omp_num_threads(monkeypatch, text, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(threads, "QUOTA", threads.QUOTA / "absent")
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    assert threads.allowed_threads() == expected


@pytest.mark.parametrize(("text", "expected"), [("300000 100000", 3), ("50000 100000", 1), ("max 100000", 8), ("", 8)])
def test_quota_of_a_container(monkeypatch, tmp_path, text, expected):
    (tmp_path / "cpu.max").write_text(text)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(threads, "QUOTA", tmp_path / "cpu.max")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert threads.allowed_threads() == expected

from datetime import UTC, datetime

import resunet_kit
from examples.brain_mri.provenance import first_line, origin, provenance


def test_the_line_names_patients_version_seed_date_and_machine():
    found = provenance(7, "float32", ["a", "b"], ["a", "b", "c"])
    line = first_line(found)
    assert "\n" not in line
    assert line.startswith("**The patients are simulated**")
    assert f"resunet_kit {resunet_kit.__version__}, seed 7, evaluated {datetime.now(UTC):%Y-%m}" in line
    machine = found["machine"]
    assert machine["processor"]
    assert machine["cores"] >= 1
    assert f"on {machine['processor']}, {machine['cores']} core" in line
    assert line.endswith("float32. Not a medical device.")


def test_only_test_patients_say_whether_scores_are_of_simulated_ones():
    assert origin(provenance(0, "float32", ["a", "b"], ["c"])) == "none"
    assert "No test patient is marked as simulated" in first_line(provenance(0, "float32", ["a"], []))
    mixed = provenance(0, "float32", ["a", "b"], ["a"])
    assert origin(mixed) == "some"
    assert first_line(mixed).startswith("**1 of 2 test patients are simulated**")

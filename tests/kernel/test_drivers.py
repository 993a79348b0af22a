"""The standard drivers are loaded at their first call, and are what they were said to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmos.kernel.drivers import DriverOnDemand, standard_drivers
from llmos.kernel.tools import ToolSession


@pytest.mark.parametrize("driver", standard_drivers(), ids=lambda one: one.name)
def test_a_driver_on_demand_says_what_the_driver_says(driver: DriverOnDemand) -> None:
    loaded = driver.load()
    assert (driver.name, driver.effect, driver.fingerprint) == (
        loaded.name,
        loaded.effect,
        loaded.fingerprint,
    )


@pytest.mark.parametrize("driver", standard_drivers(), ids=lambda one: one.name)
def test_a_wrong_input_is_told_in_the_words_of_the_cli(
    driver: DriverOnDemand, tmp_path: Path
) -> None:
    session = ToolSession(start_dir=tmp_path, cwd=tmp_path, env={})
    result = driver.run({"surprise": 1}, session)
    assert not result.ok
    assert f"InputValidationError: {driver.name} failed due to the following" in result.output
    assert "An unexpected parameter `surprise` was provided" in result.output

"""Devices by name."""

from __future__ import annotations

import pytest
import torch

from avatar.device import DeviceError, device_named


def test_a_device_is_found_by_its_name_and_auto_is_a_gpu_where_there_is_one():
    assert device_named("cpu") == torch.device("cpu")
    assert device_named("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["cuda:99", "toaster"])
def test_a_device_that_isnt_there_is_named_with_the_remedy(name):
    with pytest.raises(DeviceError, match=f"device '{name}' can't be used .*device: cpu goes everywhere"):
        device_named(name)

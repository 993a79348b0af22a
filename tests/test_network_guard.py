"""The guard that keeps every test on loopback."""

from __future__ import annotations

import socket

import pytest


def test_a_connection_to_another_host_is_refused_before_anything_is_sent(
    foreign_hosts: list[str],
) -> None:
    with socket.socket() as connection:
        connection.setblocking(False)
        with pytest.raises(ConnectionRefusedError, match="loopback only"):
            connection.connect(("192.0.2.1", 80))
    assert foreign_hosts == ["192.0.2.1"]
    foreign_hosts.clear()


def test_loopback_is_allowed(foreign_hosts: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    assert foreign_hosts == []

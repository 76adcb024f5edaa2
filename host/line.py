"""Lines to a core: bytes either way, and a clock.

write(data)      hand bytes over; they may be lost or damaged on their way
read(timeout)    what has come, at least a byte, or b"" after ``timeout`` seconds
now()            seconds on the line's own clock
close()          let go of it
"""

import time
from abc import ABC, abstractmethod

import serial

from host.checks import DeviceError
from sim.link import SimulatedLink

__all__ = ["BAUD", "Line", "LinkError", "SerialLine", "SimulatedLine"]

BAUD = 3_000_000
"""Of real serial ports, where their name brings none: /dev/ttyUSB0@1000000; sockets have none."""


class LinkError(DeviceError):
    """A core that cannot be reached, or that broke off; one line that says what happened."""


class Line(ABC):
    """Bytes to and from a core."""

    name: str

    @abstractmethod
    def write(self, data: bytes) -> None: ...

    @abstractmethod
    def read(self, timeout: float) -> bytes: ...

    @abstractmethod
    def now(self) -> float: ...

    @abstractmethod
    def close(self) -> None: ...


class SerialLine(Line):
    """A port by any URL that pyserial knows: /dev/ttyUSB0, COM3, socket://localhost:7000 …

    baud   what follows an @, or :data:`BAUD`
    """

    def __init__(self, url: str):
        self.name = url
        place, at, baud = url.rpartition("@")
        place, self.baud = (place, int(baud)) if at and baud.isdecimal() else (url, BAUD)
        try:
            self._port = serial.serial_for_url(place, baudrate=self.baud, timeout=0)
        except (serial.SerialException, ValueError) as error:
            raise LinkError(f"cannot open '{url}': {error}") from error
        if hasattr(self._port, "set_low_latency_mode") and hasattr(self._port, "fileno"):
            self._hasten()

    def _hasten(self) -> None:
        """Ask the driver to pass bytes on at once; USB adapters else hold them for up to 16 ms."""
        try:
            self._port.set_low_latency_mode(True)
        except (OSError, ValueError, NotImplementedError):
            # Not every driver can; the link is only slower to answer without it.
            return

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except serial.SerialException as error:
            raise LinkError(f"'{self.name}' broke off: {error}") from error

    def read(self, timeout: float) -> bytes:
        try:
            self._port.timeout = timeout
            data = self._port.read(1)
            while data and (waiting := self._port.in_waiting):
                data += self._port.read(waiting)
        except serial.SerialException as error:
            raise LinkError(f"'{self.name}' broke off: {error}") from error
        return data

    def now(self) -> float:
        return time.monotonic()

    def close(self) -> None:
        self._port.close()


class SimulatedLine(Line):
    """A simulated core in this process; its clock is the core's, which runs while we wait.

    clock_frequency   Hz of the core's clock, which makes seconds of cycles
    """

    STRIDE = 20_000
    """Cycles a call of the simulator may take, so that Ctrl-C is heard."""

    def __init__(self, link: SimulatedLink, *, clock_frequency: float = 50e6):
        self.name = "simulated"
        self._link, self._frequency, self._slept = link, clock_frequency, 0.0

    def write(self, data: bytes) -> None:
        self._link.feed(data)

    def read(self, timeout: float) -> bytes:
        end = self.now() + timeout
        while True:
            data = self._link.run(self.STRIDE)
            if data:
                return data
            if self._link.idle:
                # Nothing will happen until the next write: the rest of the wait costs nothing.
                self._slept += max(0.0, end - self.now())
            if self.now() >= end:
                return b""

    def now(self) -> float:
        return self._link.cycles / self._frequency + self._slept

    def close(self) -> None:
        self._link.close()

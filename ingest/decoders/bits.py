"""The bits of a radio's message, read from the left."""


class Bits:
    """Numbers of any width out of a row of hex digits; ValueError where too few bits are left."""

    __slots__ = ("_left", "_value")

    def __init__(self, digits: str) -> None:
        self._value = int(digits or "0", 16)
        self._left = 4 * len(digits)

    @property
    def left(self) -> int:
        """How many bits have not been read yet."""
        return self._left

    def cut(self, length: int) -> None:
        """Leave only the next `length` bits; what follows them is padding."""
        if length > self._left:
            message = f"cut short: {length} bits were announced and {self._left} came"
            raise ValueError(message)
        self._value >>= self._left - length
        self._left = length

    def number(self, width: int) -> int:
        """Read an unsigned number."""
        if width > self._left:
            message = f"cut short: a field of {width} bits, and {self._left} are left"
            raise ValueError(message)
        self._left -= width
        return (self._value >> self._left) & ((1 << width) - 1)

    def signed(self, width: int) -> int:
        """Read a number in two's complement."""
        value = self.number(width)
        return value - (1 << width) if value >> (width - 1) else value

    def peek(self, width: int) -> int:
        """Give the next `width` bits without reading them; 0 where there are fewer."""
        if width > self._left:
            return 0
        return (self._value >> (self._left - width)) & ((1 << width) - 1)

    def octets(self) -> bytes:
        """Read all whole octets that are left."""
        count = self._left // 8
        return self.number(8 * count).to_bytes(count, "big")

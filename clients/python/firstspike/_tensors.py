"""Safetensors files, read with numpy alone."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Iterator, Union

import numpy as np

from ._errors import Error

# By the names of the format. All are little-endian. numpy has no bfloat16: it is
# the upper half of a float32, and is widened to one, which is exact.
_DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4",
    "U64": "<u8", "I64": "<i8", "F16": "<f2", "BF16": "<u2", "F32": "<f4", "F64": "<f8",
}

_MOST_HEADER = 100_000_000  # bytes, as the reference implementation has it


class Tensors(Mapping):
    """The tensors of a safetensors file, by name.

    Only the header is read at first. Each look-up reads the bytes of its tensor,
    and no others, into an array of the caller's own, bit for bit. The file is not
    mapped into memory: its tensors are megabytes, and a training that is under way
    replaces its files, which some systems forbid while they are mapped.

    Attributes:
        path: of the file.
        metadata: dict of str to str, what else the file says.
    """

    def __init__(self, path: Union[str, os.PathLike]):
        self.path = os.fspath(path)
        try:
            with open(self.path, "rb") as f:
                size = os.fstat(f.fileno()).st_size
                self._read_header(f, size)
        except OSError as e:
            raise Error(f"{self.path}: {e.strerror or e}") from e

    def _read_header(self, f, size: int) -> None:
        def fault(text):
            return Error(f"{self.path}: {text}; it is no safetensors file, or damaged: copy it again")

        length = int.from_bytes(f.read(8), "little")
        if size < 8 or length > min(size - 8, _MOST_HEADER):
            raise fault(f"the header would take {length} of {size} bytes")
        try:
            header = json.loads(f.read(length).decode("utf-8"))
        except ValueError as e:
            raise fault(f"the header cannot be read: {e}") from e
        if not isinstance(header, dict):
            raise fault("the header is no JSON object")
        self.metadata = header.pop("__metadata__", {})
        self._entries = {}
        begin = 8 + length
        for name, entry in header.items():
            try:
                dtype, shape = _DTYPES.get(entry["dtype"]), tuple(entry["shape"])
                first, last = entry["data_offsets"]
                whole = all(type(n) is int and n >= 0 for n in (*shape, first, last))
            except (TypeError, KeyError, ValueError) as e:
                raise fault(f"tensor {name!r} has no type, shape and place") from e
            if dtype is None:
                raise Error(f"{self.path}: tensor {name!r} is of type {entry['dtype']}, which is not known here")
            count = 1
            for n in shape:
                count *= n if whole else 1
            if not whole or last > size - begin or last - first != count * np.dtype(dtype).itemsize:
                raise fault(f"tensor {name!r} of shape {list(shape)} does not fit its bytes {first} to {last}")
            self._entries[name] = (entry["dtype"], shape, begin + first, last - first)

    def __getitem__(self, name: str) -> np.ndarray:
        """The tensor of that name, a new array."""
        if name not in self._entries:
            raise KeyError(f"{self.path}: there is no tensor {name!r}; there are {', '.join(self._entries)}")
        kind, shape, offset, size = self._entries[name]
        data = bytearray(size)
        try:
            with open(self.path, "rb") as f:
                f.seek(offset)
                read = f.readinto(data)
        except OSError as e:
            raise Error(f"{self.path}: {e.strerror or e}") from e
        if read != size:
            raise Error(f"{self.path}: became shorter while it was read; open it again")
        array = np.frombuffer(data, _DTYPES[kind]).reshape(shape)
        if kind == "BF16":
            return (array.astype(np.uint32) << 16).view(np.float32)
        return array.astype(array.dtype.newbyteorder("="), copy=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def shape(self, name: str) -> tuple:
        """The shape of a tensor, which is not read for that."""
        if name not in self._entries:
            raise KeyError(f"{self.path}: there is no tensor {name!r}; there are {', '.join(self._entries)}")
        return self._entries[name][1]

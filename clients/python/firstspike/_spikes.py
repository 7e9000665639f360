"""What `firstspike spikes RUN --out FILE` writes."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from typing import Dict, Iterator, List, Optional, Tuple, Union

import numpy as np

from ._errors import Error

SILENT = 255
"""The step of a neuron that does not fire. It is later than every step."""

_FORMAT = 1


def spikes(path: Union[str, os.PathLike]) -> "Spikes":
    """Opens a file that `firstspike spikes RUN --out FILE` wrote."""
    return Spikes(path)


class Spikes:
    """The first spikes of images on their way through a network.

    Wherever an image is asked for, it is counted from 0 among those of the file;
    images tells its number in the data set. Arrays are unpacked when they are asked
    for, and then remembered.

    Attributes:
        path: of the file.
        layers: list of str, in the network's order; the first may be "input".
        first: by layer, uint8 [images, maps, rows, columns]: the step at which each
            neuron fires, from 0; SILENT, which is 255, if it does not. The neurons
            are those of the layer, before pooling.
        potential: by layer, of the last layer alone: float32 [images, maps, rows,
            columns], at that step, in units of weights; 0 if silent.
        images: int32 [images], their numbers in the data set, from 0.
        labels: int32 [images], their classes.
        decisions: int32 [images], the classes that were decided for; -1: silent.
        steps: int, of an image.
        classes: list of str, names of the classes.
        data: str, the name of the data set.
        about: dict, all that the file tells of itself; the experiment as TOML.
    """

    def __init__(self, path: Union[str, os.PathLike]):
        self.path = os.fspath(path)
        try:
            self._file = np.load(self.path, allow_pickle=False)
        except OSError as e:
            raise Error(f"{self.path}: {e.strerror or e}") from e
        except (ValueError, EOFError, zipfile.BadZipFile) as e:
            raise self._foreign("it is no npz file") from e
        if not isinstance(self._file, np.lib.npyio.NpzFile):
            raise self._foreign("it is no npz file")
        try:
            self._open()
        except BaseException:
            self._file.close()
            raise
        self.first: Mapping = _Arrays(self, "first_")
        self.potential: Mapping = _Arrays(self, "potential_")

    def _open(self) -> None:
        if "about" not in self._file.files:
            raise self._foreign("it has no array about")
        try:
            self.about = json.loads(self._array("about").tobytes().decode("utf-8"))
            form = self.about["format"]
        except (ValueError, KeyError, TypeError) as e:
            raise self._foreign("its array about is no JSON object with a format") from e
        if form != _FORMAT:
            raise Error(f"{self.path}: is of format {form}, and this package reads {_FORMAT}; install the package that belongs to the program, or write the file anew")
        self.data = self.about["data"]
        self.classes: List[str] = self.about["classes"] or []
        self._of: Dict[str, dict] = {layer["name"]: layer for layer in self.about["layers"]}
        self.layers: List[str] = list(self._of)
        self.images = self._array("images")
        self.labels = self._array("labels")
        self.decisions = self._array("decisions")
        self.steps = int(self._array("steps"))

    def _foreign(self, fault: str) -> Error:
        return Error(f"{self.path}: {fault}; spikes are written by: firstspike spikes RUN --out spikes.npz")

    def _array(self, name: str) -> np.ndarray:
        if self._file.zip is None:
            raise Error(f"{self.path}: is closed, and {name} was not asked for before; open it again")
        try:
            return self._file[name]
        except KeyError:
            raise self._foreign(f"it has no array {name}") from None
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as e:
            raise Error(f"{self.path}: array {name} cannot be read: {e}; the file is damaged, write it anew") from e

    def __repr__(self) -> str:
        return f"<{len(self)} images of {self.data} in {self.path}: {', '.join(self.layers)}>"

    def __len__(self) -> int:
        return len(self.images)

    def close(self) -> None:
        """Closes the file. What was asked for before can still be used."""
        self._file.close()

    def __enter__(self) -> "Spikes":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def raster(self, layer: str, image: int) -> Tuple[np.ndarray, np.ndarray]:
        """The dots of a raster plot: (steps, neurons), both int64 [spikes], in the order
        of steps. A neuron's number counts maps, then rows, then columns; see neuron."""
        first = self.first[layer][image].reshape(-1)
        neurons = np.flatnonzero(first != SILENT)
        order = np.argsort(first[neurons], kind="stable")
        return first[neurons][order].astype(np.int64), neurons[order]

    def neuron(self, layer: str, number):
        """Map, row and column of neurons by number, as raster counts them: a tuple of
        numbers, or of arrays for an array."""
        return np.unravel_index(number, self.first[layer].shape[1:])

    def latencies(self, layer: str, image: Optional[int] = None) -> np.ndarray:
        """How many neurons fire at each step: int64 [steps], of one image or, if none is
        given, [images, steps]. Silent ones are those that are missing."""
        first = self.first[layer]
        if image is not None:
            return np.bincount(first[image].reshape(-1), minlength=SILENT + 1)[: self.steps]
        return np.array([self.latencies(layer, i) for i in range(len(self))], dtype=np.int64).reshape(-1, self.steps)

    def wave(self, layer: str, image: int) -> np.ndarray:
        """The spike wave of an image, as tensor libraries hold it: uint8 [steps, maps,
        rows, columns], 1 from a neuron's spike onwards. It takes as many times the
        memory as there are steps."""
        first = self.first[layer][image]
        return (first[np.newaxis] <= np.arange(self.steps)[:, np.newaxis, np.newaxis, np.newaxis]).astype(np.uint8)

    def pooled(self, layer: str, image: Optional[int] = None) -> np.ndarray:
        """What the next layer reads: the first spikes behind the layer's pooling, uint8
        [maps, rows, columns] of one image or, if none is given, with images in front.
        A pooled neuron fires when the first of its window does. Where the layer's pooling
        repeats, it fires again whenever another of them does; these are the first times."""
        return self._windows(layer, image).min(axis=(-2, -1))

    def pooled_wave(self, layer: str, image: int) -> np.ndarray:
        """All spikes behind the layer's pooling: uint8 [steps, maps, rows, columns], 1 at
        each step at which a pooled neuron fires: once or, where pooling repeats, as often
        as neurons of its window fire at different steps."""
        steps = np.arange(self.steps)[:, np.newaxis, np.newaxis, np.newaxis]
        pool = self._of[layer].get("pool") if layer in self._of else None
        if not pool or not pool["repeats"]:
            return (self.pooled(layer, image)[np.newaxis] == steps).astype(np.uint8)
        windows = self._windows(layer, image)
        return (windows[np.newaxis] == steps[..., np.newaxis, np.newaxis]).any(axis=(-2, -1)).astype(np.uint8)

    def _windows(self, layer: str, image: Optional[int]) -> np.ndarray:
        """The windows of a layer's pooling: [..., maps, rows, columns, window, window]."""
        first = self.first[layer]
        if image is not None:
            first = first[image]
        pool = self._of[layer].get("pool")
        if pool is None:
            return first[..., np.newaxis, np.newaxis]
        pad, stride, size = pool["pad"], pool["stride"], pool["window"]
        first = np.pad(first, [(0, 0)] * (first.ndim - 2) + [(pad, pad)] * 2, constant_values=SILENT)
        return np.lib.stride_tricks.sliding_window_view(first, (size, size), axis=(-2, -1))[..., ::stride, ::stride, :, :]


class _Arrays(Mapping):
    """The arrays of layers whose names begin alike."""

    def __init__(self, spikes: Spikes, prefix: str):
        self._spikes, self._prefix = spikes, prefix
        self._read: Dict[str, np.ndarray] = {}
        self._names = [n for n in spikes.layers if prefix + n in spikes._file.files]

    def __getitem__(self, layer: str) -> np.ndarray:
        if layer not in self._names:
            raise KeyError(f"{self._spikes.path}: has no {self._prefix}{layer}; it has those of {', '.join(self._names) or 'no layer'}")
        if layer not in self._read:
            array = self._spikes._array(self._prefix + layer)
            about = self._spikes._of[layer]
            shape = (len(self._spikes), about["maps"], about["rows"], about["cols"])
            if array.shape != shape:
                raise Error(f"{self._spikes.path}: array {self._prefix}{layer} is of shape {array.shape}, not {shape}; the file is damaged, write it anew")
            self._read[layer] = array
        return self._read[layer]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

"""Runs and studies: the folders in which networks were trained."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Iterator, List, Union

import numpy as np

from ._errors import Error
from ._tensors import Tensors

PathLike = Union[str, "os.PathLike[str]"]

_MODEL = "model.safetensors"
_CHECKPOINT = "checkpoint.safetensors"


class Run:
    """A run: the folder in which a network was trained, and what is left in it.

    Files are read when they are asked for, and then remembered: to see how a
    training that is under way has gone on, make another Run.

    Attributes:
        path: of the folder.
    """

    def __init__(self, path: PathLike):
        self.path = os.fspath(path)
        if not os.path.isdir(self.path):
            raise Error(f"{self.path}: there is no such folder; name that of a run, such as runs/mozafari2018-seed1")
        if os.path.isfile(os.path.join(self.path, "study.json")):
            raise Error(f"{self.path}: is a study of several runs; read it with firstspike.Study")
        if not self._has(_MODEL) and not self._has(_CHECKPOINT):
            raise Error(f"{self.path}: no run is in this folder: it has neither {_MODEL} nor {_CHECKPOINT}")

    def __repr__(self) -> str:
        return f"firstspike.Run({self.path!r})"

    def _has(self, name: str) -> bool:
        return os.path.isfile(os.path.join(self.path, name))

    @cached_property
    def tensors(self) -> Tensors:
        """All tensors of the network that the program would test: of the best epoch
        so far or, as long as there is none, as last saved. Among them are NAME.weight
        and, where maps have thresholds of their own, NAME.threshold, of each layer."""
        return Tensors(os.path.join(self.path, _MODEL if self._has(_MODEL) else _CHECKPOINT))

    @cached_property
    def weights(self) -> "Weights":
        """The weights of each layer by its name: float32 [maps, input maps, rows,
        columns], bit for bit. Each look-up reads them anew."""
        return Weights(self.tensors)

    @cached_property
    def experiment(self) -> dict:
        """Everything that decided the result, as nested dicts: the experiment that
        was trained, whatever became of experiment.toml since."""
        tensors = Tensors(os.path.join(self.path, _CHECKPOINT)) if self._has(_CHECKPOINT) else self.tensors
        return parse_toml(_metadata(tensors, "experiment"), tensors.path)

    @cached_property
    def state(self) -> dict:
        """How far the training has come: layer (from 0), epoch of that layer (from 0),
        image, presentations and seconds of the whole training, and more."""
        tensors = Tensors(os.path.join(self.path, _CHECKPOINT)) if self._has(_CHECKPOINT) else self.tensors
        return _json(_metadata(tensors, "state"), tensors.path)

    @cached_property
    def metrics(self) -> "Metrics":
        """What was measured after every epoch. See Metrics."""
        path = os.path.join(self.path, "metrics.jsonl")
        if not self._has("metrics.jsonl") and self._imported():
            raise Error(f"{path}: is not there, as the run was imported: nothing is known of its training")
        epochs = []
        for number, line in enumerate(_read(path).split("\n"), 1):
            if line.strip():
                epochs.append(_json(line, f"{path}, line {number}"))
        return Metrics(epochs)

    def _imported(self) -> bool:
        return self._has("run.json") and "imported" in self.record

    @property
    def finished(self) -> bool:
        """Whether the training is complete and tested."""
        return self._has("result.json")

    @cached_property
    def result(self) -> dict:
        """The outcome: name, seed, epoch (from 0), test with right, wrong, silent and
        confusion, and more. An Error if the run is not finished."""
        path = os.path.join(self.path, "result.json")
        if not self.finished:
            if self._imported():
                raise Error(f"{path}: is not there, as the run was imported; firstspike test {self.path} tells how well it decides")
            raise Error(f"{path}: is not there, as the run is not finished; go on with: firstspike train --resume --out {self.path}")
        return _json(_read(path), path)

    @cached_property
    def record(self) -> dict:
        """Version, machine and checksums of the data with which the run began."""
        path = os.path.join(self.path, "run.json")
        return _json(_read(path), path)

    @property
    def accuracy(self) -> float:
        """The share of test images that were decided rightly, 0 to 1. Silent ones were
        not. An Error if the run is not finished."""
        return _share(self.result["test"])

    @property
    def confusion(self) -> np.ndarray:
        """int64 [labels, decisions + 1]: how many test images of each class were
        decided for each; the last column counts silent ones. An Error if the run is
        not finished."""
        return np.array(self.result["test"]["confusion"], dtype=np.int64)


class Weights(Mapping):
    """The weights of a network by layer, in the network's order."""

    _SUFFIX = ".weight"
    _INDEX = ".weight.index"  # of a packed layer: the numbers of its levels

    def __init__(self, tensors: Tensors):
        self._tensors, self._layers = tensors, []
        # A checkpoint also holds the best epoch's, as best.NAME.weight.
        names = {n[: -len(self._SUFFIX)] for n in tensors if n.endswith(self._SUFFIX) and n.count(".") == 1}
        packed = {n[: -len(self._INDEX)] for n in tensors if n.endswith(self._INDEX) and n.count(".") == 2}
        self._names = sorted(names | packed)
        try:
            experiment = parse_toml(_metadata(tensors, "experiment"), tensors.path)
        except Error:  # without a TOML reader the order is that of the alphabet
            return
        self._layers = experiment["layers"]
        order = [layer["name"] for layer in self._layers]
        self._names = sorted((n for n in self._names if n in order), key=order.index)

    def __getitem__(self, layer: str) -> np.ndarray:
        if layer not in self._names:
            raise KeyError(f"{self._tensors.path}: there is no layer {layer!r}; there are {', '.join(self._names)}")
        if layer + self._INDEX in self._tensors:
            return self._unpacked(layer)
        return self._tensors[layer + self._SUFFIX]

    def _unpacked(self, layer: str) -> np.ndarray:
        """The weights of a layer that is saved as numbers of levels, float32 [map,
        input map, row, column]; without a TOML reader [map, synapse]."""
        packed = self._tensors[layer + self._INDEX]
        base, step, bits = self._tensors[layer + ".weight.grid"]
        bits = int(bits)
        digits = np.unpackbits(packed, axis=1, bitorder="little").reshape(len(packed), -1, bits)
        levels = (digits.astype(np.int64) << np.arange(bits)).sum(axis=2)
        weights = (base + step * levels).astype(np.float32)
        for i, other in enumerate(self._layers):
            if other["name"] == layer:
                rows, cols = (int(n) for n in str(other["kernel"]).split("x"))
                inputs = self._layers[i - 1]["maps"] if i > 0 else weights.shape[1] // (rows * cols)
                weights = weights[:, : inputs * rows * cols].reshape(-1, inputs, rows, cols)
        return weights

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Metrics(Sequence):
    """What was measured after every epoch: a sequence of dicts, in their order.

        metrics[-1]["convergence"]                 of the last epoch
        metrics.column("convergence")              of all, float64 [epochs]
        metrics.of("s3").share("validation")       right ones, 0 to 1, float64 [epochs]

    Each dict has layer, epoch (of the layer, from 0), epochs (that the layer learns
    for), presentations (images shown in the whole training so far), seconds,
    convergence (the mean of w(1-w)), images_per_second; weights (how many lie in each
    of 40 equal parts of their range); and right, wrong and silent images under train,
    validation and test, where they were counted.
    """

    def __init__(self, epochs: Sequence):
        self._epochs = list(epochs)

    def __len__(self) -> int:
        return len(self._epochs)

    def __getitem__(self, i):
        return Metrics(self._epochs[i]) if isinstance(i, slice) else self._epochs[i]

    @property
    def layers(self) -> List[str]:
        """The layers that have learned, in their order."""
        return list(dict.fromkeys(e["layer"] for e in self._epochs))

    def of(self, layer: str) -> "Metrics":
        """Only the epochs of a layer."""
        if layer not in self.layers:
            raise KeyError(f"no epoch of a layer {layer!r}; there are epochs of {', '.join(self.layers) or 'none'}")
        return Metrics([e for e in self._epochs if e["layer"] == layer])

    def column(self, name: str) -> np.ndarray:
        """A number of every epoch, float64 [epochs]; nan where an epoch has none. A dot
        leads into nested ones: "validation.right"."""
        values, known = [], False
        for e in self._epochs:
            value = e
            for key in name.split("."):
                value = value.get(key) if isinstance(value, dict) else None
            known = known or isinstance(value, (int, float))
            values.append(float(value) if isinstance(value, (int, float)) else np.nan)
        if self._epochs and not known:
            numbers = sorted({p for e in self._epochs for p in _numbers(e)})
            raise KeyError(f"no epoch has a number {name!r}; there are {', '.join(numbers)}")
        return np.array(values, dtype=np.float64)

    def share(self, of: str, what: str = "right") -> np.ndarray:
        """Of "train", "validation" or "test" the share of images that are right, wrong
        or silent, 0 to 1, float64 [epochs]; nan where they were not counted."""
        counts = {k: self.column(f"{of}.{k}") for k in ("right", "wrong", "silent")}
        if what not in counts:
            raise KeyError(f"{what!r}: it must be right, wrong or silent")
        return counts[what] / (counts["right"] + counts["wrong"] + counts["silent"])

    def weights(self) -> np.ndarray:
        """int64 [epochs, parts]: how many weights of the layer that learned lie in each
        of equal parts of their range, the lowest first. Empty if none were counted."""
        return np.array([e["weights"] for e in self._epochs if e.get("weights")], dtype=np.int64)


class Study:
    """A study: the folder in which an experiment was trained with several seeds.

    Attributes:
        path: of the folder.
        result: dict, all that study.json holds.
        seeds: list of int, those that are finished.
    """

    def __init__(self, path: PathLike):
        self.path = os.fspath(path)
        file = os.path.join(self.path, "study.json")
        if not os.path.isfile(file):
            what = "no such folder" if not os.path.isdir(self.path) else "no study is in this folder, as it has no study.json"
            raise Error(f"{self.path}: {what}; a study is made, or finished, by: firstspike replicate --out {self.path}")
        self.result = _json(_read(file), file)
        self.seeds: List[int] = [s["seed"] for s in self.result["seeds"]]

    def __repr__(self) -> str:
        return f"firstspike.Study({self.path!r})"

    def _folder(self, seed: dict) -> str:
        # The folder as it was called when the study was made may have moved with it.
        beside = os.path.join(self.path, f"seed{seed['seed']}")
        return beside if os.path.isdir(beside) else seed["dir"]

    @cached_property
    def runs(self) -> List[Run]:
        """A run for each seed, in the order of seeds."""
        return [Run(self._folder(s)) for s in self.result["seeds"]]

    def __len__(self) -> int:
        return len(self.seeds)

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    @property
    def percent(self) -> np.ndarray:
        """The test images that each seed has right, in percent, float64 [seeds]."""
        return np.array([s["test_percent"] for s in self.result["seeds"]], dtype=np.float64)

    @property
    def curve(self) -> "Curve":
        """The epochs of the last layer over all seeds. See Curve."""
        return Curve(self.result.get("curve") or [], self.result.get("curve_of", ""))


class Curve:
    """A curve of a study: percent right, epoch by epoch, over all seeds.

    Attributes:
        of: the images that were judged: validation, test or train.
        epoch: int64 [epochs], from 0.
        mean: float64 [epochs], in percent.
        low, high: float64 [epochs], the 95 % interval of the mean.
        worst, best: float64 [epochs], of single seeds.
    """

    def __init__(self, points: Sequence, of: str):
        self.of = of
        self.epoch = np.array([p["epoch"] for p in points], dtype=np.int64)
        self.mean, self.low, self.high, self.worst, self.best = (
            np.array([p[key] for p in points], dtype=np.float64) for key in ("mean", "low", "high", "worst", "best"))

    def __len__(self) -> int:
        return len(self.epoch)


def parse_toml(text: str, where: str) -> dict:
    """TOML as nested dicts, by the standard library or, before Python 3.11, tomli."""
    try:
        import tomllib as toml
    except ImportError:
        try:
            import tomli as toml
        except ImportError:
            raise Error(f"{where}: its experiment is TOML, which Python reads from 3.11 on; here: pip install tomli") from None
    try:
        return toml.loads(text)
    except toml.TOMLDecodeError as e:
        raise Error(f"{where}: the experiment cannot be read: {e}; the file is damaged") from e


def _metadata(tensors: Tensors, name: str) -> str:
    text = tensors.metadata.get(name)
    if text is None:
        raise Error(f"{tensors.path}: tells of no {name}; firstspike did not write it")
    return text


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except OSError as e:
        raise Error(f"{path}: {e.strerror or e}") from e
    except ValueError as e:
        raise Error(f"{path}: is no text in UTF-8; the file is damaged") from e


def _json(text: str, where: str) -> dict:
    try:
        value = json.loads(text)
    except ValueError as e:
        raise Error(f"{where}: {e}; the file is damaged") from e
    if not isinstance(value, dict):
        raise Error(f"{where}: is no JSON object; the file is damaged")
    return value


def _share(score: dict) -> float:
    images = score["right"] + score["wrong"] + score["silent"]
    return score["right"] / images if images else float("nan")


def _numbers(epoch: dict, prefix: str = "") -> Iterator[str]:
    for key, value in epoch.items():
        if isinstance(value, dict):
            yield from _numbers(value, f"{prefix}{key}.")
        elif isinstance(value, (int, float)):
            yield prefix + key

"""Files that are damaged, foreign or missing: what is wrong, and the way out."""

import io
import json
import os
import struct
import tempfile
import unittest
import zipfile

import numpy as np

import firstspike


def safetensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content)
        return path

    def refuses(self, text, make, *args):
        with self.assertRaisesRegex(firstspike.Error, text):
            make(*args)


class TestTensors(Files):
    def test_every_type(self):
        rng = np.random.default_rng(1)
        header, data, want = {}, b"", {}
        for kind, dtype in (("F64", "<f8"), ("I64", "<i8"), ("U64", "<u8"), ("F32", "<f4"), ("I32", "<i4"), ("U32", "<u4"),
                            ("F16", "<f2"), ("I16", "<i2"), ("U16", "<u2"), ("I8", "i1"), ("U8", "u1")):
            raw = rng.bytes(6 * np.dtype(dtype).itemsize)
            header[kind] = {"dtype": kind, "shape": [2, 3], "data_offsets": [len(data), len(data) + len(raw)]}
            want[kind] = raw
            data += raw
        header["BF16"] = {"dtype": "BF16", "shape": [2], "data_offsets": [len(data), len(data) + 4]}
        data += struct.pack("<HH", 0x3FC0, 0xC000)
        header["BOOL"] = {"dtype": "BOOL", "shape": [2], "data_offsets": [len(data), len(data) + 2]}
        data += b"\0\1"
        header["scalar"] = {"dtype": "F32", "shape": [], "data_offsets": [len(data), len(data) + 4]}
        data += struct.pack("<f", 2.5)
        header["none"] = {"dtype": "F32", "shape": [0, 7], "data_offsets": [len(data), len(data)]}
        header["__metadata__"] = {"format": "test"}
        t = firstspike.Tensors(self.write("t.safetensors", safetensors(header, data)))
        for kind, raw in want.items():
            self.assertEqual(t[kind].shape, (2, 3))
            self.assertEqual(t[kind].tobytes(), raw, kind)
        self.assertEqual(t["BF16"].tolist(), [1.5, -2.0])
        self.assertEqual(t["BOOL"].tolist(), [False, True])
        self.assertEqual(t["scalar"].shape, ())
        self.assertEqual(t["scalar"], 2.5)
        self.assertEqual(t["none"].shape, (0, 7))
        self.assertEqual(t.shape("none"), (0, 7))
        self.assertEqual(t.metadata, {"format": "test"})
        self.assertEqual(set(t), {*want, "BF16", "BOOL", "scalar", "none"})
        t["F32"][0, 0] = 1  # an array of one's own
        self.assertEqual(t["F32"].tobytes(), want["F32"])
        with self.assertRaisesRegex(KeyError, "no tensor 'x'; there are F64, I64"):
            t["x"]

    def test_refuses(self):
        entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
        for text, content in (
            ("header would take 0 of 0 bytes", b""),
            ("header would take 99 of 8 bytes", struct.pack("<Q", 99)),
            ("header cannot be read", safetensors(b"{")),
            ("header cannot be read", safetensors(b"\xff")),
            ("no JSON object", safetensors([])),
            ("has no type, shape and place", safetensors({"a": 1})),
            ("has no type, shape and place", safetensors({"a": {"dtype": "F32"}})),
            ("is of type F4", safetensors({"a": {**entry, "dtype": "F4"}}, bytes(8))),
            ("does not fit its bytes 0 to 8", safetensors({"a": entry}, bytes(7))),
            ("does not fit its bytes", safetensors({"a": {**entry, "shape": [3]}}, bytes(8))),
            ("does not fit its bytes", safetensors({"a": {**entry, "shape": [-2]}}, bytes(8))),
            ("does not fit its bytes", safetensors({"a": {**entry, "shape": [2.0]}}, bytes(8))),
            ("does not fit its bytes", safetensors({"a": {**entry, "data_offsets": [-8, 0]}}, bytes(8))),
        ):
            path = self.write("t.safetensors", content)
            with self.subTest(text):
                self.refuses("t.safetensors: .*" + text, firstspike.Tensors, path)

    def test_cut_off_later(self):
        path = self.write("t.safetensors", safetensors({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, bytes(8)))
        t = firstspike.Tensors(path)
        os.truncate(path, os.path.getsize(path) - 1)
        self.refuses("became shorter", t.__getitem__, "a")


class TestFolders(Files):
    def test_refuses(self):
        self.refuses("no such folder; name that of a run", firstspike.Run, os.path.join(self.folder, "none"))
        self.refuses("no run is in this folder", firstspike.Run, self.folder)
        self.refuses("firstspike replicate --out", firstspike.Study, self.folder)
        self.write("study.json", b"{")
        self.refuses("read it with firstspike.Study", firstspike.Run, self.folder)
        self.refuses("study.json: .*damaged", firstspike.Study, self.folder)

    def test_unfinished(self):
        self.write("model.safetensors", safetensors({"__metadata__": {"state": "[]"}}))
        self.write("metrics.jsonl", b'{"layer":"s1"}\n{"lay')
        run = firstspike.Run(self.folder)
        self.assertFalse(run.finished)
        self.refuses("not finished; go on with: firstspike train --resume --out", getattr, run, "result")
        self.refuses("metrics.jsonl, line 2: .*damaged", getattr, run, "metrics")
        self.refuses("tells of no experiment", getattr, run, "experiment")
        self.refuses("no JSON object", getattr, run, "state")
        self.refuses("run.json: No such file", getattr, run, "record")

    def test_imported(self):
        self.write("model.safetensors", safetensors({"__metadata__": {"state": "{}"}}))
        self.write("run.json", b'{"imported":{"file":"x.pt"}}')
        run = firstspike.Run(self.folder)
        self.refuses("the run was imported; firstspike test", getattr, run, "result")
        self.refuses("the run was imported: nothing is known", getattr, run, "metrics")

    def test_packed(self):
        # Two maps of three synapses of four bits: 5 and 6 of a byte, then 7.
        index = np.array([[0x65, 0x07], [0x21, 0x03]], dtype=np.uint8)
        grid = np.array([0.5, 0.25, 4.0])
        header = {
            "s1.weight.grid": {"dtype": "F64", "shape": [3], "data_offsets": [0, 24]},
            "s1.weight.index": {"dtype": "U8", "shape": [2, 2], "data_offsets": [24, 28]},
        }
        self.write("model.safetensors", safetensors(header, grid.tobytes() + index.tobytes()))
        weights = firstspike.Run(self.folder).weights
        self.assertEqual(list(weights), ["s1"])
        want = 0.5 + 0.25 * np.array([[5, 6, 7], [1, 2, 3]])
        np.testing.assert_array_equal(weights["s1"][:, :3], want.astype(np.float32))


class TestMetrics(unittest.TestCase):
    def test_columns(self):
        m = firstspike.Metrics([
            {"layer": "s1", "epoch": 0, "convergence": 0.25},
            {"layer": "s2", "epoch": 0, "convergence": 0.5, "train": {"right": 3, "wrong": 1, "silent": 0}, "weights": [1, 2]},
            {"layer": "s2", "epoch": 1, "convergence": 0, "train": {"right": 1, "wrong": 0, "silent": 3}, "best": True, "weights": [3, 0]},
        ])
        self.assertEqual(m.column("convergence").tolist(), [0.25, 0.5, 0])
        np.testing.assert_array_equal(m.share("train"), [np.nan, 0.75, 0.25])
        self.assertEqual(m.of("s2").share("train", "silent").tolist(), [0, 0.75])
        self.assertEqual(m.of("s2").weights().tolist(), [[1, 2], [3, 0]])
        self.assertEqual(m.layers, ["s1", "s2"])
        self.assertEqual((len(m), len(m[1:]), m[1:].layers), (3, 2, ["s2"]))
        with self.assertRaisesRegex(KeyError, "there are .*convergence, epoch, train.right"):
            m.column("accuracy")
        with self.assertRaisesRegex(KeyError, "right, wrong or silent"):
            m.share("train", "accuracy")
        with self.assertRaisesRegex(KeyError, "no epoch of a layer 's3'"):
            m.of("s3")


class TestSpikes(Files):
    def npz(self, **changes):
        about = {"format": 1, "data": "test", "classes": ["a", "b"], "experiment": "", "layers": [
            {"name": "input", "maps": 2, "rows": 5, "cols": 6},
            {"name": "s1", "maps": 2, "rows": 5, "cols": 6, "pool": {"window": 3, "stride": 2, "pad": 1, "repeats": True}},
        ]}
        about.update(changes.pop("about", {}))
        rng = np.random.default_rng(2)
        first = rng.integers(0, 8, (3, 2, 5, 6)).astype(np.uint8)
        first[first > 4] = firstspike.SILENT
        arrays = {
            "first_input": first, "first_s1": first[::-1], "images": np.arange(3, dtype=np.int32), "labels": np.zeros(3, np.int32),
            "decisions": np.full(3, -1, np.int32), "steps": np.int32(5), "about": np.frombuffer(json.dumps(about).encode(), np.uint8),
        }
        arrays.update(changes)
        b = io.BytesIO()
        np.savez_compressed(b, **{k: v for k, v in arrays.items() if v is not None})
        return self.write("s.npz", b.getvalue())

    def test_views(self):
        with firstspike.spikes(self.npz()) as s:
            first = s.first["s1"]
            for image in range(len(s)):
                steps, neurons = s.raster("s1", image)
                self.assertTrue((np.diff(steps) >= 0).all())
                maps, rows, cols = s.neuron("s1", neurons)
                self.assertTrue((first[image, maps, rows, cols] == steps).all())
                self.assertEqual(len(neurons), (first[image] != firstspike.SILENT).sum())
                self.assertEqual(len(set(neurons)), len(neurons))
                self.assertEqual(s.latencies("s1", image).tolist(), [(first[image] == t).sum() for t in range(5)])
                wave = s.wave("s1", image)
                self.assertEqual((wave.shape, wave.dtype), ((5, 2, 5, 6), np.uint8))
                self.assertEqual((5 - wave.sum(axis=0))[wave[-1] == 1].tolist(), first[image][wave[-1] == 1].tolist())
                self.assertTrue((first[image][wave[-1] == 0] == firstspike.SILENT).all())
            self.assertEqual(s.latencies("s1").tolist(), [s.latencies("s1", i).tolist() for i in range(3)])

    def test_pooling(self):
        s = firstspike.spikes(self.npz())
        self.addCleanup(s.close)
        self.assertEqual(s.pooled("input", 0).tolist(), s.first["input"][0].tolist())
        pooled = s.pooled("s1")
        self.assertEqual(pooled.shape, (3, 2, 3, 3))
        for image, m, row, col in np.ndindex(pooled.shape):
            window = s.first["s1"][image, m, max(0, 2 * row - 1): 2 * row + 2, max(0, 2 * col - 1): 2 * col + 2]
            self.assertEqual(pooled[image, m, row, col], window.min())
            fired = set(window[window != firstspike.SILENT].tolist())
            self.assertEqual(set(np.flatnonzero(s.pooled_wave("s1", image)[:, m, row, col]).tolist()), fired)

    def test_closed(self):
        s = firstspike.spikes(self.npz())
        s.first["s1"]
        s.close()
        self.assertEqual(s.first["s1"].shape, (3, 2, 5, 6))
        self.refuses("is closed, and first_input was not asked for", s.first.__getitem__, "input")

    def test_refuses(self):
        self.refuses("No such file", firstspike.spikes, os.path.join(self.folder, "none.npz"))
        for content in (b"", b"text", b"PK\3\4"):
            self.refuses("s.npz: it is no npz file; spikes are written by: firstspike spikes", firstspike.spikes, self.write("s.npz", content))
        b = io.BytesIO()
        np.save(b, np.zeros(3))
        self.refuses("no npz file", firstspike.spikes, self.write("s.npz", b.getvalue()))
        self.refuses("has no array about", firstspike.spikes, self.without("about"))
        self.refuses("no JSON object with a format", firstspike.spikes, self.with_about(b"{"))
        self.refuses("no JSON object with a format", firstspike.spikes, self.with_about(b"[]"))
        self.refuses("is of format 2, and this package reads 1", firstspike.spikes, self.npz(about={"format": 2}))
        self.refuses("has no array labels", firstspike.spikes, self.npz(labels=None))
        s = firstspike.spikes(self.npz(first_s1=np.zeros((3, 2, 5, 5), np.uint8)))
        self.addCleanup(s.close)
        self.refuses("first_s1 is of shape", s.first.__getitem__, "s1")
        with self.assertRaisesRegex(KeyError, "has no first_s9; it has those of input, s1"):
            s.first["s9"]
        with self.assertRaisesRegex(KeyError, "has no potential_s1; it has those of no layer"):
            s.potential["s1"]

    def without(self, name):
        path = self.npz()
        with zipfile.ZipFile(path) as z:
            members = {n: z.read(n) for n in z.namelist() if n != name + ".npy"}
        with zipfile.ZipFile(path, "w") as z:
            for n, content in members.items():
                z.writestr(n, content)
        return path

    def with_about(self, text):
        path = self.without("about")
        b = io.BytesIO()
        np.save(b, np.frombuffer(text, np.uint8))
        with zipfile.ZipFile(path, "a") as z:
            z.writestr("about.npy", b.getvalue())
        return path

    def test_damaged(self):
        path = self.npz()
        with zipfile.ZipFile(path) as z:
            info = z.getinfo("first_s1.npy")
        with open(path, "r+b") as f:
            f.seek(info.header_offset + 60)
            f.write(b"\xff" * 20)
        s = firstspike.spikes(path)
        self.addCleanup(s.close)
        self.refuses("first_s1 cannot be read: .*damaged", s.first.__getitem__, "s1")


if __name__ == "__main__":
    unittest.main()

"""What the program wrote is read as the program knows it.

The Go test TestPython makes the files, with expected.json beside them, and runs
these tests: go test ./cmd/firstspike -run TestPython
"""

import hashlib
import json
import os
import unittest

import numpy as np

import firstspike

FOLDER = os.environ.get("FIRSTSPIKE_FIXTURES")


@unittest.skipUnless(FOLDER, "the program's files are made by: go test ./cmd/firstspike -run TestPython")
class Program(unittest.TestCase):
    def setUp(self):
        self.run_path = os.path.join(FOLDER, "runs", "mozafari2018-seed1")
        with open(os.path.join(FOLDER, "expected.json"), encoding="utf-8") as f:
            self.expected = json.load(f)

    def test_weights(self):
        weights = firstspike.Run(self.run_path).weights
        self.assertEqual(list(weights), self.expected["layers"])
        for layer, want in self.expected["weights"].items():
            w = weights[layer]
            self.assertEqual(w.dtype, np.float32)
            self.assertEqual(list(w.shape), want["shape"])
            self.assertEqual(hashlib.sha256(w.astype("<f4").tobytes()).hexdigest(), want["sha256"])
        with self.assertRaisesRegex(KeyError, "no layer 's9'; there are s1, s2, s3"):
            weights["s9"]

    def test_run(self):
        run = firstspike.Run(self.run_path)
        self.assertTrue(run.finished)
        self.assertEqual(run.experiment["name"], "tiny")
        self.assertEqual(run.experiment["layers"][1]["maps"], 20)
        self.assertEqual(run.experiment["layers"][2]["threshold"], float("inf"))
        self.assertEqual(run.state["presentations"], run.result["presentations"])
        self.assertEqual(run.accuracy, self.expected["accuracy"])
        self.assertEqual(run.confusion.shape, (10, 11))
        self.assertEqual(run.confusion.sum(), 100)
        self.assertEqual(run.record["system"], self.expected["system"])

    def test_metrics(self):
        metrics = firstspike.Run(self.run_path).metrics
        self.assertEqual(metrics.layers, ["s1", "s2", "s3"])
        self.assertEqual([len(metrics.of(layer)) for layer in metrics.layers], [1, 1, 2])
        self.assertEqual(metrics.column("convergence").tolist(), self.expected["convergence"])
        self.assertEqual(metrics.of("s3").share("validation").tolist(), self.expected["validation"])
        self.assertEqual(metrics.of("s3").weights().sum(axis=1).tolist(), [firstspike.Run(self.run_path).weights["s3"].size] * 2)

    def test_study(self):
        study = firstspike.Study(os.path.join(FOLDER, "runs", "ten"))
        self.assertEqual(study.seeds, [1, 2])
        self.assertEqual([run.experiment["seed"] for run in study], [1, 2])
        np.testing.assert_allclose(study.percent, [100 * run.accuracy for run in study])
        self.assertEqual(study.curve.epoch.tolist(), [0, 1])
        want = np.mean([run.metrics.of("s3").share(study.curve.of) for run in study], axis=0)
        np.testing.assert_allclose(study.curve.mean, 100 * want)
        self.assertTrue((study.curve.low <= study.curve.high).all())

    def test_spikes(self):
        for name, want in self.expected["spikes"].items():
            with firstspike.spikes(os.path.join(FOLDER, name)) as spikes:
                self.assertEqual(spikes.layers, ["input", *self.expected["layers"]])
                self.assertEqual(spikes.steps, 15)
                self.assertEqual(spikes.classes, [str(i) for i in range(10)])
                self.assertEqual(spikes.images.tolist(), want["images"])
                self.assertEqual(spikes.labels.tolist(), want["labels"])
                self.assertEqual(spikes.decisions.tolist(), want["decisions"])
                self.assertEqual(list(spikes.potential), ["s3"])
                potential, first = spikes.potential["s3"], spikes.first["s3"]
                self.assertEqual((potential.dtype, potential.shape), (np.float32, first.shape))
                self.assertTrue((potential[first == firstspike.SILENT] == 0).all())
                for layer, sums in want["first"].items():
                    self.assertEqual([hashlib.sha256(image.tobytes()).hexdigest() for image in spikes.first[layer]], sums, layer)
                # All that pooling hands on, as the program knows it.
                for layer, images in want["pooled"].items():
                    for image, spikes_of in enumerate(images):
                        wave = spikes.pooled_wave(layer, image)
                        self.assertEqual([list(map(int, i)) for i in np.argwhere(wave)], spikes_of, (name, layer))
                        steps = np.arange(15)[:, np.newaxis, np.newaxis, np.newaxis]
                        first = np.where(wave == 1, steps, firstspike.SILENT).min(axis=0)
                        self.assertEqual(spikes.pooled(layer, image).tolist(), first.tolist())


if __name__ == "__main__":
    unittest.main()

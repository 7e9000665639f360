"""The cells of example.ipynb run, beside files that the program wrote.

Without matplotlib those that draw are left out. With FIRSTSPIKE_PICTURES the
pictures go to that folder.
"""

import importlib.util
import json
import os
import unittest

import firstspike

FOLDER = os.environ.get("FIRSTSPIKE_FIXTURES")
PICTURES = os.environ.get("FIRSTSPIKE_PICTURES")
NOTEBOOK = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "example.ipynb")


@unittest.skipUnless(FOLDER, "the program's files are made by: go test ./cmd/firstspike -run TestPython")
class TestNotebook(unittest.TestCase):
    def test_cells(self):
        with open(NOTEBOOK, encoding="utf-8") as f:
            cells = ["".join(c["source"]) for c in json.load(f)["cells"] if c["cell_type"] == "code"]
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(FOLDER)
        drawing = importlib.util.find_spec("matplotlib") is not None
        if drawing:
            import matplotlib

            matplotlib.use("Agg")
            import matplotlib.pyplot as plt
        names, drawn = {"__name__": "notebook"}, 0
        for number, source in enumerate(cells):
            if not drawing and "plt" in source:
                continue
            exec(compile(source, f"example.ipynb, code cell {number + 1}", "exec"), names)
            if not drawing:
                continue
            for figure in map(plt.figure, plt.get_fignums()):
                drawn += 1
                self.assertTrue(any(axes.has_data() for axes in figure.axes))
                if PICTURES:
                    figure.savefig(os.path.join(PICTURES, f"cell{number + 1}.png"), dpi=110)
            plt.close("all")
        self.assertIsInstance(names["run"], firstspike.Run)
        self.assertIsInstance(names["spikes"], firstspike.Spikes)
        if drawing:
            self.assertEqual(drawn, 5)
        names["spikes"].close()


if __name__ == "__main__":
    unittest.main()

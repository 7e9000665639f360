"""Reads what the program firstspike leaves behind, as numpy arrays.

    run = firstspike.Run("runs/mozafari2018-seed1")
    run.weights["s1"]                # float32 [maps, input maps, rows, columns]
    run.metrics.of("s3").share("validation")

    study = firstspike.Study("runs/ten")
    study.percent                    # float64 [seeds]

    spikes = firstspike.spikes("spikes.npz")   # of: firstspike spikes RUN --out spikes.npz
    steps, neurons = spikes.raster("s1", image=0)

Nothing is trained here and nothing is drawn: that is for the program, and for
matplotlib. Whatever cannot be read raises firstspike.Error, which names the file,
the fault and the way out.

Words: a neuron fires at most once for an image, at a step counted from 0, or stays
silent. A run is a folder in which a network was trained, a study several runs that
differ in their seed.
"""

from ._errors import Error
from ._run import Metrics, Run, Study
from ._spikes import SILENT, Spikes, spikes
from ._tensors import Tensors

__all__ = ["Error", "Metrics", "Run", "SILENT", "Spikes", "Study", "Tensors", "spikes"]

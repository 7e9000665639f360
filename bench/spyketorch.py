#!/usr/bin/env python3
"""Measures SpykeTorch and firstspike side by side, stage by stage.

Both compute the network of Mozafari et al. (2019), arXiv:1804.00227, on MNIST.
SpykeTorch is the user's own checkout; nothing of it is in this file but the
names of its functions. README.md beside this file says how to set it up and how
to read the table.
"""

import argparse
import gzip
import json
import os
import shutil
import statistics
import struct
import subprocess
import sys
import time

import numpy as np
import torch

# The rows of the table in their order: what SpykeTorch computes, the stage of
# "firstspike bench" beside it, and what each side's time includes.
ROWS = [
    ("encode", "encode", "pixels to spikes", "pixels to spikes"),
    ("prefix", "prefix", "pixels to C2", "pixels to C2"),
    ("s1", "s1", "S1, winners, STDP", "S1, winners, STDP"),
    ("s2", "s2", "S1, S2, winners, STDP", "S2, winners, STDP; C1 remembered"),
    ("s2-remembered", "s2", "S2, winners, STDP; C1 remembered", "S2, winners, STDP; C1 remembered"),
    ("s3", "s3-early", "S1, S2, S3, R-STDP", "S3, R-STDP; C2 remembered; early"),
    ("s3", "s3-late", "S1, S2, S3, R-STDP", "S3, R-STDP; C2 remembered; late"),
    ("s3-remembered", "s3-late", "S3, R-STDP; C2 remembered", "S3, R-STDP; C2 remembered; late"),
    ("inference", "inference", "pixels to decision", "pixels to decision"),
    ("inference-encoded", "inference", "spikes to decision", "pixels to decision"),
]

SHAPES = {"s1": (30, 6, 5, 5), "s2": (250, 30, 3, 3), "s3": (200, 250, 5, 5)}

# Spikes an image after training on MNIST. Drawn weights are made sparse until
# the network is about as busy.
TRAINED_C1, TRAINED_C2 = 535, 1140

STEPS = 15


class Fault(Exception):
    """Something the user can put right."""


def load_spyketorch(folder):
    """Imports the checkout; gives its modules snn, functional, utils and its version."""
    if not os.path.isfile(os.path.join(folder, "SpykeTorch", "snn.py")):
        raise Fault(f"--spyketorch {folder}: no SpykeTorch/snn.py is there; clone https://github.com/miladmozafari/SpykeTorch")
    sys.path.insert(0, os.path.abspath(folder))
    try:
        from SpykeTorch import functional, snn, utils
    except ImportError as err:
        raise Fault(f"--spyketorch {folder}: {err}; SpykeTorch needs torch, torchvision and numpy in this Python") from err
    version = "unknown"
    path = os.path.join(folder, "SpykeTorch", "VERSION")
    if os.path.isfile(path):
        with open(path, encoding="utf-8") as f:
            version = f.read().strip()
    return snn, functional, utils, version


class Network:
    """The network of Mozafari et al. (2019), made of SpykeTorch's parts.

    An image's spikes are what SpykeTorch calls a spike wave: bytes of the shape
    steps x maps x rows x columns, 1 from the spike onwards.
    """

    def __init__(self, snn, functional, utils, weights):
        self.f = functional
        thirds = [(3, 3, 6), (3, 6, 3), (7, 7, 14), (7, 14, 7), (13, 13, 26), (13, 26, 13)]
        self.filter = utils.Filter([utils.DoGKernel(size, a / 9, b / 9) for size, a, b in thirds], padding=6, thresholds=50)
        self.latency = utils.Intensity2Latency(STEPS)
        self.layers = {}
        for name, shape in SHAPES.items():
            self.layers[name] = snn.Convolution(shape[1], shape[0], shape[2])
        self.weights = weights
        self.restore()
        # The rates that S1 and S2 have for all but the first 3,000 images, and
        # those of S3 at 4 wrong decisions in 100.
        self.stdp1 = snn.STDP(self.layers["s1"], (0.15, -0.1125))
        self.stdp2 = snn.STDP(self.layers["s2"], (0.15, -0.1125))
        self.reward = snn.STDP(self.layers["s3"], (0.004 * 0.04, -0.003 * 0.04), False, 0.2, 0.8)
        self.punish = snn.STDP(self.layers["s3"], (-0.004 * 0.96, 0.0005 * 0.96), False, 0.2, 0.8)

    def restore(self):
        """Takes back what has been learned."""
        for name, layer in self.layers.items():
            layer.load_weight(self.weights[name])

    def encode(self, pixels):
        picture = pixels.float().reshape(1, 1, *pixels.shape)
        picture = self.f.local_normalization(self.filter(picture), 8)
        return self.latency(picture).sign().byte()

    def c1(self, spikes):
        """Spikes of C1, padded for S2."""
        potentials = self.layers["s1"](self.f.pad(spikes.float(), (2, 2, 2, 2)))
        return self.f.pad(self.f.pooling(self.f.fire(potentials, 15), 2, 2), (1, 1, 1, 1))

    def c2(self, c1):
        """Spikes of C2, padded for S3."""
        potentials = self.layers["s2"](c1)
        return self.f.pad(self.f.pooling(self.f.fire(potentials, 10), 3, 3), (2, 2, 2, 2))

    def decide(self, c2):
        """The potentials, spikes and winners of S3, and the class, -1 if silent."""
        potentials = self.layers["s3"](c2)
        spikes = self.f.fire(potentials)
        winners = self.f.get_k_winners(potentials, 1, 0, spikes)
        return potentials, spikes, winners, int(winners[0][0]) // 20 if winners else -1

    def compete(self, name, inputs, threshold, k, radius):
        """The potentials, spikes and winners of a layer that learns."""
        spikes, potentials = self.f.fire(self.layers[name](inputs), threshold, True)
        potentials = self.f.pointwise_inhibition(potentials)
        spikes = potentials.sign()
        return potentials, spikes, self.f.get_k_winners(potentials, k, radius, spikes)

    def learn1(self, spikes):
        inputs = self.f.pad(spikes.float(), (2, 2, 2, 2))
        self.stdp1(inputs, *self.compete("s1", inputs, 15, 5, 3))

    def learn2(self, c1):
        self.stdp2(c1, *self.compete("s2", c1, 10, 8, 1))

    def learn3(self, c2, label):
        potentials, spikes, winners, decision = self.decide(c2)
        if decision >= 0:
            rule = self.reward if decision == label else self.punish
            rule(c2, potentials, spikes, winners)


class Images:
    """Images, their labels, and what the network makes of them before a stage begins."""

    def __init__(self, network, pixels, labels):
        self.labels = labels.tolist()
        self.pixels = list(torch.from_numpy(pixels))
        self.spikes = [network.encode(p) for p in self.pixels]
        self.c1 = [network.c1(s) for s in self.spikes]
        self.c2 = [network.c2(c) for c in self.c1]
        self.right = sum(network.decide(c)[3] == label for c, label in zip(self.c2, self.labels))

    def counts(self):
        """Mean spikes of an image: of the encoded picture, of C1, of C2."""
        return {name: statistics.mean(float(wave[-1].sum()) for wave in waves)
                for name, waves in (("input", self.spikes), ("c1", self.c1), ("c2", self.c2))}


def stages(n, images):
    """For each stage of SpykeTorch what it does with image i."""
    x = images
    return {
        "encode": lambda i: n.encode(x.pixels[i]),
        "prefix": lambda i: n.c2(n.c1(n.encode(x.pixels[i]))),
        "s1": lambda i: n.learn1(x.spikes[i]),
        "s2": lambda i: n.learn2(n.c1(x.spikes[i])),
        "s2-remembered": lambda i: n.learn2(x.c1[i]),
        "s3": lambda i: n.learn3(n.c2(n.c1(x.spikes[i])), x.labels[i]),
        "s3-remembered": lambda i: n.learn3(x.c2[i], x.labels[i]),
        "inference": lambda i: n.decide(n.c2(n.c1(n.encode(x.pixels[i])))),
        "inference-encoded": lambda i: n.decide(n.c2(n.c1(x.spikes[i]))),
    }


def measure(stage, count):
    """Microseconds an image, over all images once."""
    for i in range(min(3, count)):  # caches, and the memory that torch keeps
        stage(i)
    start = time.perf_counter()
    for i in range(count):
        stage(i)
    return (time.perf_counter() - start) / count * 1e6


def idx(folder, name, dims):
    """Reads an IDX file of bytes, gzipped or not."""
    for path, opener in ((os.path.join(folder, name), open), (os.path.join(folder, name + ".gz"), gzip.open)):
        if os.path.isfile(path):
            with opener(path, "rb") as f:
                data = f.read()
            break
    else:
        raise Fault(f"--mnist {folder}: neither {name} nor {name}.gz is there")
    if len(data) < 4 + 4 * dims or data[:4] != bytes((0, 0, 8, dims)):
        raise Fault(f"{path}: not an IDX file of bytes with {dims} dimensions")
    shape = struct.unpack(f">{dims}I", data[4:4 + 4 * dims])
    if len(data) != 4 + 4 * dims + int(np.prod(shape)):
        raise Fault(f"{path}: has {len(data)} bytes, which does not fit its shape {shape}")
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dims).reshape(shape)


def mnist(folder, count):
    """The first training images and their labels."""
    pixels, labels = idx(folder, "train-images-idx3-ubyte", 3), idx(folder, "train-labels-idx1-ubyte", 1)
    if pixels.shape[1:] != (28, 28) or len(pixels) != len(labels):
        raise Fault(f"--mnist {folder}: {len(pixels)} images of {pixels.shape[1:]} and {len(labels)} labels are not MNIST's")
    return pixels[:count].copy(), labels[:count]


def check_shapes(path, weights):
    for name, shape in SHAPES.items():
        if tuple(weights[name].shape) != shape:
            raise Fault(f"{path}: {name} has the shape {tuple(weights[name].shape)} instead of {shape}")
    return weights


def weights_of_run(run):
    """The weights of a run of firstspike, from its safetensors file."""
    path = os.path.join(run, "model.safetensors") if os.path.isdir(run) else run
    try:
        with open(path, "rb") as f:
            header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
            data = f.read()
        weights = {}
        for name in SHAPES:
            tensor = header[name + ".weight"]
            start, end = tensor["data_offsets"]
            weights[name] = torch.from_numpy(np.frombuffer(data[start:end], "<f4").reshape(tensor["shape"]).copy())
    except OSError as err:
        raise Fault(f"--run {run}: {err}; name the folder of a finished run of mozafari2018") from err
    except (KeyError, ValueError, struct.error) as err:
        raise Fault(f"{path}: not a network of mozafari2018 with the layers s1, s2, s3 ({err!r})") from err
    return check_shapes(path, weights)


def weights_of_state(path):
    """The weights of a state dict that SpykeTorch saved."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        weights = {name: state[f"conv{i}.weight"].detach().float() for i, name in enumerate(SHAPES, 1)}
    except Exception as err:  # torch.load has a dozen kinds
        raise Fault(f"--weights {path}: not a state dict with conv1.weight to conv3.weight ({type(err).__name__})") from err
    return check_shapes(path, weights)


def draw_weights(parts, pixels):
    """Weights of 0 and 1 in S1 and S2, as many 1 as make C1 and C2 about as busy as trained ones do."""
    random = torch.Generator().manual_seed(1)
    order = {name: torch.rand(shape, generator=random) for name, shape in SHAPES.items()}
    weights = {"s1": order["s1"].round(), "s2": order["s2"].round(), "s3": 0.2 + 0.6 * order["s3"]}
    network = Network(*parts, weights)
    spikes = [network.encode(torch.from_numpy(p)) for p in pixels[:20]]

    def fit(name, respond, inputs, wanted):
        low, high = 0.0, 1.0
        for _ in range(10):  # more 1s, more spikes
            density = (low + high) / 2
            weights[name] = (order[name] < density).float()
            network.restore()
            outputs = [respond(i) for i in inputs]
            if statistics.mean(float(o[-1].sum()) for o in outputs) < wanted:
                low = density
            else:
                high = density
        return outputs

    fit("s2", network.c2, fit("s1", network.c1, spikes, TRAINED_C1), TRAINED_C2)
    return weights


def firstspike(args, stage):
    """What "firstspike bench" says of one stage: its whole output, and the stage's microseconds."""
    command = [args.firstspike, "bench", "--json", "--stage", stage, "--workers", str(args.threads)]
    if args.run:
        command.append(args.run)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as err:
        raise Fault(f"--firstspike {args.firstspike}: {err}") from err
    line = " ".join(command)
    if done.returncode:
        raise Fault(f"{line}: exit status {done.returncode}\n{done.stderr.strip()}")
    try:
        report = json.loads(done.stdout)
        times = {s["stage"]: float(s["microseconds"]["median"]) for s in report["stages"]}
    except (ValueError, KeyError, TypeError) as err:
        raise Fault(f"{line}: its output is not the JSON that this script knows ({err!r})") from err
    if not times.get(stage, 0) > 0:
        raise Fault(f"{line}: no time of the stage {stage} in its output")
    return report, times[stage]


def spread(values):
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def compare(args, network, images):
    """Goes through all stages in rounds; gives firstspike's report and the rows."""
    count = len(images.pixels)
    theirs = {name: [] for name, _, _, _ in ROWS}
    ours = {stage: [] for _, stage, _, _ in ROWS}
    work = stages(network, images)
    for turn in range(args.rounds):
        for stage, times in ours.items():
            # A stage's times are taken within seconds, so that other load on the machine meets both programs.
            for name in (name for name, beside, _, _ in ROWS if beside == stage):
                if len(theirs[name]) == turn:  # s3 stands beside two stages
                    theirs[name].append(measure(work[name], count))
                    network.restore()
            report, microseconds = firstspike(args, stage)
            times.append(microseconds)
        print(f"round {turn + 1} of {args.rounds}", file=sys.stderr)
    rows = []
    for name, stage, included, included_ours in ROWS:
        rows.append({
            "spyketorch": {"stage": name, "includes": included, "microseconds": spread(theirs[name])},
            "firstspike": {"stage": stage, "includes": included_ours, "microseconds": spread(ours[stage])},
            "ratio": spread([a / b for a, b in zip(theirs[name], ours[stage])]),
        })
    return report, rows


def number(x):
    return f"{x:,.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}"


def show(result):
    machine, s, f = result["machine"], result["spyketorch"], result["firstspike"]
    print(f"{machine.get('cpu', 'unknown CPU')}, {machine.get('cores', '?')} cores, {machine.get('system', '?')}")
    print(f"SpykeTorch {s['version']}, torch {s['torch']}, numpy {s['numpy']}, python {s['python']}; threads {result['threads']}")
    print(f"firstspike {f['network']} network, {machine.get('go', '?')}, SIMD {machine.get('simd', '?')}; workers {f['workers']}")
    kept = "kept" if s["subnormal"]["kept"] else "made 0"
    print(f"SpykeTorch's weights: {s['weights']}; subnormal: {s['subnormal']['weights']:,}, {kept}")
    print(f"Spikes an image: input {s['spikes']['input']:,.0f}, C1 {s['spikes']['c1']:,.0f} of 5,880, "
          f"C2 {s['spikes']['c2']:,.0f} of 4,000; right {s['right']} of {result['images']} images")
    print(f"Median of {result['rounds']} rounds; the ratio is SpykeTorch's time by firstspike's of the same round")
    print()
    print("| SpykeTorch computes | us/image | firstspike computes | stage | us/image | ratio | lowest to highest |")
    print("|---|---:|---|---|---:|---:|---|")
    for r in result["rows"]:
        a, b, ratio = r["spyketorch"], r["firstspike"], r["ratio"]
        print(f"| {a['includes']} | {number(a['microseconds']['median'])} | {b['includes']} | {b['stage']} "
              f"| {number(b['microseconds']['median'])} | {number(ratio['median'])} | {number(ratio['low'])} to {number(ratio['high'])} |")


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be 1 or more")
    return value


def arguments():
    here = os.path.dirname(os.path.abspath(__file__))
    p = argparse.ArgumentParser(description="Measures SpykeTorch and firstspike side by side on this machine.")
    p.add_argument("--spyketorch", metavar="DIR", required=True, help="a checkout of SpykeTorch")
    p.add_argument("--firstspike", metavar="PATH", default="firstspike", help="the binary; the one on PATH if not given")
    p.add_argument("--run", metavar="DIR", help="a trained run of mozafari2018: both programs take its weights")
    p.add_argument("--weights", metavar="FILE", help="a state dict of SpykeTorch, for SpykeTorch only; "
                   "without it, and without --run, its weights are drawn")
    p.add_argument("--subnormal", action="store_true", help="keep weights below 1.2e-38, which slow SpykeTorch; 0 if not given")
    p.add_argument("--mnist", metavar="DIR", default=os.path.join(here, "..", "dataset", "mnist"),
                   help="the folder with MNIST's IDX files; dataset/mnist of this repository if not given")
    p.add_argument("--images", metavar="N", type=positive, default=60, help="images that SpykeTorch goes through a round (60)")
    p.add_argument("--rounds", metavar="N", type=positive, default=5, help="rounds (5)")
    p.add_argument("--threads", metavar="N", type=positive, default=1, help="torch's threads and firstspike's workers (1)")
    p.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    return p.parse_args()


def main():
    args = arguments()
    if not shutil.which(args.firstspike):
        raise Fault(f"--firstspike {args.firstspike}: there is no such program; build it with: go build ./cmd/firstspike")
    torch.set_num_threads(args.threads)
    *parts, version = load_spyketorch(args.spyketorch)
    pixels, labels = mnist(args.mnist, args.images)
    if args.weights:
        weights, source = weights_of_state(args.weights), args.weights
    elif args.run:
        weights, source = weights_of_run(args.run), args.run
    else:
        weights, source = draw_weights(parts, pixels), "drawn"
    tiny = {name: (w != 0) & (w.abs() < torch.finfo(torch.float32).tiny) for name, w in weights.items()}
    subnormal = sum(int(t.sum()) for t in tiny.values())
    if not args.subnormal:
        weights = {name: w.masked_fill(tiny[name], 0) for name, w in weights.items()}
    network = Network(*parts, weights)
    images = Images(network, pixels, labels)
    report, rows = compare(args, network, images)
    result = {
        "machine": report.get("machine", {}),
        "threads": args.threads, "images": len(images.pixels), "rounds": args.rounds,
        "spyketorch": {
            "version": version, "torch": torch.__version__, "numpy": np.__version__, "python": sys.version.split()[0],
            "weights": source, "subnormal": {"weights": subnormal, "kept": args.subnormal},
            "spikes": images.counts(), "right": images.right,
        },
        "firstspike": {"network": report.get("network", "unknown"), "workers": report.get("workers", args.threads)},
        "rows": rows,
    }
    if args.json:
        json.dump(result, sys.stdout, indent=2)
        print()
    else:
        show(result)


if __name__ == "__main__":
    try:
        main()
    except Fault as fault:
        sys.exit(f"spyketorch.py: {fault}")

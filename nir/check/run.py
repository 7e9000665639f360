"""Runs a network that firstspike has written as NIR, step by step.

    python run.py FILE.nir SPIKES.npz

needs the packages nir and numpy, and nothing of firstspike: it computes what the
nodes of the graph say, in float64, and reads from the graph's metadata how many
steps there are and who decides. SPIKES.npz holds

    first      images x channels x rows x columns: the step at which an input
               fires, 255 if it never does
    decisions  of every image the class that firstspike decides for, -1 for none

It prints how many decisions agree, names the images of which they do not, and
then ends with status 1.
"""

import sys

import nir
import numpy as np

BATCH = 20  # images at a time


def convolve(n, x):
    """A Conv2d, by windows: exact, as float64 holds all sums."""
    (top, left), (down, right) = n.padding, n.stride
    rows, cols = n.weight.shape[2:]
    assert n.groups == 1 and tuple(n.dilation) == (1, 1)
    x = np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)))
    x = np.lib.stride_tricks.sliding_window_view(x, (rows, cols), axis=(2, 3))[:, :, ::down, ::right]
    images, _, down, right = x.shape[:4]
    x = x.transpose(0, 1, 4, 5, 2, 3).reshape(images, -1, down * right)
    return (n.matrix @ x).reshape(images, -1, down, right) + n.bias[:, None, None]


def count(n, x):
    """A SumPool2d."""
    (top, left), (down, right) = n.padding, n.stride
    x = np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)))
    x = np.lib.stride_tricks.sliding_window_view(x, tuple(n.kernel_size), axis=(2, 3))
    return x[:, :, ::down, ::right].sum(axis=(4, 5))


class State:
    """What I and IF remember of the images of a batch."""

    def __init__(self):
        self.v = {}

    def integrate(self, name, n, x):
        v = self.v.setdefault(name, np.zeros(x.shape))
        v += n.r * x
        return v

    def step(self, name, n, x):
        kind = type(n).__name__
        if kind in ("Input", "Output"):
            return x
        if kind == "Conv2d":
            return convolve(n, x)
        if kind == "SumPool2d":
            return count(n, x)
        if kind == "Flatten":
            assert (n.start_dim, n.end_dim) == (0, -1)
            return x.reshape(len(x), -1)
        if kind in ("Linear", "Affine"):
            y = x @ n.matrix.T
            return y + n.bias if kind == "Affine" else y
        if kind == "I":
            return self.integrate(name, n, x).copy()
        if kind == "IF":
            v = self.integrate(name, n, x)
            z = v > n.v_threshold
            np.copyto(v, n.v_reset, where=z)
            return z.astype(np.float64)
        raise SystemExit(f"node {name} is a {kind}")


def order(graph):
    """The names of the nodes, each behind those that it reads, and what it reads."""
    reads = {name: [a for a, b in graph.edges if b == name] for name in graph.nodes}
    done = []
    while len(done) < len(reads):
        ready = [n for n in reads if n not in done and all(a in done for a in reads[n])]
        assert ready, "the graph has a loop"
        done += ready
    return done, reads


def run(graph, first):
    """What every Output gives: of each image, at each step."""
    names, reads = order(graph)
    state, outputs = State(), {}
    for t in range(int(graph.metadata["steps"])):
        value = {}
        for name in names:
            x = (first == t).astype(np.float64)
            if reads[name]:
                x = sum(value[a] for a in reads[name])
            value[name] = state.step(name, graph.nodes[name], x)
            if isinstance(graph.nodes[name], nir.Output):
                assert tuple(graph.nodes[name].input_type["input"]) == value[name].shape[1:]
                outputs.setdefault(name, []).append(value[name])
    return {name: np.stack(steps, axis=1) for name, steps in outputs.items()}


def decide(graph, out):
    """The decision on an image, by what graph.metadata["decision"] says."""
    kind, end = graph.metadata["decision_kind"], out["output"][-1]
    if kind == "linear SVM":
        return int(end.argmax()) if out["spikes"].any() else -1
    if kind == "highest potential":
        best = int(end.argmax())  # of equal ones the first
        if end.flat[best] <= 0:
            return -1
    else:
        assert kind == "first spike"
        fired = out["output"].reshape(len(out["output"]), -1) > 0
        if not fired.any():
            return -1
        t = int(fired.any(axis=1).argmax())
        best = int(np.where(fired[t], out["potential"][t].ravel(), -np.inf).argmax())
    classes = graph.metadata["classes"]
    if len(classes) == end.shape[0]:
        best //= end.size // end.shape[0]
    return int(classes[best])


def main(network, spikes):
    graph = nir.read(network)
    for n in graph.nodes.values():
        if hasattr(n, "weight"):
            n.matrix = n.weight.astype(np.float64).reshape(len(n.weight), -1)
    data = np.load(spikes)
    first, want = data["first"], data["decisions"]
    differ = []
    for at in range(0, len(first), BATCH):
        out = run(graph, first[at : at + BATCH])
        for i in range(len(first[at : at + BATCH])):
            got = decide(graph, {name: x[i] for name, x in out.items()})
            if got != want[at + i]:
                differ.append((at + i, got, int(want[at + i])))
    print(f"{len(first) - len(differ)} of {len(first)} decisions agree ({graph.metadata['decision_kind']}; {int((want >= 0).sum())} images decided)")
    for i, got, other in differ:
        print(f"image {i}: {got}; firstspike decides {other}")
    return 1 if differ else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2]))

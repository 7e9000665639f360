"""The model mozafari2018 in numpy, written to check another implementation.

    python3 oracle.py check TRACE.npz      # this script against a trace of SpykeTorch
    python3 oracle.py make TRACE.npz DIR   # the traces of this folder, from that trace

It shares nothing with the Go packages: sums are float32 in the order of BLAS,
potentials are computed at every step for every neuron, and winners are chosen
by SpykeTorch's ranking number. MNIST is read from ../../dataset/mnist.
"""
import gzip
import os
import struct
import sys

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view as windows

F = np.float32
T = 15  # steps; also the latency of a silent neuron


def idx(name):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../dataset/mnist", name)
    data = gzip.open(path).read()
    dims = struct.unpack(">" + "I" * data[3], data[4 : 4 + 4 * data[3]])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(dims)


def kernels():
    """Six differences of Gaussians, centred in 13x13."""
    out = []
    for size, a, b in [(3, 3, 6), (3, 6, 3), (7, 7, 14), (7, 14, 7), (13, 13, 26), (13, 26, 13)]:
        a, b, half = a / 9, b / 9, size // 2
        y, x = np.mgrid[-half : half + 1, -half : half + 1]
        r2 = (y * y + x * x).astype(float)
        g = (np.exp(-r2 / (2 * a * a)) / a**2 - np.exp(-r2 / (2 * b * b)) / b**2) / (2 * np.pi)
        g -= g.mean()
        k = np.zeros((13, 13))
        k[6 - half : 7 + half, 6 - half : 7 + half] = g / g.max()
        out.append(k)
    return np.array(out, dtype=F).reshape(6, 169)


KERNELS = kernels()


def encode(image):
    """Latencies [6, 28, 28] of an image."""
    r = windows(np.pad(image.astype(F), 6), (13, 13)).reshape(784, 169) @ KERNELS.T
    r = np.ascontiguousarray(r.T).reshape(6, 28, 28)
    r[r < 50] = 0
    around = windows(np.pad(r, ((0, 0), (8, 8), (8, 8))), (17, 17), axis=(1, 2)).reshape(-1, 289)
    strength = (r / ((around @ np.full(289, 1 / 289, F)).reshape(r.shape) + F(1e-12))).ravel()
    latency = np.full(strength.size, T, np.uint8)
    size = np.count_nonzero(strength) // T
    order = np.argsort(-strength, kind="stable")
    for t in range(T):
        latency[order[t * size : (t + 1) * size]] = t
    return latency.reshape(6, 28, 28)


def potentials(latency, w, pad):
    """Potentials [T, maps, rows, columns]."""
    wave = (latency[None] <= np.arange(T).reshape(T, 1, 1, 1)).astype(F)
    wave = np.pad(wave, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    maps, k = w.shape[0], w.shape[2]
    v = windows(wave, (k, k), axis=(2, 3))
    rows, cols = v.shape[2:4]
    x = v.transpose(0, 2, 3, 1, 4, 5).reshape(T * rows * cols, -1)
    return (x @ w.reshape(maps, -1).T).reshape(T, rows, cols, maps).transpose(0, 3, 1, 2)


def fire(p, threshold):
    """Latencies, and potentials at the first spike."""
    above = p > F(threshold)
    latency = np.where(above.any(0), above.argmax(0), T).astype(np.uint8)
    at = np.take_along_axis(p, np.minimum(latency, T - 1)[None].astype(int), 0)[0]
    return latency, np.where(latency < T, at, F(0))


def pool(latency, n):
    m, h, w = latency.shape
    return latency[:, : h // n * n, : w // n * n].reshape(m, h // n, n, w // n, n).min((2, 4))


def rank(p, spiking_steps):
    """SpykeTorch's ranking number: spiking steps x (potential + T x the highest potential)."""
    return (spiking_steps.astype(F) * (p + F(p.max()) * F(T))).astype(F)


def pointwise(latency, p):
    """Leaves the earliest map at each position, then the highest, then the first."""
    best = np.where(latency < T, (T - latency.astype(float)) * 1e6 + p, 0).argmax(0)
    keep = best[None] == np.arange(len(p)).reshape(-1, 1, 1)
    return np.where(keep, latency, T), np.where(keep, p, F(0))


def choose(latency, p, k, radius):
    total, out = np.where(latency < T, rank(p, T - latency.astype(int)), 0), []
    while len(out) < k and total.max() > 0:
        m, y, x = (int(v) for v in np.unravel_index(total.argmax(), total.shape))
        out.append((m, y, x))
        total[m] = 0
        if radius:
            total[:, max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1] = 0
    return out


def in_time(latency, pad, k, y, x, t):
    padded = np.pad(latency, ((0, 0), (pad, pad), (pad, pad)), constant_values=T)
    return padded[:, y : y + k, x : x + k] <= t


class Competitive:
    """S1 or S2 as it learns."""

    def __init__(self, w, threshold, k, radius, pad):
        self.w, self.threshold, self.k, self.radius, self.pad = w.copy(), threshold, k, radius, pad
        self.count, self.plus, self.minus = 0, F(0.004), F(-0.003)

    def learn(self, latency):
        self.count += 1
        if self.count == 500:
            self.count, self.plus = 0, F(min(2 * float(self.plus), 0.15))
            self.minus = F(-0.75 * float(self.plus))
        first, p = fire(potentials(latency, self.w, self.pad), self.threshold)
        winners = choose(*pointwise(first, p), self.k, self.radius)
        for m, y, x in winners:
            ltp = in_time(latency, self.pad, self.w.shape[2], y, x, first[m, y, x])
            w = self.w[m]
            self.w[m] = w + np.where(ltp, self.plus, self.minus) * (w * (1 - w))
        np.clip(self.w, 0, 1, out=self.w)
        return winners + [(-1, -1, -1)] * (self.k - len(winners))


def decide(latency, w):
    """Potentials after the last step, the winner and its class."""
    p = potentials(latency, w, 2)[-1]
    if p.max() <= 0:
        return p, (-1, -1, -1), -1
    winner = tuple(int(v) for v in np.unravel_index(rank(p, np.ones(p.shape)).argmax(), p.shape))
    return p, winner, winner[0] // 20


class Rewarded:
    """S3 as it learns."""

    def __init__(self, w, batch):
        self.w, self.batch, self.seen, self.right, self.wrong = w.copy(), batch, 0, 0, 0
        self.reward, self.punish = 1.0, 1.0

    def learn(self, latency, label):
        _, (m, y, x), decision = decide(latency, self.w)
        if decision >= 0:
            good = decision == label
            rates, factor = ((0.004, -0.003), self.reward) if good else ((-0.004, 0.0005), self.punish)
            plus, minus = (F(float(F(r)) * factor) for r in rates)
            self.w[m] += np.where(in_time(latency, 2, 5, y, x, T - 1), plus, minus)
            np.clip(self.w, F(0.2), F(0.8), out=self.w)
            self.right, self.wrong = self.right + good, self.wrong + (not good)
        self.seen += 1
        if self.seen == self.batch:
            self.reward, self.punish = self.wrong / self.batch, self.right / self.batch
            self.seen = self.right = self.wrong = 0
        return (m, y, x), decision


def s1(w):
    return Competitive(w, 15, 5, 3, 2)


def s2(w):
    return Competitive(w, 10, 8, 1, 1)


def check(path):
    z = np.load(path)
    test, train = idx("t10k-images-idx3-ubyte.gz"), idx("train-images-idx3-ubyte.gz")

    def say(name, ours, key):
        ours = np.asarray(ours)
        error = np.abs(ours.astype(float) - z[key].astype(float))
        print(f"{name}: {np.count_nonzero(error)} of {ours.size} differ, by at most {error.max():.3g}")

    say("encoding", [encode(test[i]) for i in z["test_ids"]], "input_latency")
    for layer, w, pad, threshold, into, pooled, n in (("s1", "w1", 2, 15, "input", "c1", 2), ("s2", "w2", 1, 10, "c1", "c2", 3)):
        out = [fire(potentials(x, z[w], pad), threshold) for x in z[into + "_latency"]]
        say(layer, [a for a, _ in out], layer + "_latency")
        say(pooled, [pool(a, n) for a in z[layer + "_latency"]], pooled + "_latency")
    out = [decide(x, z["w3"]) for x in z["c2_latency"]]
    for i, key in enumerate(("s3_potential", "s3_winner", "decision")):
        say(key, [o[i] for o in out], key)
    layer = s1(z["train1_w_before"])
    say("train1 winners", [layer.learn(encode(train[i])) for i in z["stdp_ids"]], "train1_winners")
    say("train1 weights", layer.w, "train1_w_after")
    layer = s2(z["train2_w_before"])
    say("train2 winners", [layer.learn(x) for x in z["train2_c1_latency"]], "train2_winners")
    say("train2 weights", layer.w, "train2_w_after")
    layer = Rewarded(z["train3_w_before"], int(z["train3_batch"]))
    out = [layer.learn(x, int(y)) for x, y in zip(z["train3_c2_latency"], z["train3_labels"])]
    say("train3 winners", [o[0] for o in out], "train3_winners")
    say("train3 decisions", [o[1] for o in out], "train3_decisions")
    say("train3 weights", layer.w, "train3_w_after")


def make(path, folder):
    z = np.load(path)
    train = idx("train-images-idx3-ubyte.gz")
    labels = idx("train-labels-idx1-ubyte.gz")
    save = lambda name, **arrays: np.savez_compressed(os.path.join(folder, name), **arrays)

    # SpykeTorch's own numbers; only the weights after the first images, which
    # the whole trace does not have, are computed here.
    keys = "input_latency s1_latency s1_potential c1_latency s2_latency s2_potential c2_latency test_ids label".split()
    part = {k: z[k][:2] for k in keys} | {k: z[k] for k in ("w1", "w2", "train1_w_before", "train2_w_before")}
    n = 12
    part |= {k: z[k][:n] for k in ("stdp_ids", "train1_winners", "train2_winners", "train2_c1_latency")}
    a, b = s1(z["train1_w_before"]), s2(z["train2_w_before"])
    for i, x in zip(part["stdp_ids"], part["train2_c1_latency"]):
        a.learn(encode(train[i])), b.learn(x)
    save("spyketorch.npz", **part, train1_w_after=a.w, train2_w_after=b.w)

    # S1 over the first doubling of its rates.
    rng = np.random.default_rng(2018)
    ids, w = rng.integers(0, len(train), 520), rng.normal(0.8, 0.05, (30, 6, 5, 5)).astype(F)
    layer = s1(w)
    winners = np.array([layer.learn(encode(train[i])) for i in ids], np.int16)
    save("doubling.npz", stdp_ids=ids.astype(np.int32), train1_w_before=w, train1_winners=winners, train1_w_after=layer.w)

    # S3 with few different weights, so that the file is small; some are above
    # the upper bound, as initial weights are. The last image of both kinds is
    # silent. Images of the labels are picked so that half the decisions are
    # right.
    values = np.array([0.387, 0.539, 0.707, 0.853], F)
    w = values[rng.integers(0, len(values), (200, 250, 5, 5))]
    silent = np.full((1, 250, 4, 4), T, np.uint8)
    x = np.concatenate([z["c2_latency"][:2], silent])
    p, winner, decision = (np.array(v) for v in zip(*(decide(c, w) for c in x)))
    layer, ids, out = Rewarded(w, 7), [], []
    c2 = np.concatenate([z["train3_c2_latency"][:29], silent])
    for c in c2:
        wanted = decide(c, layer.w)[2] if rng.integers(2) else -1
        ids.append(rng.choice(np.flatnonzero(labels == wanted if wanted >= 0 else labels >= 0)))
        out.append(layer.learn(c, int(labels[ids[-1]])))
    save("reward.npz", w3=w, c2_latency=x, s3_potential=p, s3_winner=winner, decision=decision,
         stdp_ids=ids, train3_w_before=w, train3_c2_latency=c2, train3_labels=labels[ids], train3_batch=7,
         train3_winners=np.array([o[0] for o in out]), train3_decisions=np.array([o[1] for o in out]), train3_w_after=layer.w)


if __name__ == "__main__":
    {"check": check, "make": make}[sys.argv[1]](*sys.argv[2:])

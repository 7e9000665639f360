"""Writes svm.json: small problems and what scikit-learn's LinearSVC makes of them.

    pip install scikit-learn==1.9.1 && python svm.py

The numbers are made here; steps are 0 to 14 of 15, 255 is silent, and a feature
is 1 if its neuron fires, or 1 - step/15.
"""
import json

import numpy as np
import sklearn
from sklearn.svm import LinearSVC

rng = np.random.default_rng(20181)
problems = []
for name, samples, features, noise in [("apart", 40, 60, 0.02), ("mixed", 90, 24, 0.35)]:
    labels = np.arange(samples) % 3
    steps = np.full((samples, features), 255)
    for i, label in enumerate(labels):
        fires = (np.arange(features) % 3 == label) ^ (rng.random(features) < noise)
        steps[i, fires] = rng.integers(0, 15, fires.sum())
    solutions = []
    for timed in [False, True]:
        x = np.where(steps == 255, 0, 1 - steps / 15 if timed else 1.0)
        for loss in ["squared_hinge", "hinge"]:
            for c in [0.1, 2.4]:
                m = LinearSVC(C=c, loss=loss, dual=True, tol=1e-9, max_iter=10_000_000, random_state=1).fit(x, labels)
                solutions.append(dict(steps=15 if timed else 0, hinge=loss == "hinge", c=c, weights=m.coef_.round(8).tolist(),
                                      bias=m.intercept_.round(8).tolist(), right=int((m.predict(x) == labels).sum())))
    problems.append(dict(name=name, first=steps.tolist(), labels=labels.tolist(), solutions=solutions))
with open("svm.json", "w") as f:
    json.dump(dict(origin=f"svm.py with scikit-learn {sklearn.__version__}, NumPy {np.__version__}", problems=problems), f, separators=(",", ":"))
    f.write("\n")

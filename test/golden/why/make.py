"""Rank correlations, partial ones and log odds of references: scipy 1.17.1, numpy 2.4.6, convokit 5.0.0.

python make.py > expected.json
"""
import io
import json
import sys
from contextlib import redirect_stdout

import numpy as np
from convokit.fighting_words import FightingWords
from scipy import stats
from sklearn.feature_extraction.text import CountVectorizer

rng = np.random.default_rng(20261129)


def correlations():
    cases = []
    for name, n in (("few", 8), ("plain", 40), ("ties", 60), ("mostly zero", 120)):
        x = rng.normal(size=n)
        y = 0.6 * x + rng.normal(size=n)
        if name == "ties":
            x, y = np.round(x), np.round(2 * y) / 2
        if name == "mostly zero":
            x = np.where(rng.random(n) < 0.8, 0, np.sign(x))
            y = np.where(rng.random(n) < 0.7, 0, np.round(y, 3))
        result = stats.spearmanr(x, y)
        cases.append(
            {"name": name, "x": x.tolist(), "y": y.tolist(), "ranks": stats.rankdata(x).tolist(),
             "rho": float(result.statistic)}
        )
    return cases


def bootstrap_interval():
    """Standard error of atanh(rho) by scipy's bootstrap: what the jackknife estimates."""
    n = 200
    x = np.where(rng.random(n) < 0.5, 0, rng.integers(-2, 3, size=n)).astype(float)
    y = np.round(0.5 * x + rng.normal(size=n), 1)
    rho = lambda a, b: np.arctanh(stats.spearmanr(a, b).statistic)
    made = stats.bootstrap((x, y), rho, paired=True, vectorized=False, n_resamples=4000,
                           method="percentile", rng=np.random.default_rng(1))
    return {"x": x.tolist(), "y": y.tolist(), "standard_error": float(made.standard_error)}


def permutation_p():
    """Of a correlation without ties and without heteroscedasticity, where studentising changes little."""
    n = 60
    x, y = rng.normal(size=n), rng.normal(size=n)
    y = y - 0.1 * x
    x, y = stats.rankdata(x), stats.rankdata(y)
    made = stats.permutation_test((x,), lambda a: stats.pearsonr(a, y).statistic,
                                  permutation_type="pairings", n_resamples=100_000,
                                  rng=np.random.default_rng(2))
    return {"x": x.tolist(), "y": y.tolist(), "p": float(made.pvalue)}


class Text:
    def __init__(self, text):
        self.text = text


def fighting_words():
    vocabulary = [f"w{i}" for i in range(12)]
    p1 = rng.dirichlet(np.ones(12))
    p2 = rng.dirichlet(np.ones(12))
    first = [" ".join(rng.choice(vocabulary, size=20, p=p1)) for _ in range(30)]
    second = [" ".join(rng.choice(vocabulary, size=20, p=p2)) for _ in range(30)]
    counter = CountVectorizer(vocabulary=vocabulary)
    counts = [np.asarray(counter.transform(side).sum(axis=0)).ravel() for side in (first, second)]
    prior = (counts[0] + counts[1]) * 12 / (counts[0] + counts[1]).sum()
    with redirect_stdout(io.StringIO()):
        model = FightingWords(obj_type="utterance", cv=counter, prior=prior, text_func=lambda t: t.text)
        # its z is first - second
        z = model._bayes_compare_language([Text(t) for t in second], [Text(t) for t in first])
    return {
        "first": counts[0].tolist(),
        "second": counts[1].tolist(),
        "prior": prior.tolist(),
        "z": [float(z[word]) for word in vocabulary],
    }


json.dump(
    {"correlations": correlations(), "bootstrap": bootstrap_interval(),
     "permutation": permutation_p(), "words": fighting_words()},
    sys.stdout,
)

"""Writes paired.json: bootstrap intervals and permutation tests of scipy.stats, numpy and scipy as it says."""
import json
import sys

import numpy as np
import scipy
from scipy import stats

rng = np.random.default_rng(14)


def toxicity(n, share):
    return np.where(rng.random(n) < share, rng.beta(8, 1.5, n), rng.beta(0.5, 20, n))


def cases():
    yield "normal", rng.normal(0.2, 1, 40)
    yield "exponential", rng.exponential(1, 30)
    yield "toxicity", toxicity(120, 0.05) - toxicity(120, 0.2)
    yield "flags", (rng.random(80) < 0.1).astype(float) - (rng.random(80) < 0.3)
    yield "few", np.array([0.02, 0.05, 0.01, 0.6, 0.04, -0.03, 0.12, 0.9, 0.07, 0.3, -0.01, 0.15])


def wider(level, n):
    """The level whose normal quantile is t sqrt(n / (n - 1)) of `level`."""
    t = stats.t.ppf((1 + level) / 2, n - 1) * np.sqrt(n / (n - 1))
    return 2 * stats.norm.cdf(t) - 1


def interval(d, method, level):
    found = stats.bootstrap((d,), np.mean, confidence_level=level, method=method,
                            n_resamples=100_000, vectorized=True, batch=2000, rng=np.random.default_rng(1))
    return [found.confidence_interval.low, found.confidence_interval.high]


def p_value(d):
    """All 2^n sign patterns where they are few, else 100,000 of them."""
    exact = len(d) <= 14
    found = stats.permutation_test((d,), np.mean, permutation_type="samples", vectorized=True, batch=2000,
                                   n_resamples=np.inf if exact else 100_000, rng=np.random.default_rng(2))
    return {"exact": exact, "pValue": found.pvalue}


written = []
for name, d in cases():
    n = len(d)
    level = wider(0.95, n)
    written.append({
        "name": name, "differences": d.tolist(), "level": 0.95, "wider": level,
        "bca": interval(d, "BCa", 0.95), "bcaWider": interval(d, "BCa", level),
        "percentile": interval(d, "percentile", 0.95),
        "standardError": float(np.std(d, ddof=1) / np.sqrt(n)), **p_value(d),
    })
source = f"scipy {scipy.__version__}, numpy {np.__version__}"
json.dump({"source": source, "cases": written}, open(sys.argv[1], "w"), indent=1)

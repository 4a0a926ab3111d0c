"""How the fit weighs and pools; chosen by held-out error (pooling.py tells of the standard deviations of levels)."""

from __future__ import annotations

from planner.calibration.fit import Settings
from planner.calibration.pooling import stored

SETTINGS = Settings(level_sd=stored(), default_sd=0.2, noise_sd=0.15, tolerance=1e-4)
# families are many and unlike: more folds come nearer to leaving out one at a time
FOLDS = 20

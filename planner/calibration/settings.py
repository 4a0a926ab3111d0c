"""How the fit pools: standard deviations of level effects, chosen by held-out error (see tests/calibration)."""

from __future__ import annotations

from planner.calibration.fit import Settings

# Prior standard deviations of level effects, log units: "coefficient:level" before "level"; others take the default.
# Processors and compute bases differ by factors, runtimes, devices and formats by shares.
SETTINGS = Settings(
    level_sd={
        # small additive parts could shrink to nothing where others explain the data as well
        "step:": 0.7,
        "first_token:": 1.0,
        "backend": 0.6,
        "peak_basis": 2.0,
        "peak_basis|backend": 1.0,
        "weights:backend|kind": 0.4,
        "weights:backend|device": 0.12,
        "weights:runtime|backend|device": 0.12,
        "weights:backend|model_kind": 0.1,
        "weights:runtime|model_kind": 0.1,
        "weights:backend|speed_family": 0.1,
        "weights:runtime|speed_family": 0.1,
        "layer:backend": 1.0,
        "layer:backend|vendor": 0.4,
        "layer:backend|architecture": 0.4,
        "step:runtime|backend": 0.5,
        "prefill:backend|kind": 0.5,
        "prefill:backend|vendor": 0.5,
        "prefill:backend|model_kind": 0.3,
        "prefill:runtime|model_kind": 0.3,
        "prefill_attention:backend|kind": 0.4,
        "prefill_attention:backend|architecture": 0.4,
        "prefill_pass:backend": 1.5,
        "first_token:backend": 1.0,
    },
    default_sd=0.2,
    tolerance=1e-4,
)
# families are many and unlike: more folds come nearer to leaving out one at a time
FOLDS = 20

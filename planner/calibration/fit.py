"""Fit the level effects of every coefficient to measured times: robust, partially pooled Gauss-Newton.

Model: log(measured seconds) = log t(coefficients) + noise, where ``t`` is the engine's own formula and each
log-coefficient is a sum of level effects (planner.engine.levels). The effects have normal priors around zero whose
standard deviation belongs to the level, so that a group with few rows stays near its parent (ridge regression,
https://en.wikipedia.org/wiki/Ridge_regression#Relation_to_singular-value_decomposition_and_Wiener_filter). The loss is
pseudo-Huber, solved by iteratively reweighted least squares (https://en.wikipedia.org/wiki/Iteratively_reweighted_least_squares).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import lapack
from scipy.sparse import linalg

from planner.engine.tables import Floats

# predicts log seconds from {coefficient: log value [n]}
Predict = Callable[[Mapping[str, Floats]], Floats]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One level effect: which coefficient, level and group it belongs to."""

    coefficient: str
    level: str
    key: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Rows to fit. ``members[name]`` is a sparse matrix [rows, parameters]: the effects that the coefficient sums."""

    parameters: tuple[Parameter, ...]
    members: Mapping[str, sparse.csr_array]
    prior_sd: Floats  # per parameter; inf for the unpooled base
    start: Floats
    log_seconds: Floats
    row_weight: Floats
    predict: Predict


@dataclass(frozen=True, slots=True)
class Fit:
    """Fitted effects with standard errors, the robust scale of the residuals, and whether the iteration settled."""

    effects: Floats
    standard_errors: Floats
    counts: npt.NDArray[np.int64]
    iterations: int
    settled: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """How the fit pools and resists outliers; chosen by held-out error (see crossval)."""

    level_sd: Mapping[str, float]  # prior sd by level name; "" is the base
    default_sd: float = 0.25
    noise_sd: float = 0.15  # of one well-measured row, log units
    huber: float = 1.0  # residual, in noise_sd, where the loss turns linear
    max_iterations: int = 60
    tolerance: float = 1e-5

    def prior_sd(self, parameter: Parameter) -> float:
        """Of the coefficient's level, else of the level, else the default; the base is not pooled unless it says so."""
        own = self.level_sd.get(f"{parameter.coefficient}:{parameter.level}")
        if parameter.level == "" and own is None:
            return np.inf
        return own if own is not None else self.level_sd.get(parameter.level, self.default_sd)


def log_coefficients(problem: Problem, effects: Floats) -> dict[str, Floats]:
    """Log value of every coefficient for every row."""
    return {name: matrix @ effects for name, matrix in problem.members.items()}


def _elasticities(problem: Problem, logs: Mapping[str, Floats], step: float = 1e-4) -> dict[str, Floats]:
    """d log t / d log c for every coefficient and row, by central differences of the engine's formula."""
    result = {}
    for name in logs:
        up = problem.predict({**logs, name: logs[name] + step})
        down = problem.predict({**logs, name: logs[name] - step})
        result[name] = (up - down) / (2 * step)
    return result


def _jacobian(problem: Problem, logs: Mapping[str, Floats]) -> sparse.csr_array:
    parts = [
        sparse.diags_array(e) @ problem.members[name] for name, e in _elasticities(problem, logs).items()
    ]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return sparse.csr_array(total)


def _step(
    jacobian: sparse.csr_array, irls: Floats, precision: Floats, gradient: Floats, damping: float
) -> Floats:
    """The damped Gauss-Newton step by conjugate gradients, preconditioned with the diagonal."""
    transposed = sparse.csr_array(jacobian.T)
    curvature = transposed.power(2) @ irls + precision
    shape = (len(gradient), len(gradient))

    def product(v: Floats) -> Floats:
        return np.asarray(transposed @ (irls * (jacobian @ v)) + (precision + damping * curvature) * v)

    system = linalg.LinearOperator(shape, matvec=product, dtype=np.float64)
    scale = 1.0 / ((1.0 + damping) * curvature)
    inverse = linalg.LinearOperator(shape, matvec=lambda v: scale * v, dtype=np.float64)
    step, _ = linalg.cg(system, -gradient, rtol=0.03, maxiter=100, M=inverse)
    return np.asarray(step)


def solve(
    problem: Problem,
    settings: Settings,
    report: Callable[[int, float], None] | None = None,
    *,
    standard_errors: bool = True,
) -> Fit:
    """Fit all effects. Deterministic; raises ``ValueError`` when a row's prediction is not finite at the start."""
    precision = np.where(np.isfinite(problem.prior_sd), 1.0 / problem.prior_sd**2, 1e-9)
    effects = problem.start.copy()
    logs = log_coefficients(problem, effects)
    residual = problem.predict(logs) - problem.log_seconds
    if not np.all(np.isfinite(residual)):
        raise ValueError(f"{int(np.sum(~np.isfinite(residual)))} rows have no finite prediction")
    objective = _objective(residual, effects, problem, precision, settings)
    damping, settled, iteration = 1e-3, False, 0
    while not settled and iteration < settings.max_iterations:
        iteration += 1
        jacobian = _jacobian(problem, logs)
        irls = _irls_weights(residual, problem, settings)
        gradient = jacobian.T @ (irls * residual) + precision * (effects - problem.start)
        previous, settled = objective, True
        for _ in range(12):
            step = _step(jacobian, irls, precision, gradient, damping)
            trial = effects + np.clip(step, -1.0, 1.0)
            trial_logs = log_coefficients(problem, trial)
            trial_residual = problem.predict(trial_logs) - problem.log_seconds
            objective = _objective(trial_residual, trial, problem, precision, settings)
            if objective <= previous:
                settled = previous - objective < settings.tolerance * previous
                effects, logs, residual = trial, trial_logs, trial_residual
                damping = max(damping / 6, 1e-9)
                break
            damping *= 6
        if report:
            report(iteration, objective)
    jacobian = _jacobian(problem, logs)
    errors = np.full(len(effects), np.nan)
    if standard_errors:
        errors = _standard_errors(jacobian, _irls_weights(residual, problem, settings), precision)
    # a row counts where its prediction really depends on the effect
    taught = jacobian[np.flatnonzero(problem.row_weight > 0)]
    counts = np.asarray((abs(taught) > 1e-6).sum(axis=0)).ravel().astype(np.int64)
    return Fit(effects, errors, counts, iteration, settled)


def _irls_weights(residual: Floats, problem: Problem, settings: Settings) -> Floats:
    """Weights with which least squares has the gradient of the pseudo-Huber loss."""
    scaled = residual / (settings.noise_sd * settings.huber)
    return np.asarray(problem.row_weight / (settings.noise_sd**2 * np.sqrt(1.0 + scaled**2)))


def _standard_errors(jacobian: sparse.csr_array, irls: Floats, precision: Floats) -> Floats:
    """From the inverse of the posterior's curvature. An effect that no row touches keeps its prior's."""
    errors = 1.0 / np.sqrt(precision)
    touched = np.flatnonzero(np.asarray(abs(jacobian).sum(axis=0)).ravel() > 0)
    part = jacobian[:, touched]
    normal = (part.T @ (sparse.diags_array(irls) @ part)).toarray() + np.diag(precision[touched])
    factor, _ = lapack.dpotrf(normal, lower=1, overwrite_a=1)
    inverse, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
    errors[touched] = np.sqrt(np.diag(inverse))
    return np.asarray(errors)


def _objective(
    residual: Floats, effects: Floats, problem: Problem, precision: Floats, settings: Settings
) -> float:
    if not np.all(np.isfinite(residual)):
        return np.inf
    scaled = residual / (settings.noise_sd * settings.huber)
    loss = settings.huber**2 * (np.sqrt(1.0 + scaled**2) - 1.0)
    prior = 0.5 * precision * (effects - problem.start) ** 2
    return float(np.sum(problem.row_weight * loss) + np.sum(prior))


def members_matrix(entries: Sequence[Sequence[tuple[int, float]]], n_parameters: int) -> sparse.csr_array:
    """[rows, parameters] from, for each row, the (number, share) of the parameters that it sums."""
    rows = np.repeat(np.arange(len(entries)), [len(row) for row in entries])
    columns = np.fromiter((number for row in entries for number, _ in row), dtype=np.int64)
    shares = np.fromiter((share for row in entries for _, share in row), dtype=np.float64)
    return sparse.csr_array((shares, (rows, columns)), shape=(len(entries), n_parameters))

"""Fitting and judging the coefficients of the speed model; reads measurements, writes calibration files."""

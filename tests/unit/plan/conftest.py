"""How Hypothesis runs: on a busy machine slowness is no failure."""

from hypothesis import HealthCheck, settings

settings.register_profile("podnet", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("podnet")

"""The quotas of AWS that a deployment may meet: one table, counted at preview (ADR 35)."""

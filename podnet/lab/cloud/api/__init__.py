"""The AWS API of the lab: moto behind the refusals and corrections that AWS makes."""

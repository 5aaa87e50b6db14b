"""The faults of AWS's API in the lab's: stale answers, throttling, lost replies, denial."""

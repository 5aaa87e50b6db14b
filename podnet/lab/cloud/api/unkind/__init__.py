"""What makes the lab's API as unkind as AWS's: stale answers, throttling, lost replies, denial."""

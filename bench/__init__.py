"""What things cost: CPU time of operations, beside a reference measured in the same run."""

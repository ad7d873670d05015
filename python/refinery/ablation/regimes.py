"""What is held fixed between arms, as the column `regime` of results says."""

TOKENS = "R1"
"""Tokens: as many for every arm, none of them read twice."""
COMPUTE = "R2"
"""Compute: what is kept is read for as many epochs as the compute of the whole pool allows."""

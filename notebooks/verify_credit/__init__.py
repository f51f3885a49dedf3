"""What the notebook `Verify - Credit Recommendation.ipynb` is thin over: claim, evidence, decision, result."""

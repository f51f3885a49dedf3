"""What `python -m src.doctor` has a job check of our notebook (sagemaker/runner/check.py)."""

from verify_credit.check import main

main()
